"""The connection to one fork server: what it was asked for, and what runs of it."""

from __future__ import annotations

import dataclasses
import socket
import time
from concurrent.futures import Future
from typing import Any

from clary.compute.forking.child import Request
from clary.compute.forking.program import ForkedProgram


class ProgramNotStarted(OSError):
    """The fork server could not start the program."""


@dataclasses.dataclass(eq=False, slots=True)
class Line:
    """The connection to one server process: what that was asked for dies with it, and with no other.

    Attributes:
        pid: the server's process, 0 before it is known.
        starting: requests that it has not answered, by their number.
        running: its programs, by the number of their request.
    """

    control: socket.socket
    pid: int = 0
    started_at: float = dataclasses.field(default_factory=time.monotonic)
    starting: dict[int, tuple[Request, Future[ForkedProgram]]] = dataclasses.field(default_factory=dict)
    running: dict[int, ForkedProgram] = dataclasses.field(default_factory=dict)

    def has_grown(self, answer: Future[ForkedProgram]) -> None:
        """Takes in what became of the request for the server itself, which is a fork of another."""
        if answer.exception() is None:  # otherwise the socket is closed, which is noticed
            self.pid = answer.result().pid

    def take(self, told: dict[str, Any]) -> None:
        """Takes in what the server tells."""
        if "pid" in told:
            request, answer = self.starting.pop(told["id"])
            program = ForkedProgram(told["pid"], contained=request.contain, leads_group=request.new_session)
            self.running[told["id"]] = program
            answer.set_result(program)
        elif "error" in told:
            self.starting.pop(told["id"])[1].set_exception(ProgramNotStarted(told["error"]))
        else:
            self.running.pop(told["id"]).tell(told["code"])
