"""Asks the advisor's process what to try next; starts it when it is needed and when it has died."""

from __future__ import annotations

import contextlib
import json
import socket
from pathlib import Path

from clary.compute.forking.line import ProgramNotStarted
from clary.compute.forking.program import ForkedProgram
from clary.compute.forking.server import ForkServer
from clary.engines.tuning.question import Question
from clary.engines.tuning.spaces import Values

ENTRY = "clary.engines.tuning.advisor:main"
_ANSWER_SECONDS = 120.0
_TRIES = 3


class NoAdvice(Exception):
    """The advisor cannot answer; the message says why."""


class Advice:
    """A connection to the advisor; one thread uses it.

    The advisor keeps nothing between two questions, so that one which died is replaced by another and asked again.

    Args:
        log: what the advisor's libraries print goes there.
    """

    def __init__(self, forkserver: ForkServer, log: Path) -> None:
        self._forkserver = forkserver
        self._log = log
        self._channel: socket.socket | None = None
        self._program: ForkedProgram | None = None

    @property
    def is_running(self) -> bool:
        """Whether there is a process that costs memory."""
        return self._channel is not None

    def ask(self, question: Question) -> Values | None:
        """The next point of a search; None when it has no further one.

        Raises:
            NoAdvice: it went wrong, three times where the process died.
        """
        line = json.dumps(question.to_json()).encode() + b"\n"
        failure: Exception | None = None
        for _ in range(_TRIES):
            try:
                answer = json.loads(self._exchange(line))
            except (OSError, ValueError) as error:
                failure = error
                self.close()
                continue
            if "error" in answer:
                raise NoAdvice(answer["error"])
            values: Values | None = answer["values"]
            return values
        raise NoAdvice(f"the advisor does not answer: {failure}")

    def close(self) -> None:
        """Ends the advisor."""
        channel, self._channel = self._channel, None
        program, self._program = self._program, None
        if channel is not None:
            channel.close()
        if program is not None:
            with contextlib.suppress(OSError):
                program.kill()

    def _exchange(self, line: bytes) -> bytes:
        channel = self._connected()
        channel.sendall(line)
        received = bytearray()
        while not received.endswith(b"\n"):
            part = channel.recv(1 << 16)
            if not part:
                raise ConnectionResetError("the advisor ended")
            received += part
        return bytes(received)

    def _connected(self) -> socket.socket:
        """A socket whose other end is the standard output of a process of the fork server."""
        if self._channel is not None:
            return self._channel
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._program = self._forkserver.spawn(
                    ENTRY, [self._log], output=theirs.fileno(), cpus=1, die_with_parent=True
                )
            except ProgramNotStarted:
                ours.close()
                raise
        ours.settimeout(_ANSWER_SECONDS)
        self._channel = ours
        return ours
