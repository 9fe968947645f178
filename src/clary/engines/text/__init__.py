"""Reads texts: their language, sentiment, toxicity, entities, key phrases, syntax and personal data."""
