"""Predictions as bodies."""

from clary_toolkit.serving.codecs import encode
from clary_toolkit.serving.content_types import CSV, JSON, NPY

SUPPORTED_CONTENT_TYPES = (NPY, CSV, JSON)

__all__ = ["SUPPORTED_CONTENT_TYPES", "encode"]
