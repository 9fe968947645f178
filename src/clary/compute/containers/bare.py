"""Containers of Clary's own: an image without a file in it, in which the machine's own Python is mounted."""

from __future__ import annotations

import hashlib
import io
import json
import os
import resource
import sys
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from clary.compute.containers.engine import Engine

_LIMITS = (("nofile", resource.RLIMIT_NOFILE, 1 << 20), ("nproc", resource.RLIMIT_NPROC, 32_768))
IMAGE = "clary.local/bare:1"
_SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/nix/store")


def provide_bare_image(engine: Engine) -> None:
    """Gives the engine the empty image, where it does not have it yet."""
    if engine.image(IMAGE) is None:
        engine.load(_archive())


def python_config(
    script: Path, arguments: Sequence[str], *, network: str, writable: Sequence[Path] = ()
) -> dict[str, Any]:
    """The container that runs a script of the standard library on this machine's Python.

    Args:
        network: of the container: "none", or "container:ID".
        writable: folders it may write to, at their own paths.
    """
    binds = [f"{path}:{path}:ro" for path in _readable(script)]
    binds += [f"{path}:{path}" for path in writable]
    return {
        "Image": IMAGE,
        "Entrypoint": [str(Path(sys.executable).resolve()), "-I", "-S", str(script)],
        "Cmd": list(arguments),
        "User": f"{os.getuid()}:{os.getgid()}",
        "Env": ["PYTHONDONTWRITEBYTECODE=1", "LANG=C.UTF-8"],
        "HostConfig": {
            "Binds": binds,
            "NetworkMode": network,
            "ReadonlyRootfs": True,
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "LogConfig": {"Type": "none"},
            "Ulimits": machine_limits(),
        },
    }


def machine_limits() -> list[dict[str, Any]]:
    """Limits of open files and processes within this machine's own: podman asks for more than many machines allow."""
    limits = []
    for name, kind, largest in _LIMITS:
        _, most = resource.getrlimit(kind)
        if most != resource.RLIM_INFINITY:
            limits.append({"Name": name, "Soft": min(most, largest), "Hard": min(most, largest)})
    return limits


def _readable(script: Path) -> list[str]:
    """What the machine's Python needs: the system's libraries, its own folder, the script."""
    places = [place for place in _SYSTEM if Path(place).exists()]
    prefix = str(Path(sys.base_prefix).resolve())
    own = [] if any(Path(prefix).is_relative_to(place) for place in places) else [prefix]
    return [*places, *own, str(script)]


def _archive() -> Iterator[bytes]:
    """An image with one empty layer, as `docker save` would write it."""
    layer = bytes(2 * 512)
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()
    listing = json.dumps([{"Config": "config.json", "RepoTags": [IMAGE], "Layers": ["layer.tar"]}]).encode()
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, data in (("config.json", config), ("layer.tar", layer), ("manifest.json", listing)):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    yield whole.getvalue()
