"""Hyperparameter tuning jobs: requests, trials, and the coordinator that starts and stops them."""
