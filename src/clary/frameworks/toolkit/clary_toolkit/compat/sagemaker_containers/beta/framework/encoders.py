"""Requests as numpy arrays, predictions as bodies."""

from clary_toolkit.serving.codecs import decode, encode

__all__ = ["decode", "encode"]
