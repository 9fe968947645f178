"""Bubblewrap: a program sees the machine read-only, its own folder at `/opt/ml`, and nothing of Clary's data.

Whether the kernel allows that is found out by really doing it once, with the same arguments.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from clary.compute.forking.confinement import COVER_BYTES, PRIVATE, SECRETS, kept_of_run, namespaces_are_allowed

ML_FOLDER = "/opt/ml"
SIGNAL_DEPTH = 2
"""The program is a child of bubblewrap's init, which is a child of the process that was started."""
_PROBE_SECONDS = 60
_PROBES = 3
# What a kernel that is short of something says: it may have it the next time.
_FOR_NOW = tuple(
    os.strerror(number) for number in (errno.EAGAIN, errno.ENOMEM, errno.ENOSPC, errno.EMFILE, errno.ENFILE)
)
# What programs must not be given by strangers that run with other rights than theirs, as the C library has it for
# programs with set-user-ID.
_READ_EARLY = (
    "LD_", "DYLD_", "GLIBC_TUNABLES", "MALLOC_", "GCONV_PATH", "GETCONF_DIR", "LOCPATH", "NLSPATH", "TMPDIR",
    "HOSTALIASES", "LOCALDOMAIN", "NIS_PATH", "RES_OPTIONS", "RESOLV_", "ASAN_", "TSAN_", "LSAN_", "UBSAN_",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Isolation:
    """Whether programs can be isolated here.

    Attributes:
        bubblewrap: the program that does it, "" where it cannot.
        description: a sentence for people: what is done, or why it is not.
    """

    bubblewrap: str
    description: str


class IsolationUnknown(OSError):
    """Whether programs can be isolated could not be found out: none may run, and the next attempt may tell."""


@functools.cache
def probe() -> Isolation:
    """Finds out, once per process, by running a program in isolation.

    Raises:
        IsolationUnknown: the machine is too busy to tell. To take that for "no" would let programs run in the open.
    """
    found = shutil.which("bwrap")
    if found is None:
        return _without("bubblewrap (the program `bwrap`) is not installed")
    for _ in range(_PROBES - 1):
        with contextlib.suppress(IsolationUnknown):
            return _tried(found)
    return _tried(found)


def _tried(found: str) -> Isolation:
    """Runs a program in isolation once; see `probe`."""
    with tempfile.TemporaryDirectory(prefix="clary-probe-") as folder:
        test = f"test -d {ML_FOLDER}/data && ! touch /etc/clary-probe 2>/dev/null"
        (Path(folder) / "data").mkdir()
        try:
            done = subprocess.run(
                command(found, ["/bin/sh", "-c", test], Path(folder), (), network=False),
                capture_output=True,
                text=True,
                timeout=_PROBE_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise IsolationUnknown(f"bubblewrap did not answer within {_PROBE_SECONDS} s") from None
        except OSError as error:
            if str(error.strerror) in _FOR_NOW:
                raise IsolationUnknown(f"bubblewrap could not be tried: {error}") from error
            return _without(f"bubblewrap does not run here: {error}")
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        if last.endswith(_FOR_NOW) and namespaces_are_allowed():
            raise IsolationUnknown(f"bubblewrap could not be tried: {last}")
        return _without(f"bubblewrap does not work here: {last}")
    return Isolation(
        found,
        f"Programs that users bring run in bubblewrap ({found}): their folder at {ML_FOLDER}, the system read-only,"
        " their own /tmp, processes and devices, nothing of Clary's data in sight.",
    )


def _without(reason: str) -> Isolation:
    return Isolation(
        "",
        f"Programs that users bring are NOT isolated: {reason}. They run with the rights of Clary's user, and"
        f" {ML_FOLDER} in their arguments is replaced by their folder.",
    )


def command(
    bubblewrap: str,
    argv: Sequence[str],
    folder: Path,
    hidden: Sequence[Path],
    *,
    network: bool,
    visible: Sequence[str] = (),
    shared: Mapping[str, Path] = MappingProxyType({}),
    variables: Mapping[str, str] = MappingProxyType({}),
    scratch_bytes: int = 0,
) -> list[str]:
    """The command that runs `argv` isolated.

    Args:
        folder: appears at `/opt/ml`; its `input/config/resourceconfig.json` names the host.
        hidden: folders that appear empty.
        visible: folders that stay in sight, read-only, at their own paths.
        shared: further folders, read-only: where they appear, and where they are.
        network: whether the machine's network is there; otherwise only a loopback of its own is.
        variables: those of `split_environment` that must not reach bubblewrap itself.
        scratch_bytes: what each of its own empty folders (/tmp) may hold, in memory; 0: as much as the kernel lets it.
    """
    arguments = [bubblewrap, "--die-with-parent", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
    arguments += ["--unshare-cgroup-try"]
    if not network:
        arguments += ["--unshare-net"]
    arguments += ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    for place in PRIVATE:
        if place == "/dev/shm" or (Path(place).is_dir() and not Path(place).is_symlink()):  # noqa: S108
            arguments += [*_size(scratch_bytes), "--tmpfs", place]
    for path in (*_interpreter_prefixes(), *kept_of_run()):
        if any(path.is_relative_to(place) for place in PRIVATE):
            arguments += ["--ro-bind", str(path), str(path)]
    arguments += _visible_opt()
    for secret in map(Path.resolve, (*hidden, *_secrets())):
        if any(secret.is_relative_to(place) for place in PRIVATE):
            continue  # hidden already
        if secret.is_dir():
            arguments += [*_size(COVER_BYTES), "--tmpfs", str(secret)]
        elif secret.exists():
            arguments += ["--ro-bind", "/dev/null", str(secret)]
    for place in visible:
        arguments += ["--ro-bind", place, place]
    arguments += ["--bind", str(folder), ML_FOLDER]
    for place, source in shared.items():
        arguments += ["--ro-bind", str(source), place]
    host = _name_hosts(folder)
    if host:
        arguments += ["--hostname", host]
        if Path("/etc/hosts").is_file():
            arguments += ["--ro-bind", str(_hosts_file(folder)), "/etc/hosts"]
    for name, value in variables.items():
        arguments += ["--setenv", name, value]
    return [*arguments, "--chdir", ML_FOLDER, "--", *argv]


def split_environment(environment: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Keeps a user's variables from bubblewrap, which starts outside of the isolation that it makes.

    The dynamic linker and the C library read some before a program's first line: LD_PRELOAD would run a file of the
    user's with all of Clary's rights.

    Args:
        environment: what the program shall have.

    Returns:
        What bubblewrap is started with, and what it sets for the program alone.
    """
    inner = {name: value for name, value in environment.items() if name.startswith(_READ_EARLY)}
    return {name: value for name, value in environment.items() if name not in inner}, inner


def _size(limit_bytes: int) -> list[str]:
    return ["--size", str(limit_bytes)] if limit_bytes else []


def _interpreter_prefixes() -> list[Path]:
    """Where Clary's own Python lies: it stays in sight even when it was installed into a place that is hidden."""
    return list(dict.fromkeys(Path(prefix).resolve() for prefix in (sys.base_prefix, sys.prefix)))


def _visible_opt() -> list[str]:
    """`/opt` becomes writable for bubblewrap, so that `/opt/ml` can be made; what lies in it stays in sight."""
    opt = Path("/opt")
    if not opt.is_dir():
        return ["--tmpfs", "/opt"]
    arguments = ["--tmpfs", "/opt"]
    for entry in sorted(opt.iterdir()):
        if str(entry) != ML_FOLDER and entry.exists() and not entry.is_symlink():
            arguments += ["--ro-bind", str(entry), str(entry)]
    return arguments


def _secrets() -> list[Path]:
    home = Path.home()
    return [home / name for name in SECRETS]


def _hosts_file(folder: Path) -> Path:
    return folder / "input" / "config" / "hosts"


def _name_hosts(folder: Path) -> str:
    """Writes a hosts file in which the job's hosts resolve; returns the name of this one, "" for none."""
    try:
        resources = json.loads((folder / "input/config/resourceconfig.json").read_text(encoding="utf-8"))
        hosts, current = resources["hosts"], resources["current_host"]
    except (OSError, ValueError, KeyError):
        return ""
    lines = ["127.0.0.1 localhost", "::1 localhost", *(f"127.0.0.1 {host}" for host in hosts)]
    _hosts_file(folder).write_text("\n".join(lines) + "\n", encoding="ascii")
    return str(current)
