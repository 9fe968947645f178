"""Recommendations: what a user does next, learned from a log of interactions; `contract.py` says how it is used."""
