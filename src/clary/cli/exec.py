"""`clary exec -- CMD`: runs a program for which every `https://*.amazonaws.com` is Clary."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path

from clary.app.data_folder import DataFolder, FirstKey, Running
from clary.cli import docker_names
from clary.cli.certificates import CertificateAuthority
from clary.cli.client import folder_of, running_with_key
from clary.cli.environment import client_variables
from clary.cli.proxy import Proxy
from clary.core.errors import ClaryError

_LOOPBACK = "127.0.0.1,localhost,::1"


class NoCommand(ClaryError):
    """`clary exec` was given nothing to run."""


def run(arguments: argparse.Namespace) -> int:
    """Runs the command with the proxy beside it; returns its exit code."""
    command = arguments.command[1:] if arguments.command[:1] == ["--"] else arguments.command
    if not command:
        raise NoCommand("nothing to run. Write the program after two dashes: clary exec -- python train.py")
    folder = folder_of(arguments)
    running, key = running_with_key(folder)
    return asyncio.run(_run(command, folder, running, key))


async def _run(command: Sequence[str], folder: DataFolder, running: Running, key: FirstKey) -> int:
    authority = CertificateAuthority(folder.authority)
    host = running.url.split("//")[1].rsplit(":", 1)[0].strip("[]")
    async with Proxy(authority, host, running.port) as proxy:
        environment = {**os.environ, **client_variables(folder, key), **_proxy_variables(proxy.url, authority)}
        environment.pop("AWS_ENDPOINT_URL", None)
        with tempfile.TemporaryDirectory(prefix="clary-exec-") as programs:
            docker_names.put_in_front(Path(programs), running.url.split("//")[1], environment)
            try:
                process = await asyncio.create_subprocess_exec(*command, env=environment)
            except OSError as error:
                raise NoCommand(f"{command[0]} cannot be started: {error.strerror}") from error
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, _forward, process, number)
            code = await process.wait()
    return code if code >= 0 else 128 - code


def _forward(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    # Ctrl-C reaches the whole foreground group from the terminal; only SIGTERM has to be passed on.
    if number is signal.SIGTERM and process.returncode is None:
        process.send_signal(number)


def _proxy_variables(url: str, authority: CertificateAuthority) -> dict[str, str]:
    bundle = str(authority.bundle)
    return {
        "HTTPS_PROXY": url,
        "https_proxy": url,
        "NO_PROXY": _LOOPBACK,
        "no_proxy": _LOOPBACK,
        "AWS_CA_BUNDLE": bundle,
        "REQUESTS_CA_BUNDLE": bundle,
        "SSL_CERT_FILE": bundle,
        "CURL_CA_BUNDLE": bundle,
        "NODE_EXTRA_CA_CERTS": bundle,
    }
