"""Where a job's files lie, and the files that SageMaker's contract puts below `/opt/ml`.

JOBS/ID/lock            held by the supervisor as long as it or one of its programs lives
JOBS/ID/wake            a named pipe: a byte in it makes the supervisor look at the job's record
JOBS/ID/algo-1.log      a named pipe: the program's output on its way to the logs
JOBS/ID/algo-1/         `/opt/ml` of the first host
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clary.compute.contract import JobSpec

CACHE = Path("sagemaker/warmpoolcache")
"""Where programs find what the job before them left in a warm pool, relative to `/opt/ml`."""
_LOCK_SECONDS = 2.0
_LOOK_AGAIN_SECONDS = 0.01


class JobFolder:
    """The folder of one job.

    Args:
        jobs: the folder of all jobs.
        job_id: the job's id, one path component.
    """

    def __init__(self, jobs: Path, job_id: str) -> None:
        if job_id in ("", ".", "..") or "/" in job_id:
            raise ValueError(f"{job_id!r} cannot name a job's folder")
        self.path = jobs / job_id
        self._lock = self.path / "lock"
        self._wake = self.path / "wake"

    def create(self) -> None:
        """Makes the folder and its pipe where they are missing; only the owner may look inside."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.mkfifo(self._wake, 0o600)

    @contextlib.contextmanager
    def owned(self) -> Iterator[bool]:
        """Holds the job's lock, which no other process can have at the same time; False when another has it.

        The lock belongs to the open file, so the kernel lets go of it when this process ends, however it ends, and with
        it all that was forked from it meanwhile. So programs whose supervisor was killed, and which end a moment later,
        never share their folder with those of the next one.
        """
        with self._lock.open("a") as lock:
            deadline = time.monotonic() + _LOCK_SECONDS
            while not _try_lock(lock.fileno()):
                if time.monotonic() > deadline:  # longer than anybody holds it to see whether it is held
                    yield False
                    return
                time.sleep(_LOOK_AGAIN_SECONDS)
            yield True

    def has_owner(self) -> bool:
        """Whether a supervisor lives, or a program of one that was killed."""
        try:
            with self._lock.open("a") as lock:
                return not _try_lock(lock.fileno())
        except FileNotFoundError:
            return False

    def sign(self) -> None:
        """The owner says that it lives."""
        with contextlib.suppress(OSError):
            os.utime(self._lock)

    def last_sign(self) -> float | None:
        """When an owner last said that it lived, in seconds since 1970; None when there never was one."""
        try:
            return self._lock.stat().st_mtime
        except OSError:
            return None

    def wait_for_owner(self) -> None:
        """Returns when no supervisor lives any more, nor what it started."""
        with contextlib.suppress(FileNotFoundError), self._lock.open("a") as lock:
            fcntl.flock(lock.fileno(), fcntl.LOCK_EX)

    def is_unfinished(self) -> bool:
        """Whether its supervisor was killed between the end of the job and the removal of the folder."""
        return self._lock.exists() and not self.has_owner()

    def open_wake(self) -> int:
        """The supervisor's end of the wake pipe, non-blocking; it never reaches an end of file."""
        return os.open(self._wake, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def wake(self) -> bool:
        """Makes the supervisor look at the record; False when there is none to hear it."""
        try:
            descriptor = os.open(self._wake, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno in (errno.ENXIO, errno.ENOENT):
                return False
            raise
        with contextlib.suppress(BlockingIOError):
            os.write(descriptor, b"!")
        os.close(descriptor)
        return True

    def host(self, name: str) -> Path:
        """The `/opt/ml` of a host."""
        return self.path / name

    def log_pipe(self, host: str) -> Path:
        """A new named pipe for a host's output."""
        path = self.path / f"{host}.log"
        path.unlink(missing_ok=True)
        os.mkfifo(path, 0o600)
        return path

    def keep(self) -> None:
        """Leaves the folder for its user to look at: without a lock nothing takes it for unfinished."""
        for path in (self._wake, self._lock, *self.path.glob("*.log")):
            path.unlink(missing_ok=True)

    def clear(self) -> None:
        """Removes what the programs had; the lock stays, so that its owner keeps it to the end."""
        for path in self.path.iterdir():
            if path not in (self._lock, self._wake):
                clear(path)

    def remove(self) -> None:
        """Removes everything."""
        remove_tree(self.path)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def host_names(count: int) -> list[str]:
    """["algo-1", "algo-2", ...]."""
    return [f"algo-{number}" for number in range(1, count + 1)]


def lay_out(root: Path, spec: JobSpec, host: str) -> None:
    """Makes the folders and configuration files of one host.

    What an earlier attempt left is removed, but for its checkpoints: with them the program goes on where it was.

    Args:
        root: the host's `/opt/ml`.
    """
    own = {"input", "model", "output", "code", *(output.folder.split("/")[0] for output in spec.outputs)}
    kept = {spec.checkpoint_folder.split("/")[0], CACHE.parts[0]} - own
    for path in root.iterdir() if root.is_dir() else ():
        if path.name not in kept:
            clear(path)
    if not is_inside(root / CACHE, root):
        clear(root / CACHE.parts[0])
    if not is_inside(root / spec.checkpoint_folder, root):
        clear(root / spec.checkpoint_folder.split("/")[0])
    for name in ("input/config", "input/data", "model", "output/data", "code", spec.checkpoint_folder):
        (root / name).mkdir(parents=True, exist_ok=True)
    for output in spec.outputs:
        (root / output.folder).mkdir(parents=True, exist_ok=True)
    hosts = host_names(spec.hosts)
    # What lies in a folder of its own is no channel of the user's.
    channels = {channel.name: _channel_config(spec, channel.name) for channel in spec.channels if not channel.folder}
    resources = {
        "current_host": host,
        "hosts": hosts,
        "current_instance_type": spec.instance_type,
        "current_group_name": "homogeneousCluster",
        "network_interface_name": "lo",
        "instance_groups": [
            {"instance_group_name": "homogeneousCluster", "instance_type": spec.instance_type, "hosts": hosts}
        ],
        "topology": None,
    }
    _write(root / "input/config/hyperparameters.json", spec.hyperparameters)
    _write(root / "input/config/inputdataconfig.json", channels)
    _write(root / "input/config/resourceconfig.json", resources)
    if spec.checkpoint_uri:
        local = f"/opt/ml/{spec.checkpoint_folder}"
        _write(root / "input/config/checkpointconfig.json", {"S3Uri": spec.checkpoint_uri, "LocalPath": local})


def clear(path: Path) -> None:
    """Removes a folder, or a file or link that a program put in its place."""
    if path.is_dir() and not path.is_symlink():
        remove_tree(path)
    else:  # a pipe, too: opening one would wait for its other end
        path.unlink(missing_ok=True)


def remove_tree(path: Path) -> None:
    """Removes a folder that a program had, whatever it did to it; one that is not there is fine.

    Programs can lock folders (`chmod 0`) and nest them deeper than Python's own functions can follow.
    """
    with contextlib.suppress(RecursionError):
        shutil.rmtree(path, ignore_errors=True)
    if os.path.lexists(path):
        for command in (["chmod", "-R", "u+rwx", "--", str(path)], ["rm", "-rf", "--", str(path)]):
            subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def below(folder: Path) -> Iterator[Path]:
    """All that lies below a folder, at any depth, links not followed; what vanishes meanwhile is left out.

    Raises:
        OSError: it is nested deeper than the kernel's longest path.
    """
    waiting = [folder]
    while waiting:
        place = waiting.pop()
        try:
            with os.scandir(place) as entries:
                found = list(entries)
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            continue
        for entry in found:
            path = place / entry.name
            yield path
            if entry.is_dir(follow_symlinks=False):
                waiting.append(path)


def is_inside(path: Path, root: Path) -> bool:
    """Whether a path below `root` is really there: programs own their folder and may put links into it."""
    return path.resolve() == root.resolve() / path.relative_to(root)


def program_environment(spec: JobSpec, host: str) -> dict[str, str]:
    """The variables that a program finds beside its own."""
    if spec.processing:
        return {"AWS_REGION": spec.region, "AWS_DEFAULT_REGION": spec.region}
    return {
        "TRAINING_JOB_NAME": spec.name,
        "TRAINING_JOB_ARN": spec.arn,
        "AWS_REGION": spec.region,
        "AWS_DEFAULT_REGION": spec.region,
        "CURRENT_HOST": host,
    }


def _channel_config(spec: JobSpec, name: str) -> dict[str, str]:
    channel = next(channel for channel in spec.channels if channel.name == name)
    config = {
        "TrainingInputMode": channel.mode,
        "S3DistributionType": channel.distribution,
        "RecordWrapperType": channel.record_wrapper,
    }
    if channel.content_type:
        config["ContentType"] = channel.content_type
    return config


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def is_empty(folder: Path) -> bool:
    """Whether a folder holds no file, at any depth."""
    return not any(path.is_symlink() or not path.is_dir() for path in below(folder))
