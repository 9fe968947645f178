"""An image of a repository as an archive that an engine loads (what `docker save` writes), made while it is read."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

from clary.storage.image_manifests import Manifest
from clary.storage.images import Images

_BLOCK_BYTES = 512
_READ_BYTES = 1 << 20


def image_archive(images: Images, manifest: Manifest, tag: str) -> Iterator[bytes]:
    """The pieces of the archive; layers are read from their files, in constant memory.

    Args:
        manifest: of one image, not of a list.
        tag: the name that the engine shall give it ("REPOSITORY:TAG").
    """
    if manifest.config is None:
        raise ValueError("a list of manifests has no layers of its own")
    names = {blob.digest: blob.digest.removeprefix("sha256:") for blob in manifest.blobs}
    config = f"{names[manifest.config.digest]}.json"
    layers = [f"{names[layer.digest]}/layer.tar" for layer in manifest.layers if layer.digest in names]
    yield from _file(config, images.blobs.path(manifest.config.digest))
    for digest in dict.fromkeys(layer.digest for layer in manifest.layers if layer.digest in names):
        yield from _file(f"{names[digest]}/layer.tar", images.blobs.path(digest))
    listing = json.dumps([{"Config": config, "RepoTags": [tag], "Layers": layers}]).encode()
    yield _head("manifest.json", len(listing)) + listing + _padding(len(listing)) + bytes(2 * _BLOCK_BYTES)


def _file(name: str, path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        size = path.stat().st_size
        yield _head(name, size)
        while piece := file.read(_READ_BYTES):
            yield piece
    if padding := _padding(size):
        yield padding


def _head(name: str, size: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size = size
    return entry.tobuf(tarfile.GNU_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % _BLOCK_BYTES)
