"""Names of content types."""

from clary_toolkit.serving.content_types import ANY, CSV, JSON, NPY, NPZ
from clary_toolkit.serving.content_types import OCTETS as OCTET_STREAM
from clary_toolkit.serving.content_types import TEXT_TYPES as UTF8_TYPES

__all__ = ["ANY", "CSV", "JSON", "NPY", "NPZ", "OCTET_STREAM", "UTF8_TYPES"]
