"""The Docker Engine API over a Unix socket, as far as Clary needs it: dockerd, or podman's service.

The standard library's HTTP client does all of it: the official SDK would bring a second HTTP stack into every process
that runs a job (docs/decisions/0009).
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import os
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

_API = "/v1.40"  # dockerd 19.03 and newer, podman 3 and newer
_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 120.0
_FRAME_BYTES = 8
_READ_BYTES = 64 << 10
_LABEL = "clary"


class EngineError(Exception):
    """The engine refused, or cannot be reached.

    Args:
        status: of the HTTP answer, 0 when there was none.
        message: the engine's own words.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class NoEngine(EngineError):
    """No Docker API answers on this machine."""

    def __init__(self, message: str) -> None:
        super().__init__(0, message)


def usual_sockets(environment: Mapping[str, str] | None = None) -> list[str]:
    """Where an engine may listen: the address in DOCKER_HOST alone, else the places where one usually does."""
    environment = os.environ if environment is None else environment
    address = environment.get("DOCKER_HOST", "")
    if address:
        return [address]
    runtime = environment.get("XDG_RUNTIME_DIR", "")
    own = [f"{runtime}/docker.sock", f"{runtime}/podman/podman.sock"] if runtime else []
    return ["/var/run/docker.sock", "/run/podman/podman.sock", *own, str(Path.home() / ".docker/run/docker.sock")]


def find_engine(container_socket: str = "") -> Engine:
    """The engine of this machine.

    Args:
        container_socket: its socket, "" for the usual places.

    Raises:
        NoEngine: none answers; the message says where it was sought and how to get one.
    """
    places = [container_socket] if container_socket else usual_sockets()
    problems = []
    for place in places:
        if "://" in place and not place.startswith("unix://"):
            problems.append(f"{place}: Clary shares folders with containers, so the engine must be on a Unix socket")
            continue
        engine = Engine(place.removeprefix("unix://"))
        try:
            engine.ping()
        except EngineError as error:
            problems.append(f"{engine.socket_path}: {error.message}")
        else:
            return engine
    raise NoEngine(
        f"no Docker API answers on this machine ({'; '.join(problems)}). Install Docker (Debian: apt install "
        "docker.io) or podman (systemctl start podman.socket), or name its socket with CLARY_CONTAINER_SOCKET"
    )


def sockets_to_hide(container_socket: str = "") -> tuple[Path, ...]:
    """Sockets of engines that no program must see, beside those in /run and in home folders: they are root's.

    Args:
        container_socket: the one that was chosen, "" for the usual places.
    """
    places = (container_socket, os.environ.get("DOCKER_HOST", ""), *usual_sockets({}))
    paths = [Path(place.removeprefix("unix://")) for place in places if place]
    return tuple(path for path in paths if path.is_socket())


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout_seconds: float | None) -> None:
        super().__init__("localhost", timeout=timeout_seconds)
        self._path = path

    def connect(self) -> None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(_CONNECT_SECONDS)
        try:
            connection.connect(self._path)
        except OSError:
            connection.close()
            raise
        connection.settimeout(self.timeout)
        self.sock = connection


class Engine:
    """One engine; every call has a connection of its own, so any thread may call.

    Args:
        socket_path: of its API.
    """

    def __init__(self, socket_path: str) -> None:
        self.socket_path = socket_path

    def ping(self) -> None:
        """Returns when the engine answers.

        Raises:
            EngineError: it does not.
        """
        self._call("GET", "/_ping", timeout_seconds=_CONNECT_SECONDS)

    def version(self) -> str:
        """ "Docker 20.10.24" or "Podman Engine 4.3.1"."""
        told = self._json("GET", "/version")
        components = told.get("Components") or [{}]
        name = str(components[0].get("Name", "")).removesuffix(" - Community") or "Docker"
        return f"{'Docker' if name == 'Engine' else name} {told.get('Version', '')}".strip()

    def image(self, reference: str) -> dict[str, Any] | None:
        """What the engine knows of an image it has, else None."""
        try:
            return self._json("GET", f"/images/{quote(reference, safe='/:@')}/json")
        except EngineError as error:
            if error.status in (400, 404):  # 400: it is not the name of an image at all
                return None
            raise

    def load(self, archive: Iterable[bytes]) -> None:
        """Takes in an archive of images as `docker save` writes them."""
        self._call("POST", "/images/load?quiet=1", body=archive, kind="application/x-tar", timeout_seconds=None)

    def create(self, name: str, config: Mapping[str, Any]) -> str:
        """Makes a container; returns its id."""
        return str(self._json("POST", f"/containers/create?{urlencode({'name': name})}", config)["Id"])

    def start(self, container: str) -> None:
        """Starts a container."""
        self._call("POST", f"/containers/{container}/start")

    def attach(self, container: str) -> Iterator[bytes]:
        """What a container writes to stdout and stderr, from now to its end; connected before the first is read."""
        connection = _Connection(self.socket_path, None)
        path = f"{_API}/containers/{container}/attach?stream=1&stdout=1&stderr=1"
        response = _sent(connection, "POST", path, b"", {})
        if response.status != http.client.OK:
            raise _refusal(response)
        return _frames(connection, response)

    def wait(self, container: str) -> int:
        """The exit code of a container, when it has ended."""
        path = f"/containers/{container}/wait?condition=not-running"
        return int(self._json("POST", path, timeout_seconds=None)["StatusCode"])

    def inspect(self, container: str) -> dict[str, Any]:
        """Everything about a container."""
        return self._json("GET", f"/containers/{container}/json")

    def kill(self, container: str, number: str) -> None:
        """Signals the first process of a container; one that does not run is left alone."""
        self._unless("POST", f"/containers/{container}/kill?signal={number}", (404, 409))

    def remove(self, container: str) -> None:
        """Ends and removes a container with its volumes; one that is gone, or going, is left alone."""
        self._unless("DELETE", f"/containers/{container}?force=1&v=1", (404, 409))

    def containers(self, labels: Sequence[str]) -> list[dict[str, Any]]:
        """Every container, running or not, that has all of these labels ("name" or "name=value")."""
        query = urlencode({"all": "1", "filters": json.dumps({"label": list(labels)})})
        listed: list[dict[str, Any]] = self._json("GET", f"/containers/json?{query}")  # type: ignore[assignment]
        return listed

    def networks(self) -> list[dict[str, Any]]:
        """Every network."""
        listed: list[dict[str, Any]] = self._json("GET", "/networks")  # type: ignore[assignment]
        return listed

    def create_network(self, name: str, *, internal: bool, labels: Mapping[str, str]) -> None:
        """Makes a bridge network unless one of that name is there.

        Args:
            internal: whether it leads nowhere but to its own members.
        """
        wanted = {
            "Name": name,
            "CheckDuplicate": True,
            "Driver": "bridge",
            "Internal": internal,
            "Labels": {**labels, _LABEL: "network"},
        }
        with self._alone():  # Docker takes the same name twice, and neither network can be named then
            if all(network["Name"] != name for network in self.networks()):
                self._unless("POST", "/networks/create", (409,), wanted)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """While this lasts, every other process of this machine that wants the same of this engine waits."""
        folder = os.open(Path(self.socket_path).resolve().parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def remove_network(self, name: str) -> None:
        """Removes a network unless somebody still uses it."""
        self._unless("DELETE", f"/networks/{quote(name)}", (403, 404, 409, 500))

    def _unless(self, method: str, path: str, fine: Sequence[int], body: Mapping[str, Any] | None = None) -> None:
        try:
            self._call(method, path, body=b"" if body is None else json.dumps(body).encode())
        except EngineError as error:
            if error.status not in fine:
                raise

    def _json(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        timeout_seconds: float | None = _ANSWER_SECONDS,
    ) -> dict[str, Any]:
        sent = b"" if body is None else json.dumps(body).encode()
        told: dict[str, Any] = json.loads(self._call(method, path, body=sent, timeout_seconds=timeout_seconds))
        return told

    def _call(
        self,
        method: str,
        path: str,
        *,
        body: bytes | Iterable[bytes] = b"",
        kind: str = "application/json",
        timeout_seconds: float | None = _ANSWER_SECONDS,
    ) -> bytes:
        connection = _Connection(self.socket_path, timeout_seconds)
        try:
            response = _sent(connection, method, _API + path, body, {"Content-Type": kind})
            if response.status >= http.client.BAD_REQUEST:
                raise _refusal(response)
            return response.read()
        except (OSError, http.client.HTTPException) as error:
            raise EngineError(0, _reason(error)) from error
        finally:
            connection.close()


def _sent(
    connection: _Connection, method: str, path: str, body: bytes | Iterable[bytes], headers: Mapping[str, str]
) -> http.client.HTTPResponse:
    try:
        try:
            chunked = not isinstance(body, bytes)
            connection.request(method, path, body=body, headers=dict(headers), encode_chunked=chunked)
        except BrokenPipeError:  # the engine has heard enough: its answer says why
            pass
        return connection.getresponse()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        raise EngineError(0, _reason(error)) from error


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__


def _refusal(response: http.client.HTTPResponse) -> EngineError:
    text = response.read().decode("utf-8", "replace")
    try:
        text = str(json.loads(text)["message"])
    except (ValueError, KeyError, TypeError):
        pass
    return EngineError(response.status, text.strip() or response.reason)


def _frames(connection: _Connection, response: http.client.HTTPResponse) -> Iterator[bytes]:
    """The payloads of the engine's stream: each stands behind eight bytes, of which the last four are its length."""
    try:
        while len(head := response.read(_FRAME_BYTES)) == _FRAME_BYTES:
            left = int.from_bytes(head[4:], "big")
            while left > 0 and (piece := response.read(min(left, _READ_BYTES))):
                left -= len(piece)
                yield piece
    finally:
        connection.close()
