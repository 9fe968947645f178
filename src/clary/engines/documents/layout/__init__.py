"""Layout: the parts of a page and the order in which they are read."""

from clary.engines.documents.layout.parts import find_layout

__all__ = ["find_layout"]
