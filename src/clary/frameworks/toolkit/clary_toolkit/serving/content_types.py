"""Content types: their names, what an Accept header wants, and which are text."""

from __future__ import annotations

JSON = "application/json"
CSV = "text/csv"
NPY = "application/x-npy"
NPZ = "application/x-npz"
OCTETS = "application/octet-stream"
ANY = "*/*"
TEXT_TYPES = (JSON, CSV)
"""Content types whose bodies reach handlers as text."""


def media_type(content_type: str) -> str:
    """A content type without its parameters, in lower case."""
    return content_type.partition(";")[0].strip().lower()


def accepted(accept: str) -> list[str]:
    """The content types of an Accept header, the most wanted first; those with q=0 are left out."""
    wanted: list[tuple[float, str]] = []
    for part in accept.split(","):
        name, *parameters = [piece.strip() for piece in part.split(";")]
        quality = 1.0
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip().lower() == "q":
                try:
                    quality = float(value)
                except ValueError:
                    quality = 0.0
        if name and quality > 0:
            wanted.append((quality, name.lower()))
    return [name for _, name in sorted(wanted, key=lambda pair: -pair[0])]


def pick(accept: str, supported: tuple[str, ...]) -> str:
    """The most wanted content type that is supported, "" when none is."""
    for wanted in accepted(accept):
        for kind in supported:
            if wanted in (kind, ANY) or (wanted.endswith("/*") and kind.startswith(wanted[:-1])):
                return kind
    return ""
