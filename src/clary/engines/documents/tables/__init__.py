"""Tables: where they are, which cells they have, what names and explains them."""

from clary.engines.documents.tables.assembly import find_tables

__all__ = ["find_tables"]
