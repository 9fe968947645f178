"""A dockerd of the tests' own: private socket and data, an image made of this machine's shell and Python.

It never touches an engine of the machine. Where it cannot run, the tests that need it are skipped with the reason.
"""

from __future__ import annotations

import fcntl
import io
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from clary.compute.containers.engine import Engine, EngineError
from clary.compute.containers.probe import probe

BASE_IMAGE = "clary-test/base:1"
PYTHON = str(Path(sys.executable).resolve())
_PACKAGES = ("docker.io", "busybox-static")
_START_SECONDS = 60
_APPLETS = ("sh", "cat", "echo", "env", "false", "head", "hostname", "id", "kill", "ls", "mkdir", "nslookup", "ping")
_MORE_APPLETS = ("printf", "setsid", "sleep", "tail", "test", "touch", "true", "wget", "yes")
_UNNEEDED = re.compile(
    r"/(test|tests|site-packages|idlelib|ensurepip|tkinter|lib2to3|turtledemo|config-[^/]*)(/|$)|\.a$"
)


@dataclass(frozen=True)
class DockerEngine:
    """A running dockerd.

    Attributes:
        client: the `docker` command.
        config: the folder of its credentials.
    """

    socket: Path
    client: str
    config: Path

    @property
    def engine(self) -> Engine:
        return Engine(str(self.socket))

    def environment(self) -> dict[str, str]:
        """For `docker` and for Clary."""
        own = {"DOCKER_HOST": f"unix://{self.socket}", "DOCKER_CONFIG": str(self.config), "DOCKER_BUILDKIT": "0"}
        return {**os.environ, **own}

    def docker(self, *arguments: str, text: str | None = None) -> str:
        """Runs `docker ARGUMENTS` and returns what it printed."""
        done = subprocess.run(
            [self.client, *arguments], env=self.environment(), input=text, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, f"docker {arguments}: {done.stderr}"
        return done.stdout


def run_engine() -> Iterator[DockerEngine]:
    """Starts a dockerd, gives it the base image, and ends it; skips where that is impossible."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0:
        pytest.skip("a dockerd of one's own needs Linux and root")
    with (Path(tempfile.gettempdir()) / "clary-docker-install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests may run in several processes
        if shutil.which("dockerd") is None or shutil.which("busybox") is None:
            _install()
    folder = Path(tempfile.mkdtemp(prefix="clary-docker-"))
    socket = folder / "docker.sock"
    command = ["dockerd", "--host", f"unix://{socket}", "--data-root", str(folder / "data")]
    command += ["--exec-root", str(folder / "exec"), "--pidfile", str(folder / "pid")]
    command += ["--bridge=none", "--iptables=false", "--ip-forward=false"]  # nothing of this machine's network changes
    log = folder / "log"
    with log.open("wb") as output:
        daemon = subprocess.Popen(command, stdout=output, stderr=output, start_new_session=True)
    docker = DockerEngine(socket, _client(), folder / "config")
    try:
        _wait_until_it_works(daemon, docker, log)
        _import_base(docker)
        yield docker
    finally:
        _end(daemon, docker)
        shutil.rmtree(folder, ignore_errors=True)


def _install() -> None:
    apt = shutil.which("apt-get")
    if apt is None:
        pytest.skip("dockerd is not installed, and there is no apt-get to install it with")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (["update"], ["install", "-y", "--no-install-recommends", *_PACKAGES]):
        done = subprocess.run([apt, *command], env=environment, capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"apt-get {command[0]} fails: {(done.stderr.strip().splitlines() or ['?'])[-1]}")


def _client() -> str:
    """Debian's client if it is there: another of that name may come first."""
    return "/usr/bin/docker" if Path("/usr/bin/docker").exists() else shutil.which("docker") or "docker"


def _wait_until_it_works(daemon: subprocess.Popen[bytes], docker: DockerEngine, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            docker.engine.ping()
            break
        except EngineError:
            if daemon.poll() is not None or time.monotonic() > deadline:
                pytest.skip(f"dockerd does not run here: {(log.read_text().strip().splitlines() or ['?'])[-1]}")
            time.sleep(0.05)
    found = probe(str(docker.socket))
    if not found.works:
        pytest.skip(found.description)


def _end(daemon: subprocess.Popen[bytes], docker: DockerEngine) -> None:
    try:
        for container in docker.engine.containers([]):
            docker.engine.remove(container["Id"])
        for network in docker.engine.networks():
            if network["Driver"] == "bridge":
                docker.engine.remove_network(network["Name"])
    except EngineError:
        pass  # it is gone already
    daemon.terminate()
    try:
        daemon.wait(30)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()


def _import_base(docker: DockerEngine) -> None:
    with subprocess.Popen(
        [docker.client, "import", "-", BASE_IMAGE],
        env=docker.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    ) as importing:
        assert importing.stdin is not None
        with importing.stdin, tarfile.open(fileobj=importing.stdin, mode="w|") as archive:
            _add_system(archive)
    assert importing.returncode == 0


def _add_system(archive: tarfile.TarFile) -> None:
    """A shell, Python with its standard library, and the shared libraries that they need."""
    _add(archive, shutil.which("busybox") or "", "bin/busybox")
    for name in (*_APPLETS, *_MORE_APPLETS):
        _link(archive, f"bin/{name}", "busybox")
    for folder in ("tmp", "usr/bin", "etc"):
        entry = tarfile.TarInfo(folder)
        entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
        archive.addfile(entry)
    library = Path(sysconfig.get_path("stdlib")).resolve()
    _add(archive, PYTHON, PYTHON.lstrip("/"))
    _link(archive, "usr/bin/python3", PYTHON)
    archive.add(library, str(library).lstrip("/"), filter=_needed)
    modules = [str(path) for path in (library / "lib-dynload").glob("*.so")]
    for path in sorted(_libraries([PYTHON, *modules])):
        _add(archive, str(Path(path).resolve()), path.lstrip("/"))


def _libraries(programs: list[str]) -> set[str]:
    done = subprocess.run(["ldd", *programs], capture_output=True, text=True)
    return set(re.findall(r"(?:=> )?(/\S+) \(0x", done.stdout))


def _needed(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    unneeded = _UNNEEDED.search(f"/{entry.name}") or ".opt-" in entry.name
    return None if unneeded else entry


def _add(archive: tarfile.TarFile, source: str, name: str) -> None:
    data = Path(source).read_bytes()
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), 0o755
    archive.addfile(entry, io.BytesIO(data))


def _link(archive: tarfile.TarFile, name: str, target: str) -> None:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    archive.addfile(entry)
