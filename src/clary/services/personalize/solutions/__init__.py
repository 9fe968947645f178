"""Recipes and solutions: what is to be learned, and the versions that have learned it."""
