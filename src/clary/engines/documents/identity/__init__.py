"""Driving licences, passports and identity cards."""

from clary.engines.documents.identity.documents import find_identities

__all__ = ["find_identities"]
