"""botocore's model files, read without importing botocore, and without their documentation.

The package's data folder holds `<api>/<version>/service-2.json.gz`; botocore itself takes the newest version and
merges `service-2.sdk-extras.json` over it, and so does this module.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import orjson

_NOTES: Final = frozenset({"documentation", "examples", "documentationUrl", "deprecatedMessage", "deprecatedSince"})
_HEAD_BYTES: Final = 8192


class UnknownApi(LookupError):
    """botocore has no model of this API.

    Args:
        api: the name that was asked for.
    """

    def __init__(self, api: str) -> None:
        super().__init__(f"botocore has no model of the API {api!r}")
        self.api = api


def load(api: str) -> Mapping[str, Any]:
    """The newest model of an API, without its prose.

    Raises:
        UnknownApi: botocore has none.
    """
    path = _path(api)
    model = orjson.loads(_text(path))
    for extras in sorted(path.parent.glob("service-2.sdk-extras.json*")):
        _merge(model, orjson.loads(_text(extras)).get("merge", {}))
    _drop_notes(model)
    found: Mapping[str, Any] = model
    return found


@cache
def metadata(api: str) -> Mapping[str, Any]:
    """The metadata of an API, read from the head of its file: routing asks for those of every API there is.

    Raises:
        UnknownApi: botocore has none.
    """
    path = _path(api)
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        head = file.read(_HEAD_BYTES).decode("utf-8", "ignore")
    start = head.find('"metadata"')
    if start >= 0:
        try:
            found, _ = json.JSONDecoder().raw_decode(head, head.index("{", start))
            if isinstance(found, dict) and "protocol" in found:
                return found
        except ValueError:
            pass  # the metadata does not stand at the head: the whole file is read
    whole: Mapping[str, Any] = load(api)["metadata"]
    return whole


@cache
def _data_folder() -> Path:
    specification = find_spec("botocore")
    if specification is None or specification.origin is None:
        raise ModuleNotFoundError("botocore is not installed")
    return Path(specification.origin).parent / "data"


def _path(api: str) -> Path:
    folder = _data_folder() / api
    versions = sorted(folder.glob("*/service-2.json*")) if api.replace("-", "").isalnum() else []
    found = [path for path in versions if path.name in ("service-2.json", "service-2.json.gz")]
    if not found:
        raise UnknownApi(api)
    return found[-1]


def _text(path: Path) -> bytes:
    data = path.read_bytes()
    return gzip.decompress(data) if path.suffix == ".gz" else data


def _merge(base: dict[str, Any], extras: Mapping[str, Any]) -> None:
    for key, value in extras.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            _merge(base[key], value)
        else:
            base[key] = value


def _drop_notes(model: dict[str, Any]) -> None:
    """Takes the documentation out of a model; members that happen to bear such a name stay."""
    for definition in (*model.get("shapes", {}).values(), *model.get("operations", {}).values()):
        for note in _NOTES & definition.keys():
            del definition[note]
        references = [definition[part] for part in ("member", "key", "value", "input", "output") if part in definition]
        references += definition.get("members", {}).values()
        references += definition.get("errors", [])
        for reference in references:
            for note in _NOTES & reference.keys():
                del reference[note]
