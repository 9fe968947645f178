"""Namespaces for programs that are forked, not executed: what bubblewrap does for a program with `argv`.

A built-in algorithm reads data and models that strangers may have made. It is a child of the fork server, so it cannot
be started through bubblewrap; instead it enters namespaces of its own between its birth and its first line: the machine
read-only, an empty /tmp, nothing of Clary's data but its own folder, and no network where the job asks for none. All
capabilities in these namespaces are given up at the end, so nothing in there can be undone.

It needs user namespaces and `mount_setattr` (Linux 5.12). Processes stay visible: a process namespace would take
another fork, and the kernel refuses to trace or look into processes outside the user namespace anyway.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import functools
import os
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from clary.compute.contract import Limits, Program
from clary.compute.processes import ON_LINUX, renounce_privileges

_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWNET = 0x0002_0000, 0x1000_0000, 0x4000_0000
_MS_BIND, _MS_REC, _MS_PRIVATE, _MS_NOSUID, _MS_NODEV = 4096, 16384, 1 << 18, 2, 4
_MOUNT_SETATTR, _READ_ONLY, _AT_FDCWD, _AT_RECURSIVE = 442, 1, -100, 0x8000
_CAPABILITY_VERSION_3 = 0x2008_0522
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_PROBE_SECONDS = 20

PRIVATE = ("/tmp", "/var/tmp", "/run", "/var/run", "/dev/shm")  # noqa: S108 - they are replaced by empty ones
"""/run holds the sockets of services: of container engines, for one, which do what they are asked as root."""
COVER_BYTES = 4 << 20
"""What may be written over something hidden: a folder in memory has to have a size."""
_KEPT_OF_RUN = (
    "/etc/resolv.conf", "/run/systemd/resolve/resolv.conf", "/run/nscd", "/run/current-system", "/run/opengl-driver",
    "/run/nvidia-persistenced",
)  # fmt: skip
SECRETS = (".aws", ".ssh", ".gnupg", ".kube", ".docker", ".config/gcloud", ".netrc", ".git-credentials")
"""Below a home folder: what no program of a job has any business with."""


@dataclass(frozen=True, slots=True)
class Confinement:
    """What a confined program may see.

    Attributes:
        writable: folders it may write to; they lie where they lay.
        hidden: folders that appear empty, but for what of `writable`, of `visible` and of Clary's own code lies in
            them.
        visible: folders that it may read, although they lie in hidden ones.
        network: whether the machine's network is there; otherwise only a loopback of its own is.
        required: whether a machine that cannot take the network away must not run the program.
        scratch_bytes: what each of its own empty folders (/tmp) may hold, in memory; 0: as much as the kernel lets it.
    """

    writable: tuple[str, ...]
    hidden: tuple[str, ...] = ()
    visible: tuple[str, ...] = ()
    network: bool = True
    required: bool = True
    scratch_bytes: int = 0

    @classmethod
    def of(
        cls, program: Program, limits: Limits, own: Sequence[str], hidden: Sequence[str], scratch_bytes: int
    ) -> Confinement:
        """What a program of Clary's own may see: the folders that are `own` to it, and what it names itself.

        A program that needs no network gets none where that can be; one that must have none runs nowhere else.
        """
        return cls(
            (*own, *program.writable),
            tuple(hidden),
            program.visible,
            network=limits.network and not program.offline,
            required=not limits.network,
            scratch_bytes=scratch_bytes,
        )


def confine(confinement: Confinement) -> bool:
    """Moves this process, which must have a single thread, into namespaces of its own; there is no way back.

    Returns:
        False when the machine cannot do it; nothing has changed then.

    Raises:
        OSError: it failed half-way, or the network was to be taken away and cannot be; the program must not run.
    """
    flags = _CLONE_NEWUSER | _CLONE_NEWNS | (0 if confinement.network else _CLONE_NEWNET)
    user, group = os.geteuid(), os.getegid()
    if not _has_mount_setattr() or not _unshare(flags):
        if not confinement.network and confinement.required:
            raise OSError("the job asks for network isolation, which this machine cannot give to built-in programs")
        return False
    _map_ids(user, group)
    _check(_libc().mount(None, b"/", None, _MS_REC | _MS_PRIVATE, None), "make the mounts private")
    covered = _covered(confinement)
    opened = [(path, os.open(path, os.O_PATH)) for path in _kept(confinement, covered)]
    _set_read_only("/", read_only=True)
    for place in covered:
        _cover(place, confinement.scratch_bytes if place in PRIVATE else COVER_BYTES)
    writable = set(confinement.writable)
    for path, descriptor in opened:
        _bring_back(path, descriptor, writable=path in writable)
        os.close(descriptor)
    if not confinement.network:
        _raise_loopback()
    _renounce_capabilities()
    renounce_privileges()
    return True


def probe() -> str:
    """A sentence for people: how built-in programs are confined on this machine, or why they are not."""
    with tempfile.TemporaryDirectory(prefix="clary-probe-") as folder:
        try:
            done = subprocess.run(
                [sys.executable, "-m", "clary.compute.forking.confinement", folder],
                capture_output=True,
                text=True,
                timeout=_PROBE_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"Built-in programs are NOT confined: the attempt failed ({error})."
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return f"Built-in programs are NOT confined: {last}. They run with the rights of Clary's user."
    return (
        "Built-in programs run in namespaces of their own: the system read-only, an empty /tmp, nothing of Clary's "
        "data but their folder in sight."
    )


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"cannot confine the program: {what}: {os.strerror(number)}")


def _has_mount_setattr() -> bool:
    if not ON_LINUX:
        return False
    _libc().syscall(_MOUNT_SETATTR, -1, b"", 0, None, 0)
    return ctypes.get_errno() != errno.ENOSYS


def _unshare(flags: int) -> bool:
    """Enters new namespaces; False where the kernel gives this user none.

    Raises:
        OSError: it is short of them, or of memory, for now: the program must not run in the open for that.
    """
    if _libc().unshare(flags) == 0:
        return True
    number = ctypes.get_errno()
    if number in (errno.EAGAIN, errno.ENOMEM) or (number == errno.ENOSPC and namespaces_are_allowed()):
        raise OSError(number, f"cannot confine the program: {os.strerror(number)}")
    return False


def namespaces_are_allowed() -> bool:
    """False where an administrator allows no user namespaces: the kernel then says that there is no space left."""
    try:
        return int(Path("/proc/sys/user/max_user_namespaces").read_text(encoding="ascii")) > 0
    except (OSError, ValueError):
        return True


def _map_ids(user: int, group: int) -> None:
    """In the new user namespace, user and group keep their numbers; nobody else's exist."""
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        Path(f"/proc/self/{name}").write_text(text, encoding="ascii")


def _set_read_only(path: str, *, read_only: bool) -> None:
    """Sets or clears the flag of the mount at `path` and of all below it."""
    to_set, to_clear = (_READ_ONLY, 0) if read_only else (0, _READ_ONLY)
    attributes = struct.pack("=QQQQ", to_set, to_clear, 0, 0)
    result = _libc().syscall(
        _MOUNT_SETATTR, _AT_FDCWD, os.fsencode(path), _AT_RECURSIVE, attributes, ctypes.c_size_t(len(attributes))
    )
    _check(result, f"change whether {path} can be written")


def _kept(confinement: Confinement, covered: Sequence[str]) -> list[str]:
    """What must stay in sight although something above it is covered: Clary's own code and what the program needs."""
    code = (sys.base_prefix, sys.prefix, *sys.path, str(Path(__file__).parents[3]))
    needed = {str(Path(path).resolve()) for path in code if path and Path(path).exists()}
    needed |= set(map(str, kept_of_run()))
    hidden_code = {path for path in needed if any(Path(path).is_relative_to(place) for place in covered)}
    return [*sorted(hidden_code), *confinement.visible, *confinement.writable]


def _covered(confinement: Confinement) -> list[str]:
    """The folders and files that are replaced by empty ones, none of them inside another."""
    home = Path.home()
    wanted = [*map(Path, PRIVATE), *map(Path, confinement.hidden), *(home / name for name in SECRETS)]
    places: list[Path] = []
    for place in sorted({path.resolve() for path in wanted if path.exists()}):
        if not any(place.is_relative_to(other) for other in places):
            places.append(place)
    return [str(place) for place in places]


def kept_of_run() -> list[Path]:
    """What programs need of /run: how names are resolved, and the places of some systems' libraries."""
    found = {Path(place).resolve() for place in _KEPT_OF_RUN if Path(place).exists()}
    return sorted(path for path in found if path.is_relative_to("/run"))


def _cover(place: str, size_bytes: int) -> None:
    target = os.fsencode(place)
    if Path(place).is_dir():
        flags = _MS_NOSUID | _MS_NODEV
        options = b"mode=0755" + (f",size={size_bytes}".encode() if size_bytes else b"")
        _check(_libc().mount(b"tmpfs", target, b"tmpfs", flags, options), f"cover {place}")
    else:
        _check(_libc().mount(b"/dev/null", target, None, _MS_BIND, None), f"cover {place}")


def _bring_back(path: str, descriptor: int, *, writable: bool) -> None:
    """Puts what was opened before everything was covered back to its place."""
    if os.path.isdir(f"/proc/self/fd/{descriptor}"):  # noqa: PTH112 - a path of the kernel's, not of a folder
        Path(path).mkdir(parents=True, exist_ok=True)
    else:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).touch()
    source = f"/proc/self/fd/{descriptor}".encode()
    _check(_libc().mount(source, os.fsencode(path), None, _MS_BIND | _MS_REC, None), f"keep {path}")
    _set_read_only(path, read_only=not writable)


def _raise_loopback() -> None:
    """A new network namespace has a loopback device that is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))


def _renounce_capabilities() -> None:
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    _check(_libc().capset(header, struct.pack("=6I", *[0] * 6)), "give up its capabilities")


def _main(arguments: Sequence[str]) -> int:
    """Tries it: `python -m clary.compute.forking.confinement FOLDER`."""
    folder = arguments[0]
    if not confine(Confinement((folder,), network=False)):
        print("the kernel gives this user no user namespaces", file=sys.stderr)  # noqa: T201
        return 1
    (Path(folder) / "written").write_text("yes", encoding="ascii")
    return 0 if _cannot_write(("/etc", "/usr")) else 1


def _cannot_write(folders: Iterable[str]) -> bool:
    for folder in folders:
        try:
            (Path(folder) / "clary-probe").touch()
        except OSError:
            continue
        print(f"{folder} can still be written", file=sys.stderr)  # noqa: T201
        return False
    return True


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
