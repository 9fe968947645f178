"""Which objects make up an input channel, and under which names they appear: no file is touched here."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from clary.compute.contract import Channel
from clary.core.call import ACTING_KEY
from clary.core.errors import ServiceError
from clary.storage.data_access import DataAccess, DataAccessDenied, parse_uri

_LONGEST_NAME_BYTES = 255
_LARGEST_MANIFEST_BYTES = 64 << 20


class DataError(Exception):
    """The data a job asks for cannot be had as it is described; the message is for the user."""


@contextlib.contextmanager
def told_as_data_error(uri: str, role_arn: str) -> Iterator[None]:
    """Turns what the store says into a message for the user."""
    try:
        yield
    except DataAccessDenied as error:
        role = role_arn.partition(ACTING_KEY)[0]
        raise DataError(
            f"Insufficient privileges: AccessDenied (403) for {uri} with the role {role}. {error.message}"
        ) from error
    except ServiceError as error:
        raise DataError(f"{error.wire_code} for {uri}: {error.message}") from error
    except OSError as error:
        raise DataError(f"{uri} cannot be written to the job's folder: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class Source:
    """One object of a channel.

    Attributes:
        path: its name below the channel's folder.
    """

    bucket: str
    key: str
    size: int
    path: str


def channel_sources(data: DataAccess, role_arn: str, channel: Channel) -> list[Source]:
    """The objects of a channel, in the order of the keys (S3Prefix) or of the manifest.

    Raises:
        DataError: nothing is there, a manifest cannot be read, or a key cannot become a file.
        DataAccessDenied, NoSuchBucket, NoSuchKey: the role may not, or it is not there.
    """
    find = _KINDS.get(channel.source_type)
    if find is None:
        kinds = ", ".join(_KINDS)
        raise DataError(f"channel '{channel.name}' has the S3DataType {channel.source_type}; Clary has {kinds}")
    sources = find(data, role_arn, channel)
    if not sources:
        bucket, _ = parse_uri(channel.uri)
        raise DataError(
            f'No S3 objects found under S3 URL "{channel.uri}" given in input data source of channel '
            f"'{channel.name}'. Please ensure that objects exist under that S3 prefix, and that the role "
            f'"{role_arn}" has "s3:ListBucket" permissions on bucket "{bucket}".'
        )
    return sources


def shard(sources: Sequence[Source], channel: Channel, host: int, hosts: int) -> list[Source]:
    """The part of the sources that host number `host` (from 0) gets."""
    if channel.distribution != "ShardedByS3Key":
        return list(sources)
    return list(sources[host::hosts])


def _prefix(data: DataAccess, role_arn: str, channel: Channel) -> list[Source]:
    _, prefix = parse_uri(channel.uri)
    return [
        Source(stored.bucket, stored.key, stored.size, _relative(stored.key, prefix))
        for stored in data.list(role_arn, channel.uri)
        if not stored.key.endswith("/")
    ]


def _relative(key: str, prefix: str) -> str:
    """The name of a key below its channel's folder.

    Below "data/train" or "data/train/" the key "data/train/a/b.csv" is "a/b.csv". A prefix may also end within a name,
    or be the whole key: then that name counts from its beginning.
    """
    folder = prefix if prefix.endswith("/") or not prefix else prefix + "/"
    if key.startswith(folder):
        return key[len(folder) :]
    return key[prefix.rfind("/") + 1 :]


def _manifest(data: DataAccess, role_arn: str, channel: Channel) -> list[Source]:
    """SageMaker's manifest: `[{"prefix": "s3://bucket/folder/"}, "name", ...]`."""
    bucket, key = parse_uri(channel.uri)
    with data.open(role_arn, bucket, key) as file:
        text = file.read(_LARGEST_MANIFEST_BYTES + 1)
    if len(text) > _LARGEST_MANIFEST_BYTES:
        raise DataError(f"the manifest {channel.uri} is larger than {_LARGEST_MANIFEST_BYTES} bytes")
    prefix, names = _read_manifest(text, channel.uri)
    prefix_bucket, folder = parse_uri(prefix)
    sources = []
    for name in names:
        with told_as_data_error(f"s3://{prefix_bucket}/{folder}{name}", role_arn):
            stored = data.head(role_arn, prefix_bucket, folder + name)
        sources.append(Source(prefix_bucket, stored.key, stored.size, name))
    return sources


def _read_manifest(text: bytes, uri: str) -> tuple[str, list[str]]:
    try:
        entries: Any = json.loads(text)
    except ValueError as error:
        raise DataError(f"the manifest {uri} is not JSON: {error}") from error
    if not isinstance(entries, list) or not entries or not isinstance(entries[0], dict):
        raise DataError(f'the manifest {uri} must be a list that begins with {{"prefix": "s3://bucket/folder/"}}')
    prefix = entries[0].get("prefix")
    names = entries[1:]
    if not isinstance(prefix, str) or not all(isinstance(name, str) for name in names):
        raise DataError(f"the manifest {uri} must hold a prefix and then names, all of them strings")
    return prefix, names


_KINDS: dict[str, Callable[[DataAccess, str, Channel], list[Source]]] = {
    "S3Prefix": _prefix,
    "ManifestFile": _manifest,
}


def check_names(sources: Iterable[Source], channel: str) -> list[Source]:
    """The sources with paths that are safe and unambiguous below one folder.

    Raises:
        DataError: a name would leave the folder, is too long for a file, is twice there, or is a file and a folder.
    """
    checked: list[Source] = []
    files: set[str] = set()
    folders: set[str] = set()
    for source in sources:
        parts = [part for part in source.path.split("/") if part not in ("", ".")]
        if not parts or ".." in parts or "\0" in source.path:
            raise DataError(f"the key '{source.key}' of channel '{channel}' cannot become a file name")
        if any(len(part.encode()) > _LONGEST_NAME_BYTES for part in parts):
            raise DataError(f"a part of the key '{source.key}' of channel '{channel}' is too long for a file name")
        path = "/".join(parts)
        above = {"/".join(parts[:count]) for count in range(1, len(parts))}
        clash = path if path in files or path in folders else next(iter(above & files), None)
        if clash is not None:
            raise DataError(f"the name '{clash}' of channel '{channel}' is there twice, as a file or as a folder")
        files.add(path)
        folders |= above
        checked.append(Source(source.bucket, source.key, source.size, path))
    return checked
