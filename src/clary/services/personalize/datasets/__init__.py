"""Data set groups, schemas and data sets: what comes in, goes out and counts."""
