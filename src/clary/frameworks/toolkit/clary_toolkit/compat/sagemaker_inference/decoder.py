"""Requests as numpy arrays."""

from clary_toolkit.serving.codecs import decode

__all__ = ["decode"]
