"""The request log: one JSON object a line for every request, without anything that is secret.

Signatures, query strings, headers and bodies never reach it: an `Outcome` does not hold them.
"""

from __future__ import annotations

import errno
import logging
import os
from pathlib import Path

import orjson

from clary.core.clock import Clock, SystemClock
from clary.gateway.pipeline import Outcome

LARGEST_FILE_BYTES = 64 << 20
KEPT_FILES = 5

_log = logging.getLogger(__name__)


class RequestLog:
    """Writes the request log to a file, and a new file when that one is full.

    Each line is one `write` of the system, so that it survives the end of the process and lines of several processes
    do not mix. A log that cannot be written (a full disk) is reported once and does not disturb the requests.

    Args:
        path: the file; older ones lie beside it as `NAME.1` (the youngest) to `NAME.5`.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock | None = None,
        *,
        largest_file_bytes: int = LARGEST_FILE_BYTES,
        kept_files: int = KEPT_FILES,
    ) -> None:
        self._path = path
        self._clock = clock or SystemClock()
        self._largest_file_bytes = largest_file_bytes
        self._kept_files = kept_files
        self._is_failing = False
        self._open()

    def observe(self, outcome: Outcome) -> None:
        """Writes the line of a request."""
        line = self.line(outcome)
        try:
            if self._size_bytes + len(line) > self._largest_file_bytes and self._size_bytes:
                self._begin_new_file()
            self._write(line)
        except OSError:
            if not self._is_failing:
                _log.exception("the request log %s cannot be written", self._path)
            self._is_failing = True
            return
        self._is_failing = False
        self._size_bytes += len(line)

    def line(self, outcome: Outcome) -> bytes:
        """What is written of a request; empty values are left out."""
        entry = {
            "time": self._clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "request_id": outcome.request_id,
            "method": outcome.method,
            "api": outcome.api,
            "operation": outcome.operation,
            "account": outcome.account,
            "principal": outcome.principal_arn,
            "client_ip": outcome.client_ip,
            "status": outcome.status,
            "error_code": outcome.error_code,
            "duration_ms": round(outcome.duration_seconds * 1000, 3),
            "received_bytes": outcome.received_bytes,
            "sent_bytes": outcome.sent_bytes,
        }
        kept = {name: value for name, value in entry.items() if value not in ("", None)}
        return orjson.dumps(kept, option=orjson.OPT_APPEND_NEWLINE)

    def close(self) -> None:
        """Closes the file."""
        os.close(self._descriptor)

    def _write(self, line: bytes) -> None:
        """Writes a line whole or not at all: a disk that fills up may take a part of it."""
        written = os.write(self._descriptor, line)
        if written < len(line):
            os.ftruncate(self._descriptor, os.fstat(self._descriptor).st_size - written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _open(self) -> None:
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size_bytes = os.fstat(self._descriptor).st_size

    def _begin_new_file(self) -> None:
        for number in range(self._kept_files - 1, 0, -1):
            older = self._numbered(number)
            if older.exists():
                older.replace(self._numbered(number + 1))
        self._path.replace(self._numbered(1))
        full = self._descriptor
        self._open()
        os.close(full)

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")
