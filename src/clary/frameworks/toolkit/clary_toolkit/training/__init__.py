"""Runs a user's training script as SageMaker's own training toolkit does: the same files, variables and arguments."""
