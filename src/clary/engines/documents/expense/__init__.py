"""Bills: who sends them to whom, what they come to, and for what."""

from clary.engines.documents.expense.bill import find_expenses

__all__ = ["find_expenses"]
