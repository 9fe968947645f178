"""The processes that keep engines' models loaded, as the services ask them.

The gateway's own process holds no model and imports no numpy. A call goes to the process of its engine's family, which
is started at the first call, replaced when it dies and ended when nobody has called it for a while.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from clary.compute.engine_hosts.channel import EngineChannel
from clary.compute.forking.confinement import Confinement
from clary.compute.forking.spawner import Spawner, StartedProgram
from clary.core.acting import acting_account
from clary.engines.refusals import Refused

ENGINES = {
    "documents": "clary.engines.documents.host",
    "text": "clary.engines.text.host",
    "vision": "clary.engines.vision.host",
}
"""Families and the modules that load them."""

ENTRY = "clary.compute.engine_hosts.host:main"
CALL_SECONDS = 120.0
IDLE_SECONDS = 1800.0
_MEMORY_BYTES = 6 << 30
_TRIES = 2
_log = logging.getLogger(__name__)


class EngineBusy(Exception):
    """More calls wait than are let in at a time; the caller's client tries again."""


class EngineFailed(Exception):
    """The engine could not answer: it raised, died twice over this call, or ran out of its time."""


class EngineDied(Exception):
    """The process ended before it answered."""


class Engines(Protocol):
    """What services know of engines."""

    def call(self, family: str, method: str, *, timeout_seconds: float = CALL_SECONDS, **arguments: Any) -> Any:
        """Asks an engine; see `EngineHosts.call`."""
        ...


@dataclass(frozen=True, slots=True)
class HostSurroundings:
    """What an engine's process finds where it runs.

    Attributes:
        folder: each family's process may write to a folder of its own below, and nowhere else.
        log: what its libraries print goes there.
        hidden: folders it must not see; Clary's data first.
        environment: variables for a family, asked for before each start: where its pulled weights lie, for one. May
            block: what the first call of a family needs is fetched here.
    """

    folder: Path
    log: Path
    hidden: Sequence[Path] = ()
    environment: Callable[[str], Mapping[str, str]] = lambda family: {}


class EngineHosts:
    """Calls to engines.

    Promises:
        **Isolation.** An engine's process has no network and sees none of Clary's data, where the kernel can do that.
        **Others go on.** While one family's process starts, which fetches what it needs, the other families answer; no
        family's calls take all places, and no account's all of a family's or all there are.
        **Replacement.** A call whose process died is repeated once, in a new one. A call that takes too long ends the
        process; other calls under way in it are repeated.
        **Threads.** Any thread may call.

    Args:
        most_calls: calls under way or waiting at a time; each holds a thread of the caller's.
        idle_seconds: without a call for so long, a process is ended by `end_idle`.
        modules: the families; tests bring their own.
    """

    def __init__(
        self,
        spawner: Spawner,
        surroundings: HostSurroundings,
        *,
        most_calls: int = 12,
        idle_seconds: float = IDLE_SECONDS,
        modules: Mapping[str, str] = ENGINES,
    ) -> None:
        self._spawner = spawner
        self._surroundings = surroundings
        self._all_places = _Places(most_calls)
        self._places_of = {family: _Places(_most_of(most_calls)) for family in modules}
        self._idle_seconds = idle_seconds
        self._hosts = {family: _Host(family, module, self._start) for family, module in modules.items()}

    def call(self, family: str, method: str, *, timeout_seconds: float = CALL_SECONDS, **arguments: Any) -> Any:
        """Asks an engine and waits for its answer.

        Args:
            family: a key of `ENGINES`.
            method: a public method of what the family's `load()` returns.
            timeout_seconds: for the answer, the start of the process included.
            arguments: plain values: text, bytes, numbers, booleans, None, lists and dicts of them.

        Raises:
            Refused: the engine refuses the input.
            EngineBusy: too many calls wait.
            EngineFailed: there is no answer; the log has more.
        """
        with self._place(family):
            answer = self._hosts[family].ask(method, arguments, timeout_seconds)
        if "refused" in answer:
            refused = answer["refused"]
            raise Refused(refused["reason"], refused["message"], **refused["details"])
        if "failed" in answer:
            _log.error("%s.%s failed:\n%s", family, method, answer["failed"])
            raise EngineFailed(f"{family}.{method}: {answer['failed'].strip().splitlines()[-1]}")
        return answer["result"]

    def end_idle(self) -> None:
        """Ends the processes that nobody has called for a while, and frees their memory."""
        for host in self._hosts.values():
            host.end_if_idle(self._idle_seconds)

    def close(self) -> None:
        """Ends all of them."""
        for host in self._hosts.values():
            host.end()

    @contextlib.contextmanager
    def _place(self, family: str) -> Iterator[None]:
        """A place among the calls of a family, and among all."""
        account = acting_account()
        with contextlib.ExitStack() as held:
            for places in (self._places_of[family], self._all_places):
                if not places.take(account):
                    raise EngineBusy(f"too many calls wait for the {family} engine")
                held.callback(places.give_back, account)
            yield

    def _start(self, family: str, module: str, socket_of_host: socket.socket) -> StartedProgram:
        surroundings = self._surroundings
        own = surroundings.folder / family
        own.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder, hidden = str(own), (*surroundings.hidden, surroundings.folder)
        return self._spawner.spawn(
            ENTRY,
            [module],
            environment={
                "PATH": os.environ.get("PATH", os.defpath),
                "LANG": "C.UTF-8",
                "HOME": folder,
                "TMPDIR": folder,
                "PYTHONUNBUFFERED": "1",
                **surroundings.environment(family),
            },
            output=surroundings.log,
            folder=own,
            cpus=os.cpu_count() or 1,
            memory_bytes=_MEMORY_BYTES,
            die_with_parent=True,
            listening=socket_of_host.fileno(),
            confinement=Confinement(
                (folder,), tuple(map(str, hidden)), network=False, required=False, scratch_bytes=1 << 30
            ),
        )


class _Places:
    """Places for calls; the last of them are for other accounts than the one that has most.

    Args:
        count: of all.
    """

    def __init__(self, count: int) -> None:
        self._lock = threading.Lock()
        self._count = count
        self._taken: Counter[str] = Counter()

    def take(self, account: str) -> bool:
        """Whether there is a place for one more call of an account ("": Clary's own work); it is taken then."""
        with self._lock:
            most = _most_of(self._count) if account else self._count
            if self._taken.total() >= self._count or self._taken[account] >= most:
                return False
            self._taken[account] += 1
            return True

    def give_back(self, account: str) -> None:
        """A call of an account is over."""
        with self._lock:
            self._taken[account] -= 1
            if not self._taken[account]:
                del self._taken[account]


def _most_of(places: int) -> int:
    """How many of several places a part may take that others share them with."""
    return max(1, places * 3 // 4)


class _Host:
    """The process of one family, and who waits for its answers."""

    def __init__(self, family: str, module: str, start: Callable[[str, str, socket.socket], StartedProgram]) -> None:
        self._family = family
        self._module = module
        self._start = start
        self._lock = threading.Lock()
        self._life: _Life | None = None
        self._starting: Future[_Life] | None = None
        self._ended = False

    def ask(self, method: str, arguments: Mapping[str, Any], timeout_seconds: float) -> dict[str, Any]:
        deadline = time.monotonic() + timeout_seconds
        for _ in range(_TRIES):
            life = self._alive(deadline)
            try:
                return life.ask(method, arguments, deadline)
            except EngineDied:
                self._forget(life)
            except FutureTimeout:
                self._forget(life)
                life.end()
                raise EngineFailed(f"{self._family}.{method} took longer than {timeout_seconds:g} s") from None
        raise EngineFailed(f"the {self._family} engine died {_TRIES} times over {method}")

    def end_if_idle(self, idle_seconds: float) -> None:
        with self._lock:
            if self._life is not None and self._life.idle_seconds() > idle_seconds:
                self._life.end()
                self._life = None

    def end(self) -> None:
        with self._lock:
            life, self._life, self._ended = self._life, None, True
        if life is not None:
            life.end()

    def _alive(self, deadline: float) -> _Life:
        """The process, started where there is none; who comes while it starts waits for that start.

        Raises:
            EngineBusy: it did not start before the deadline.
            EngineFailed: it cannot be started.
        """
        with self._lock:
            if self._life is not None:
                return self._life
            starting, mine = self._starting, self._starting is None
            if starting is None:
                starting = self._starting = Future()
        if mine:
            self._begin(starting)
        try:
            return starting.result(max(0.0, deadline - time.monotonic()))
        except FutureTimeout:
            raise EngineBusy(f"the {self._family} engine is being started") from None

    def _begin(self, starting: Future[_Life]) -> None:
        """Starts the process, which may take minutes: nobody may hold the lock meanwhile."""
        try:
            life = self._started()
        except BaseException as error:
            with self._lock:
                self._starting = None
            starting.set_exception(error)
            return
        with self._lock:
            self._starting, ended = None, self._ended
            self._life = None if ended else life
        if ended:
            life.end()
        starting.set_result(life)

    def _started(self) -> _Life:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                program = self._start(self._family, self._module, theirs)
            except OSError as error:
                ours.close()
                raise EngineFailed(f"the {self._family} engine cannot be started: {error}") from error
        return _Life(self._family, EngineChannel(ours), program)

    def _forget(self, life: _Life) -> None:
        with self._lock:
            if self._life is life:
                self._life = None


class _Life:
    """One process from its start to its end."""

    def __init__(self, family: str, channel: EngineChannel, program: StartedProgram) -> None:
        self._channel = channel
        self._program = program
        self._lock = threading.Lock()
        self._ids = itertools.count(1)
        self._waiting: dict[int, Future[dict[str, Any]]] = {}
        self._ended = False
        self._last_call = time.monotonic()
        threading.Thread(target=self._receive, name=f"{family} engine", daemon=True).start()

    def ask(self, method: str, arguments: Mapping[str, Any], deadline: float) -> dict[str, Any]:
        """Sends a call and waits.

        Raises:
            EngineDied: the process ended before it answered.
            FutureTimeout: it did not answer in time.
        """
        answer: Future[dict[str, Any]] = Future()
        with self._lock:
            if self._ended:
                raise EngineDied
            number = next(self._ids)
            self._waiting[number] = answer
        try:
            self._send({"id": number, "method": method, "arguments": arguments})
            return answer.result(max(0.0, deadline - time.monotonic()))
        finally:
            with self._lock:
                self._waiting.pop(number, None)
                self._last_call = time.monotonic()

    def idle_seconds(self) -> float:
        """How long nobody has called; 0 while somebody waits."""
        with self._lock:
            return 0.0 if self._waiting else time.monotonic() - self._last_call

    def end(self) -> None:
        """Ends the process; who waits is told that it died."""
        self._channel.close()
        with contextlib.suppress(OSError):
            self._program.kill()

    def _send(self, message: dict[str, Any]) -> None:
        try:
            self._channel.send(message)
        except OSError:
            raise EngineDied from None

    def _receive(self) -> None:
        while True:
            try:
                message = self._channel.receive()
            except (OSError, ValueError):
                break
            with self._lock:
                answer = self._waiting.get(message["id"])
            if answer is not None:
                answer.set_result(message)
        with self._lock:
            self._ended = True
            waiting = list(self._waiting.values())
        for answer in waiting:
            answer.set_exception(EngineDied())
