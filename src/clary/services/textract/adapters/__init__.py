"""Adapters: what teaches Queries to answer on a user's own papers."""
