"""One process that serves a model: started, asked for its health, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from clary.compute.containers.access import ContainerAccess
from clary.compute.contract import ReplicaPlan
from clary.compute.forking.confinement import Confinement
from clary.compute.forking.spawner import Spawner, StartedProgram
from clary.compute.hosting.container_replica import start_container
from clary.compute.hosting.isolated_replica import IsolatedReplicas
from clary.compute.hosting.logs import ReplicaLog
from clary.compute.hosting.replica_client import (
    ReplicaClient,
    ReplicaLost,
    ReplicaTimeout,
    ReplicaUnreachable,
    ResponseTooLarge,
    request_bytes,
)
from clary.compute.preparation import NothingToPrepare, Preparation, PreparationCancelled, PreparationFailed
from clary.compute.role_access import RoleAccess, admit_replica

__all__ = ["HostingTimes", "Launcher", "Replica", "ReplicaFailed", "Spawner", "StartedProgram"]

T = TypeVar("T")
_PING = request_bytes("GET", "/ping", (), b"")


class ReplicaFailed(Exception):
    """A replica did not become healthy.

    Args:
        reason: why, with the last lines of its log.
        final: whether another attempt cannot help.
        started: whether there was a program to ask for its health.
    """

    def __init__(self, reason: str, *, final: bool = False, started: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.final = final
        self.started = started


@dataclass(frozen=True, slots=True)
class HostingTimes:
    """How long hosting waits for what, in seconds.

    Attributes:
        ping: an answer to `/ping`.
        watch: between two pings of a healthy replica.
        invocation: an answer to `/invocations`; SageMaker allows 60.
        grace: between SIGTERM and SIGKILL; SageMaker allows 30.
        first_backoff, longest_backoff: between a crash and the next start; it doubles each time.
    """

    ping: float = 2.0
    watch: float = 10.0
    invocation: float = 60.0
    grace: float = 30.0
    first_backoff: float = 0.1
    longest_backoff: float = 30.0


class Replica:
    """A started serving program and the connections to it.

    Attributes:
        in_flight: requests that it has been given and that are not answered.
        available: whether requests may be given to it.
        exited: resolves to the exit code.
    """

    def __init__(self, program: StartedProgram, socket_path: Path, times: HostingTimes) -> None:
        loop = asyncio.get_running_loop()
        self.program = program
        self.client = ReplicaClient(str(socket_path))
        self.in_flight = 0
        self.available = False
        self.exited: asyncio.Future[int] = loop.create_future()
        self.suspected = asyncio.Event()
        self._idle: asyncio.Event | None = None
        self._socket_path = socket_path
        self._times = times
        program.exited.add_done_callback(lambda code: _tell(loop, self._exit, code.result()))

    def _exit(self, code: int) -> None:
        self.available = False
        if not self.exited.done():
            self.exited.set_result(code)
        shutil.rmtree(self._socket_path.parent, ignore_errors=True)

    def answered(self) -> None:
        """A request that was counted in `in_flight` is over."""
        self.in_flight -= 1
        if self._idle is not None and self.in_flight == 0:
            self._idle.set()

    async def ping(self) -> bool:
        """Whether `/ping` answers 200 in time."""
        try:
            answer = await self.client.request(_PING, timeout_seconds=self._times.ping)
        except (ReplicaUnreachable, ReplicaLost, ReplicaTimeout, ResponseTooLarge):
            return False
        return answer.status == 200

    async def until_healthy(self, startup_seconds: float) -> None:
        """Waits until `/ping` answers 200.

        Raises:
            ReplicaFailed: the program ended, or the time is over.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + startup_seconds
        pause = 0.004
        while not await self.ping():
            if self.exited.done():
                raise ReplicaFailed(_how_it_ended(self.exited.result()))
            if loop.time() >= deadline:
                raise ReplicaFailed(f"/ping did not answer 200 within {startup_seconds:g} seconds.", final=True)
            await asyncio.wait([self.exited], timeout=pause)
            pause = min(pause * 1.4, 0.25)
        self.available = True

    async def until_idle(self, longest_seconds: float) -> None:
        """Gives the replica no further requests and waits for the answers to those it has."""
        self.available = False
        if self.in_flight:
            self._idle = asyncio.Event()
            try:
                await asyncio.wait_for(self._idle.wait(), longest_seconds)
            except TimeoutError:
                pass

    async def stop(self) -> None:
        """SIGTERM, the grace, SIGKILL; returns when the process is gone."""
        self.available = False
        if not self.exited.done():
            self.program.terminate()
            done, _ = await asyncio.wait([self.exited], timeout=self._times.grace)
            if not done:
                self.program.kill()
                await asyncio.wait([self.exited])
        self.client.close()


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"The serving program ended with exit code {code}."
    return f"The serving program was ended by {signal.Signals(-code).name}."


def _tell(loop: asyncio.AbstractEventLoop, function: Callable[[int], None], code: int) -> None:
    try:
        loop.call_soon_threadsafe(function, code)
    except RuntimeError:  # the loop is closed: nobody waits any more
        pass


class Launcher:
    """Starts replicas.

    Args:
        spawner: the fork server.
        sockets: folder of the replicas' sockets; its path must be short (a socket's path has at most 107 bytes).
        threads: where blocking calls are made.
        preparation: makes the environments of programs that users bring.
        hidden: folders that serving programs must not see; Clary's data first.
        containers: what runs images.
        role_access: lets programs that users bring in as their model's role; None where they get no credentials.
    """

    def __init__(
        self,
        spawner: Spawner,
        sockets: Path,
        threads: ThreadPoolExecutor,
        times: HostingTimes,
        *,
        preparation: Preparation | None = None,
        hidden: Sequence[Path] = (),
        containers: ContainerAccess | None = None,
        role_access: RoleAccess | None = None,
    ) -> None:
        self._role_access = role_access
        self.times = times
        self._containers = containers or ContainerAccess()
        self._data = next(iter(hidden), None)
        self._hidden = tuple(map(str, hidden))
        self._spawner = spawner
        self._sockets = sockets
        self._threads = threads
        self._isolated = IsolatedReplicas(spawner, preparation or NothingToPrepare(), hidden)

    async def blocking(self, function: Callable[..., T], *args: object) -> T:
        """Calls `function` in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *args)

    async def launch(self, plan: ReplicaPlan, root: Path, log: ReplicaLog) -> Replica:
        """Starts a replica; it is not healthy yet.

        Raises:
            ReplicaFailed: it cannot be started.
        """
        # A folder of its own: a replica that was taken over must not put itself in the place of others.
        socket_path = self._sockets / secrets.token_hex(6) / "s"
        socket_path.parent.mkdir(mode=0o700)
        with contextlib.ExitStack() as undone:
            undone.callback(shutil.rmtree, socket_path.parent, ignore_errors=True)
            output = log.open()
            undone.callback(os.close, output)
            cancelled = threading.Event()
            start = asyncio.ensure_future(self._admit_and_start(plan, root, socket_path, output, log, cancelled))
            try:
                program = await asyncio.shield(start)
            except asyncio.CancelledError:
                cancelled.set()
                with contextlib.suppress(OSError, PreparationFailed, PreparationCancelled):
                    (await start).kill()  # it is being born: wait for it, or nobody would ever end it
                raise
            except PreparationFailed as error:
                raise ReplicaFailed(f"{error}", final=True, started=False) from error
            except OSError as error:
                raise ReplicaFailed(f"The serving program cannot be started: {error}") from error
            undone.pop_all()
        os.close(output)
        return Replica(program, socket_path, self.times)

    async def _admit_and_start(
        self,
        plan: ReplicaPlan,
        root: Path,
        socket_path: Path,
        output: int,
        log: ReplicaLog,
        cancelled: threading.Event,
    ) -> StartedProgram:
        """Starts a program with its role's credentials, which end when it does."""
        access = self._role_access
        if access is None or not (plan.program.argv or plan.program.image):
            return await self._start(plan, root, socket_path, output, log, cancelled)
        admission = await self.blocking(admit_replica, access, plan)
        log.hide(admission.secrets)
        plan = replace(plan, program=admission.program)
        try:
            program = await self._start(plan, root, socket_path, output, log, cancelled)
        except Exception:
            await self.blocking(access.withdraw, admission)
            raise
        program.exited.add_done_callback(lambda _: access.withdraw(admission))
        return program

    async def _start(
        self,
        plan: ReplicaPlan,
        root: Path,
        socket_path: Path,
        output: int,
        log: ReplicaLog,
        cancelled: threading.Event,
    ) -> StartedProgram:
        if plan.program.image:
            arguments_of_image = (self._spawner, self._containers, plan, root, socket_path, output, self._data)
            return await self.blocking(start_container, *arguments_of_image)
        if not plan.program.argv:
            return await self.blocking(self._spawn, plan, root, socket_path, output)
        loop = asyncio.get_running_loop()

        def tell(line: str) -> None:
            loop.call_soon_threadsafe(log.note, line)

        arguments = (plan, root, socket_path, output, tell, cancelled.is_set)
        if self._isolated.is_ready(plan.program):
            return await self.blocking(self._isolated.start, *arguments)
        with ThreadPoolExecutor(1, "preparation") as thread:  # building takes minutes: it must not be in others' way
            return await loop.run_in_executor(thread, self._isolated.start, *arguments)

    def _spawn(self, plan: ReplicaPlan, root: Path, socket_path: Path, output: int) -> StartedProgram:
        program = plan.program
        return self._spawner.spawn(
            program.entry,
            [root, str(socket_path), *program.args],
            environment={
                "PATH": os.environ.get("PATH", os.defpath),
                "LANG": "C.UTF-8",
                "HOME": str(root),
                "PYTHONUNBUFFERED": "1",
                **program.environment,
            },
            output=output,
            folder=root,
            cpus=min(plan.limits.cpus, os.cpu_count() or 1),
            memory_bytes=plan.limits.memory_bytes,
            die_with_parent=True,
            confinement=Confinement.of(
                program, plan.limits, (str(root), str(socket_path.parent)), self._hidden, plan.limits.memory_bytes
            ),
        )
