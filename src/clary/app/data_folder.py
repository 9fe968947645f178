"""The data folder: what lies where, who uses it, and the keys of its first user."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from clary.core.address import Address
from clary.core.errors import ClaryError

_CLAIM_SECONDS = 0.3


class DataFolderInUse(ClaryError):
    """Another Clary runs on this data folder."""


class NotRunning(ClaryError):
    """No Clary runs on this data folder."""


@dataclass(frozen=True, slots=True)
class Running:
    """The Clary that runs on a data folder.

    Attributes:
        started: seconds since 1970.
    """

    pid: int
    host: str
    port: int
    started: float

    @property
    def url(self) -> str:
        """The address clients use."""
        return Address(self.host, self.port).url


@dataclass(frozen=True, slots=True)
class FirstKey:
    """The access key that `clary env` exports."""

    access_key_id: str
    secret_access_key: str
    account: str
    region: str
    role_arn: str

    def __repr__(self) -> str:
        return f"FirstKey({self.access_key_id!r})"


class DataFolder:
    """Paths below a data folder. The folder and what holds secrets are readable by their owner only."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.records = root / "records.db"
        self.identities = root / "identities.db"
        self.object_index = root / "objects.db"
        self.objects = root / "objects"
        self.logs = root / "logs.db"
        self.jobs = root / "jobs"
        self.tuning = root / "tuning"
        self.endpoints = root / "endpoints"
        self.engines = root / "engines"
        self.images = root / "images"
        self.personalize = root / "personalize"
        self.comprehend = root / "comprehend"
        self.rekognition = root / "rekognition"
        self.textract = root / "textract"
        self.first_key = root / "first-key.json"
        self.server_log = root / "clary.log"
        self.request_log = root / "requests.log"
        self.authority = root / "authority"
        self.sagemaker_config = root / "sagemaker-config.yaml"
        self._lock = root / "clary.lock"
        self._running = root / "running.json"
        self._address = root / "address.json"

    def create(self) -> None:
        """Makes the folder and its sub-folders where they are missing."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (
            self.objects,
            self.jobs,
            self.endpoints,
            self.personalize,
            self.comprehend,
            self.rekognition,
            self.textract,
        ):
            folder.mkdir(mode=0o700, exist_ok=True)

    @contextlib.contextmanager
    def claimed(self) -> Iterator[None]:
        """Holds the folder for this process; the kernel lets go of it however the process ends.

        Raises:
            DataFolderInUse: another process holds it.
        """
        with self._lock.open("a+") as lock:
            if not _lock_within(lock, _CLAIM_SECONDS):
                running = self.running()
                where = f", at {running.url} (process {running.pid})" if running else ""
                raise DataFolderInUse(
                    f"The data folder {self.root} is in use by another Clary{where}. "
                    f"Stop it with `clary down --data {self.root}`, or choose another folder with --data."
                )
            try:
                yield
            finally:
                self._running.unlink(missing_ok=True)

    def announce(self, running: Running) -> None:
        """Writes down where this Clary listens; done by the process that holds the folder."""
        write_private(self._running, json.dumps(asdict(running)))

    def note_address(self, address: Address) -> None:
        """Writes down where this Clary listens, also for when it does no more: jobs outlive it."""
        write_private(self._address, json.dumps(asdict(address)))

    def address(self) -> Address | None:
        """Where this folder's Clary listens, or listened last; None before its first start."""
        try:
            return Address(**json.loads(self._address.read_text()))
        except (FileNotFoundError, json.JSONDecodeError):
            return None

    def running(self) -> Running | None:
        """The Clary that holds the folder and listens, or None."""
        try:
            with self._lock.open("r+") as lock:
                if _try_lock(lock):
                    return None
            return Running(**json.loads(self._running.read_text()))
        except (FileNotFoundError, json.JSONDecodeError):
            return None

    def require_running(self) -> Running:
        """The Clary that holds the folder.

        Raises:
            NotRunning: there is none.
        """
        running = self.running()
        if running is None:
            raise NotRunning(f"No Clary runs on {self.root}. Start one with `clary up --data {self.root}`.")
        return running

    def save_first_key(self, key: FirstKey) -> None:
        """Keeps the first key for `clary env`, readable by the owner only."""
        write_private(self.first_key, json.dumps(asdict(key)))

    def load_first_key(self) -> FirstKey | None:
        """The first key, or None before the first start."""
        try:
            return FirstKey(**json.loads(self.first_key.read_text()))
        except FileNotFoundError:
            return None


def write_private(path: Path, text: str) -> None:
    """Replaces a file as a whole, readable and writable by its owner only."""
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _lock_within(file: IO[str], seconds: float) -> bool:
    """Takes the lock, with patience for a `clary status` that holds it for a moment to see whether it is free."""
    deadline = time.monotonic() + seconds
    while not _try_lock(file):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
