"""Analyses of whole collections of documents."""
