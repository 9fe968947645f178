"""Training on several hosts: they meet at the first host, and xgboost sums their histograms.

Every host reads its own part of the data. A host that fails or has no rows says so when they meet, so that no host
waits for one that will never come. Hosts without rows take part with an empty matrix; only the first host writes.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import xgboost
from xgboost import collective
from xgboost.tracker import RabitTracker

from clary.algorithms import log_lines
from clary.algorithms.contract import AlgorithmError

RENDEZVOUS = "CLARY_RENDEZVOUS"
"""The environment variable with the first host's "address:port", equal on all hosts."""
PORT = 9099
MEETING_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Group:
    """The hosts of a job.

    Attributes:
        index: of this host; 0 is the one that writes.
        size: how many there are.
    """

    index: int = 0
    size: int = 1

    @property
    def is_master(self) -> bool:
        """Whether this host writes the model and the checkpoints."""
        return self.index == 0

    def any(self, flag: bool) -> bool:
        """Whether `flag` is set on any host; a meeting of all hosts."""
        return flag if self.size == 1 else bool(self.maximum(np.array([int(flag)]))[0])

    def maximum(self, values: Any) -> Any:
        """The greatest of each value over the hosts; a meeting of all hosts."""
        return values if self.size == 1 else collective.allreduce(values, collective.Op.MAX)

    def from_master(self, data: bytes | None) -> bytes | None:
        """The first host's bytes on every host (the others give None); a meeting of all hosts."""
        return data if self.size == 1 else self._shared(data) or None

    def first_failure(self, reason: str) -> tuple[int, str] | None:
        """The index and the reason of the first host that has one, on every host; a meeting of all hosts.

        Args:
            reason: why this host cannot go on, "" when it can.
        """
        if self.size == 1:
            return (0, reason) if reason else None
        flags = np.zeros(self.size, np.int64)
        flags[self.index] = bool(reason)
        flags = self.maximum(flags)
        if not flags.any():
            return None
        first = int(flags.argmax())
        return first, self._shared(reason.encode() if first == self.index else None).decode("utf-8", "replace")

    def _shared(self, data: bytes | None) -> bytes:
        """The bytes of the only host that gives some; as numbers: xgboost's own broadcast unpickles what it gets."""
        length = int(self.maximum(np.array([len(data or b"")], np.int64))[0])
        buffer = np.zeros(length, np.uint8)
        if data:
            buffer[:] = np.frombuffer(data, np.uint8)
        received: bytes = self.maximum(buffer).tobytes() if length else b""
        return received


@contextlib.contextmanager
def meeting(hosts: list[str], current: str) -> Iterator[Group]:
    """Joins the hosts of a job for the time of the `with` block.

    Args:
        hosts: all of them in the same order everywhere; with one there is nothing to join.

    Raises:
        AlgorithmError: they did not find each other.
    """
    if current not in hosts:
        raise AlgorithmError(f"The host {current} is not among the hosts of the job: {', '.join(hosts)}.")
    index = hosts.index(current)
    if len(hosts) == 1:
        yield Group()
        return
    address, port = _address(hosts[0])
    log_lines.info(f"Distributed training with {len(hosts)} hosts: {', '.join(hosts)}")
    tracker = None
    try:
        if index == 0:
            tracker = RabitTracker(
                n_workers=len(hosts), host_ip=address, port=port, sortby="task", timeout=MEETING_SECONDS
            )
            tracker.start()
        _join(address, port, index)
    except (xgboost.core.XGBoostError, OSError, ValueError) as error:
        raise AlgorithmError(f"The hosts of the job did not find each other at {address}:{port}: {error}") from None
    try:
        yield Group(collective.get_rank(), len(hosts))
    finally:
        with contextlib.suppress(xgboost.core.XGBoostError):
            collective.finalize()
        if tracker is not None:
            with contextlib.suppress(xgboost.core.XGBoostError, ValueError):
                tracker.wait_for(timeout=10)


def _address(first_host: str) -> tuple[str, int]:
    """Where the hosts meet: as the environment says, else at the first host's name."""
    value = os.environ.get(RENDEZVOUS, "")
    if value:
        address, _, port = value.rpartition(":")
        if not address or not port.isdigit():
            raise AlgorithmError(f"{RENDEZVOUS} is '{value}', which is not address:port.")
        return address, int(port)
    try:
        return socket.gethostbyname(first_host), PORT
    except OSError:
        raise AlgorithmError(
            f"The host name {first_host} cannot be resolved, and {RENDEZVOUS} does not say where the hosts meet."
        ) from None


def _join(address: str, port: int, index: int) -> None:
    """Connects to the tracker, which may not listen yet; that is nothing to warn of."""
    deadline = time.monotonic() + MEETING_SECONDS
    while True:
        try:
            with xgboost.config_context(verbosity=0):
                collective.init(
                    dmlc_communicator="rabit",
                    dmlc_tracker_uri=address,
                    dmlc_tracker_port=port,
                    dmlc_task_id=f"{index:05d}",
                    dmlc_timeout=MEETING_SECONDS,
                    dmlc_retry=1,
                )
            return
        except xgboost.core.XGBoostError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
