"""Requests of a batch transform to its replica: what the model wishes, sending with retries, and what goes wrong."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from clary.compute.contract import TransformPlan
from clary.compute.hosting.replica import Replica
from clary.compute.hosting.replica_client import (
    ReplicaLost,
    ReplicaResponse,
    ReplicaTimeout,
    ReplicaUnreachable,
    ResponseTooLarge,
    request_bytes,
)
from clary.compute.transform.errors import TransformError

DEFAULT_PAYLOAD_BYTES = 6 << 20
MOST_BYTES_AT_ONCE = 100 << 20
UNLIMITED_PAYLOAD_BYTES = 1 << 30
"""What stands for MaxPayloadInMB 0: a request is held in memory."""
MOST_AT_ONCE, MOST_UNLIMITED_AT_ONCE = 100, 4
"""Requests at once, whatever the job asks for: they are held in the memory of Clary, not of the instance."""
_SMALLEST_ANSWER_LIMIT_BYTES = 64 << 20
_PARAMETERS_SECONDS = 2.0
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.1, 5.0
_LONGEST_DETAIL_CHARACTERS = 2000
_PARAMETERS = request_bytes("GET", "/execution-parameters", (), b"")


@dataclass(frozen=True, slots=True)
class Settings:
    """How a transform sends what it reads.

    Attributes:
        concurrent: requests at once.
        payload_bytes: of a request, at most.
        several: whether a request holds as many records as fit, or one.
    """

    concurrent: int
    payload_bytes: int
    several: bool

    @property
    def answer_bytes(self) -> int:
        """The largest answer that is taken: a model must not fill Clary's memory with many at once."""
        return max(4 * MOST_BYTES_AT_ONCE // self.concurrent, _SMALLEST_ANSWER_LIMIT_BYTES)

    def line(self) -> str:
        """The first line of the data log."""
        strategy = "MULTI_RECORD" if self.several else "SINGLE_RECORD"
        megabytes = 0 if self.payload_bytes == UNLIMITED_PAYLOAD_BYTES else self.payload_bytes >> 20
        return f"MaxConcurrentTransforms={self.concurrent}, MaxPayloadInMB={megabytes}, BatchStrategy={strategy}"


def settings_of(plan: TransformPlan, wishes: Mapping[str, Any]) -> Settings:
    """The settings that the job asks for, else those that the model wishes, else SageMaker's defaults.

    Args:
        wishes: what `/execution-parameters` answered.
    """
    payload_bytes = plan.payload_bytes
    if payload_bytes is None:
        payload_bytes = _positive(wishes.get("MaxPayloadInMB")) << 20 or DEFAULT_PAYLOAD_BYTES
        payload_bytes = min(payload_bytes, MOST_BYTES_AT_ONCE)
    concurrent = plan.concurrent
    if not concurrent:
        fit = max(1, MOST_BYTES_AT_ONCE // payload_bytes) if payload_bytes else 1
        concurrent = min(_positive(wishes.get("MaxConcurrentTransforms")) or 1, fit)
    concurrent = min(concurrent, MOST_AT_ONCE if payload_bytes else MOST_UNLIMITED_AT_ONCE)
    strategy = plan.strategy or str(wishes.get("BatchStrategy", "MULTI_RECORD"))
    several = strategy.upper().replace("_", "") != "SINGLERECORD"
    return Settings(concurrent, payload_bytes or UNLIMITED_PAYLOAD_BYTES, several)


def _positive(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


class Exchange:
    """Sends payloads to a replica.

    Args:
        accept: the content type to ask for, "" for any.
    """

    def __init__(self, replica: Replica, plan: TransformPlan, accept: str) -> None:
        self._replica = replica
        self._plan = plan
        headers = [("Content-Type", plan.input.content_type)] if plan.input.content_type else []
        self._headers = [*headers, ("Accept", accept)] if accept else headers

    async def wishes(self) -> dict[str, Any]:
        """What `/execution-parameters` answers; nothing where the model does not have it."""
        try:
            answer = await self._replica.client.request(_PARAMETERS, timeout_seconds=_PARAMETERS_SECONDS)
            found = json.loads(answer.body) if answer.status == HTTPStatus.OK else {}
        except (ReplicaUnreachable, ReplicaLost, ReplicaTimeout, ResponseTooLarge, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    async def send(self, payload: bytes) -> bytes:
        """The model's answer; a request that fails for a reason that may pass is sent again.

        Raises:
            TransformError: it failed for good.
        """
        head = request_bytes("POST", "/invocations", self._headers, payload)
        pause = _FIRST_PAUSE_SECONDS
        for attempt in range(self._plan.invocation_retries + 1):
            last = attempt == self._plan.invocation_retries
            try:
                answer = await self._replica.client.request(
                    head, payload, timeout_seconds=self._plan.invocation_seconds
                )
            except (ReplicaUnreachable, ReplicaLost, ReplicaTimeout) as error:
                if last:
                    raise self._no_answer(error) from error
            except ResponseTooLarge as error:
                raise TransformError(
                    "Unable to get response from algorithm", blame="AlgorithmError", detail=str(error)
                ) from error
            else:
                if answer.status < HTTPStatus.MULTIPLE_CHOICES:
                    return answer.body
                if last or not _may_pass(answer.status):
                    raise _bad_status(answer)
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        raise AssertionError("the last attempt returns or raises")

    def _no_answer(self, error: Exception) -> TransformError:
        if isinstance(error, ReplicaTimeout):
            detail = f"It did not answer within {self._plan.invocation_seconds} seconds."
        else:
            detail = f"{error}."
        return TransformError("Unable to get response from algorithm", blame="AlgorithmError", detail=detail)


def _may_pass(status: int) -> bool:
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS


def _bad_status(answer: ReplicaResponse) -> TransformError:
    return TransformError(
        f"Bad HTTP status received from algorithm: {answer.status}",
        blame="AlgorithmError" if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "ClientError",
        detail=answer.body.decode("utf-8", "replace").strip()[:_LONGEST_DETAIL_CHARACTERS],
    )
