"""Content types of channels and requests, with their parameters."""

from __future__ import annotations

from dataclasses import dataclass

from clary.algorithms.contract import AlgorithmError

CSV, LIBSVM, PARQUET, RECORDIO = "csv", "libsvm", "parquet", "recordio-protobuf"

_FORMATS = {
    "csv": CSV,
    "text/csv": CSV,
    "libsvm": LIBSVM,
    "text/libsvm": LIBSVM,
    "text/x-libsvm": LIBSVM,
    "parquet": PARQUET,
    "application/x-parquet": PARQUET,
    "recordio-protobuf": RECORDIO,
    "application/x-recordio-protobuf": RECORDIO,
}


@dataclass(frozen=True, slots=True)
class ContentType:
    """A parsed content type.

    Attributes:
        format: one of `CSV`, `LIBSVM`, `PARQUET`, `RECORDIO`.
        label_size: how many leading CSV columns are labels; None when it is not said.
    """

    format: str
    label_size: int | None = None


def split_content_type(text: str) -> tuple[str, dict[str, str]]:
    """The type in lower case, and its parameters: "text/csv; label_size=1" -> ("text/csv", {"label_size": "1"})."""
    head, *rest = text.split(";")
    parameters = {}
    for item in rest:
        name, equals, value = item.partition("=")
        if equals:
            parameters[name.strip().lower()] = value.strip().strip('"')
    return head.strip().lower(), parameters


def training_content_type(text: str | None) -> ContentType:
    """The content type of a training channel; a missing one means LIBSVM, as in the container.

    Raises:
        AlgorithmError: it is none that training data may have, or `label_size` is not a number.
    """
    if not text:
        return ContentType(LIBSVM)
    head, parameters = split_content_type(text)
    form = _FORMATS.get(head)
    if form is None:
        raise AlgorithmError(f"{text} is not an accepted ContentType: {', '.join(_FORMATS)}.")
    size = parameters.get("label_size")
    if size is None:
        return ContentType(form)
    if not size.isascii() or not size.isdigit() or len(size) > 4:
        raise AlgorithmError(f"{text} is not an accepted ContentType: label_size must be a small number.")
    return ContentType(form, int(size))
