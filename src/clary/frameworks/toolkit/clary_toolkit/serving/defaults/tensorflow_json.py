"""What clients send to a TensorFlow endpoint, as TensorFlow Serving takes it."""

from __future__ import annotations

import json
import math
import re
from typing import Any


class BadRequest(Exception):
    """A request that TensorFlow Serving answers with 400; the message goes into its "error"."""


def tfs_attributes(header: str) -> dict[str, str]:
    """The `tfs-...=...` pairs of the custom attributes."""
    return dict(pair.split("=", 1) for pair in re.findall(r"tfs-[a-z-]+=[^,]+", header))


def to_tfs_json(body: str, content_type: str) -> str:
    """What clients send, as TensorFlow Serving takes it: bare lists, single objects, JSON lines and CSV are wrapped.

    Args:
        content_type: without parameters.

    Raises:
        BadRequest: the body is not JSON or CSV.
    """
    if content_type == "text/csv":
        return json.dumps({"instances": _csv_instances(body)})
    if re.search(r'"(instances|inputs|examples)"\s*:', body):
        return body
    if re.search(r"[}\]]\s*[\[{]", body):
        lines = (line.strip() for line in body.splitlines())
        return f'{{"instances": [{",".join(line for line in lines if line)}]}}'
    if not re.match(r"\s*\[\s*\[", body):
        body = f"[{body}]"
    return f'{{"instances": {body}}}'


def _csv_instances(body: str) -> list[Any]:
    rows = [line.strip() for line in body.splitlines() if line.strip()]
    instances: list[Any] = []
    for row in rows:
        fields = [_field(field.strip()) for field in row.split(",")]
        instances.append(fields if len(fields) > 1 else fields[0])
    return instances


def _field(text: str) -> float | int | str:
    try:
        number = float(text)
    except ValueError:
        return text.strip('"')
    return int(number) if number.is_integer() and math.isfinite(number) and "." not in text else number
