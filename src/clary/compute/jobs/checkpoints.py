"""The checkpoints of one job: restored before its programs start, stored while they run and when they have ended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from clary.compute.contract import JobSpec
from clary.compute.jobs.channel_files import DataError
from clary.compute.jobs.life import Life
from clary.compute.jobs.spot import CheckpointWatch, next_checkpoint
from clary.compute.jobs.staging import restore
from clary.compute.jobs.uploading import CheckpointSync
from clary.storage.data_access import DataAccess


class JobCheckpoints:
    """Keeps the checkpoint folders of a job's hosts and its prefix in S3 in step; does nothing for a job without one.

    Args:
        roots: each host's `/opt/ml`.
    """

    def __init__(self, data: DataAccess, spec: JobSpec, roots: list[Path]) -> None:
        self._data = data
        self._spec = spec
        self._folders = [root / spec.checkpoint_folder for root in roots]
        self._sync: CheckpointSync | None = None
        self._watch: CheckpointWatch | None = None

    def restore(self) -> None:
        """Fills the folders from S3.

        Raises:
            DataError: the checkpoints cannot be read.
        """
        if self._spec.checkpoint_uri:
            for folder in self._folders:
                restore(self._data, self._spec.role_arn, self._spec.checkpoint_uri, folder)

    @property
    def counted(self) -> int | None:
        """How many checkpoints were written, in all attempts; None where they are not counted."""
        return None if self._watch is None else self._watch.count

    def start(self, life: Life, reached: Callable[[int], None]) -> None:
        """Begins to store what the programs write, and to count it where an interruption was asked for by number.

        Args:
            reached: called in another thread with the number asked for.
        """
        if not self._spec.checkpoint_uri:
            return
        self._sync = CheckpointSync(self._data, self._spec, self._folders)
        self._sync.start()
        wanted = next_checkpoint(life, self._spec)
        if wanted is not None:
            self._watch = CheckpointWatch(self._folders, life.checkpoints, wanted, lambda: reached(wanted))
            self._watch.start()

    def close(self) -> str:
        """Stores the rest; the programs have ended. Returns why that failed, for the job's FailureReason, or ""."""
        if self._watch is not None:
            self._watch.close()
        return "" if self._sync is None else _closed(self._sync)

    def save_left(self) -> str:
        """Stores what programs had written whose supervisor was lost; returns as `close` does."""
        if not self._spec.checkpoint_uri:
            return ""
        # Of files of one name the first host's counts: it is stored last.
        return _closed(CheckpointSync(self._data, self._spec, self._folders[::-1]))


def _closed(sync: CheckpointSync) -> str:
    try:
        sync.close()
    except DataError as error:
        return f"ClientError: Artifact upload failed: {error}"
    return ""
