"""Measures and data sets of the benchmarks of documents."""
