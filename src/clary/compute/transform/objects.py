"""One host's share of a batch transform: its objects, some of them at once, each in order and in constant memory."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

from clary.compute.contract import TransformPlan
from clary.compute.jobs.channel_files import DataError, Source, told_as_data_error
from clary.compute.jobs.staging import unpack
from clary.compute.transform.errors import TransformError
from clary.compute.transform.exchange import Settings
from clary.compute.transform.records import RecordFilter
from clary.compute.transform.splitting import payloads
from clary.storage.data_access import DataAccess
from clary.storage.object_values import Attributes

_CHUNK_BYTES = 1 << 20
T = TypeVar("T")

Send = Callable[[bytes], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Failure:
    """An object that could not be transformed."""

    source: Source
    error: TransformError


@dataclass(frozen=True, slots=True)
class _Request:
    """A payload, and the records it was made from where they are joined with the answer."""

    payload: bytes
    records: Sequence[object]


class ObjectTransforms:
    """Transforms objects; one that fails does not hold up the others.

    Args:
        data: reads and writes with the model's role.
        send: sends a payload to the model.
        records: the filters of the transform, None where payloads and answers pass as they are.
        scratch: a folder for outputs that are not complete; an output is stored when it is.
        done: called with each object that was stored.
    """

    def __init__(
        self,
        data: DataAccess,
        plan: TransformPlan,
        settings: Settings,
        send: Send,
        records: RecordFilter | None,
        scratch: Path,
        done: Callable[[Source], None],
    ) -> None:
        self._data = data
        self._plan = plan
        self._settings = settings
        self._send = send
        self._records = records
        self._scratch = scratch
        self._done = done
        self._permits = asyncio.Semaphore(settings.concurrent)
        self._threads = ThreadPoolExecutor(settings.concurrent + 1, "transform")
        self._waiting: deque[Source] = deque()
        self._active = 0

    async def run(self, sources: Sequence[Source]) -> list[Failure]:
        """Transforms the objects; returns those that failed, in the order they were begun."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        self._waiting = deque(sources)
        failures: list[Failure] = []
        workers = [
            asyncio.create_task(self._work(self._scratch / f"{number}.out", failures))
            for number in range(min(self._settings.concurrent, len(sources)))
        ]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            self._threads.shutdown(cancel_futures=True)
        position = {source: number for number, source in enumerate(sources)}
        return sorted(failures, key=lambda failure: position[failure.source])

    async def _work(self, scratch: Path, failures: list[Failure]) -> None:
        while self._waiting:
            source = self._waiting.popleft()
            self._active += 1
            try:
                await self._transform(source, scratch)
                self._done(source)
            except TransformError as error:
                failures.append(Failure(source, error))
            except DataError as error:
                failures.append(Failure(source, TransformError(str(error))))
            finally:
                self._active -= 1
                scratch.unlink(missing_ok=True)

    async def _transform(self, source: Source, scratch: Path) -> None:
        """One object: requests go out while earlier answers are awaited and written in order."""
        requests = self._requests(source)
        pending: deque[asyncio.Task[bytes]] = deque()
        try:
            with scratch.open("wb") as out:
                while (request := await self._blocking(next, requests, None)) is not None:
                    while len(pending) > self._settings.concurrent // self._active:
                        await self._write(await pending.popleft(), out)
                    pending.append(asyncio.create_task(self._answer(request)))
                while pending:
                    await self._write(await pending.popleft(), out)
            await self._blocking(self._store, source, scratch)
        finally:
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
            with contextlib.suppress(ValueError):  # a thread may still be reading when the job is stopped
                requests.close()

    async def _answer(self, request: _Request) -> bytes:
        async with self._permits:
            answer = await self._send(request.payload)
        if self._records is None:
            return answer
        return await self._blocking(self._records.incoming, answer, request.records)

    async def _write(self, answer: bytes, out: BinaryIO) -> None:
        def write() -> None:
            out.write(answer)
            if self._plan.assemble == "Line" and not answer.endswith(b"\n"):
                out.write(b"\n")

        with told_as_data_error("The output", self._plan.replica.role_arn):
            await self._blocking(write)

    def _requests(self, source: Source) -> Generator[_Request, None, None]:
        settings = self._settings
        role_arn = self._plan.replica.role_arn
        with (
            told_as_data_error(f"s3://{source.bucket}/{source.key}", role_arn),
            self._data.open(role_arn, source.bucket, source.key) as file,
        ):
            pieces = unpack(file, source.key) if self._plan.input.compression == "Gzip" else _pieces(file)
            for payload in payloads(
                self._plan.split, pieces, several=settings.several, most_bytes=settings.payload_bytes
            ):
                yield _Request(payload, ()) if self._records is None else _Request(*self._records.outgoing(payload))

    def _store(self, source: Source, scratch: Path) -> None:
        uri = f"{self._plan.output_uri.rstrip('/')}/{source.path}.out"
        headers = {"Content-Type": self._plan.accept} if self._plan.accept else {}
        with told_as_data_error(uri, self._plan.replica.role_arn):
            self._data.upload(self._plan.replica.role_arn, uri, scratch, Attributes(headers=headers))

    async def _blocking(self, function: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_CHUNK_BYTES):
        yield piece
