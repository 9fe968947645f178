"""Questions about a page in natural language."""

from clary.engines.documents.queries.answering import answer

__all__ = ["answer"]
