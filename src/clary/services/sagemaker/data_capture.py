"""Data capture: what was asked of an endpoint and what it answered, as JSON lines in S3.

Requests only put a captured pair into memory; a background task encodes and stores it some seconds later, one object
per endpoint, variant and time.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from clary.compute.hosting.endpoint import PREVIOUS
from clary.core.clock import Clock, SystemClock
from clary.services.sagemaker.locations import location
from clary.storage.data_access import DataAccess
from clary.storage.records import Records

FLUSH_SECONDS = 10.0
FLUSH_BYTES = 1 << 20

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CaptureRule:
    """What is captured of a variant.

    Attributes:
        percentage: of the requests, 0 to 100; 0 captures nothing.
        uri: the prefix that captures are written below.
        role_arn: the role they are written with: that of the variant's model.
        csv_types, json_types: content types whose bodies are written as text; all others become base64.
    """

    percentage: float = 0.0
    uri: str = ""
    role_arn: str = ""
    endpoint: str = ""
    input: bool = False
    output: bool = False
    csv_types: frozenset[str] = frozenset()
    json_types: frozenset[str] = frozenset()


NOTHING = CaptureRule()


@dataclass(slots=True)
class Exchange:
    """One captured invocation."""

    time: float
    inference_id: str
    custom_attributes: str
    body: bytes
    content_type: str
    answer: bytes
    answer_type: str


@dataclass(slots=True)
class _Batch:
    """What has been captured of a variant since it was stored last."""

    rule: CaptureRule
    exchanges: list[Exchange] = field(default_factory=list)
    size_bytes: int = 0


class DataCapture:
    """Captures invocations.

    Args:
        records: endpoint records; their "capture" is the DataCaptureConfig.
        data_access: writes to S3 with a model's role.
        seed: of the sampling; None takes one from the operating system.
    """

    def __init__(
        self, records: Records, data_access: DataAccess, *, clock: Clock | None = None, seed: int | None = None
    ) -> None:
        self._records = records
        self._data_access = data_access
        self._clock = clock or SystemClock()
        self._random = random.Random(seed)  # noqa: S311 - sampling is no secret
        self._rules: dict[tuple[str, str], tuple[int, CaptureRule]] = {}
        self._batches: dict[tuple[str, str], _Batch] = {}
        self._task: asyncio.Task[None] | None = None
        self._early: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Stores what is left; to be called when there are no more invocations."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await asyncio.gather(*self._early, return_exceptions=True)
        await self.flush()

    def rule(self, arn: str, variant: str, generation: int) -> CaptureRule | None:
        """The rule for a variant of the generation that answered; None while it is not known yet: see `learn`."""
        known = self._rules.get((arn, variant))
        return known[1] if known is not None and known[0] == generation else None

    async def learn(self, arn: str, variant: str, generation: int) -> CaptureRule:
        """Reads a rule from the endpoint's record."""
        record = await asyncio.to_thread(self._records.by_arn, arn)
        rule = NOTHING
        if record is not None:
            for body in (record.body, record.body.get(PREVIOUS, {})):
                if body.get("plan", {}).get("generation") == generation:
                    rule = _rule(record.name, body, variant)
                    break
        self._rules[(arn, variant)] = (generation, rule)
        return rule

    def is_sampled(self, rule: CaptureRule) -> bool:
        """Whether this request is one of those to capture."""
        return rule.percentage > 0 and self._random.random() * 100 < rule.percentage

    def take(self, arn: str, variant: str, rule: CaptureRule, exchange: Exchange) -> None:
        """Notes an invocation to be stored."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        key = (arn, variant)
        batch = self._batches.get(key)
        if batch is None or batch.rule is not rule:
            if batch is not None:
                self._store_early(key)
            batch = self._batches[key] = _Batch(rule)
        batch.exchanges.append(exchange)
        batch.size_bytes += len(exchange.body) + len(exchange.answer)
        if batch.size_bytes >= FLUSH_BYTES:
            self._store_early(key)

    async def flush(self) -> None:
        """Stores everything captured so far."""
        batches, self._batches = self._batches, {}
        await asyncio.gather(*[asyncio.to_thread(self._store, key[1], batch) for key, batch in batches.items()])

    def _store_early(self, key: tuple[str, str]) -> None:
        task = asyncio.create_task(asyncio.to_thread(self._store, key[1], self._batches.pop(key)))
        self._early.add(task)
        task.add_done_callback(self._early.discard)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self.flush()

    def _store(self, variant: str, batch: _Batch) -> None:
        rule = batch.rule
        lines = b"".join(orjson.dumps(_line(rule, exchange)) + b"\n" for exchange in batch.exchanges)
        when = self._clock.now()
        name = f"{when:%Y/%m/%d/%H}/{when:%M-%S}-{when.microsecond // 1000:03}-{uuid.uuid4()}.jsonl"
        uri = location(rule.uri, "DataCaptureConfig.DestinationS3Uri").below(f"{rule.endpoint}/{variant}/{name}")
        try:
            self._data_access.upload_bytes(rule.role_arn, uri, lines)
        except Exception:
            _log.exception("%d captured invocations could not be written to %s", len(batch.exchanges), uri)


def _rule(endpoint: str, body: Mapping[str, Any], variant: str) -> CaptureRule:
    capture = body.get("capture")
    if not capture or not capture.get("EnableCapture", True):
        return NOTHING
    modes = {option["CaptureMode"] for option in capture["CaptureOptions"]}
    headers = capture.get("CaptureContentTypeHeader", {})
    role = next(one["plan"]["role_arn"] for one in body["plan"]["variants"] if one["name"] == variant)
    return CaptureRule(
        percentage=capture["InitialSamplingPercentage"],
        uri=capture["DestinationS3Uri"],
        role_arn=role,
        endpoint=endpoint,
        input=bool(modes & {"Input", "InputAndOutput"}),
        output=bool(modes & {"Output", "InputAndOutput"}),
        csv_types=frozenset(map(str.lower, headers.get("CsvContentTypes", []))),
        json_types=frozenset(map(str.lower, headers.get("JsonContentTypes", []))),
    )


def _line(rule: CaptureRule, exchange: Exchange) -> dict[str, Any]:
    data = {}
    if rule.input:
        data["endpointInput"] = _side(rule, "INPUT", exchange.body, exchange.content_type)
    if rule.output:
        data["endpointOutput"] = _side(rule, "OUTPUT", exchange.answer, exchange.answer_type)
    metadata: dict[str, Any] = {"eventId": str(uuid.uuid4())}
    if exchange.inference_id:
        metadata["inferenceId"] = exchange.inference_id
    if exchange.custom_attributes:
        metadata["customAttributes"] = [exchange.custom_attributes]
    metadata["inferenceTime"] = f"{datetime.fromtimestamp(exchange.time, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return {"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}


def _side(rule: CaptureRule, mode: str, body: bytes, content_type: str) -> dict[str, str]:
    encoding, data = _encoded(rule, body, content_type.partition(";")[0].strip().lower())
    return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}


def _encoded(rule: CaptureRule, body: bytes, content_type: str) -> tuple[str, str]:
    for encoding, types in (("CSV", rule.csv_types), ("JSON", rule.json_types)):
        if content_type in types:
            try:
                return encoding, body.decode()
            except UnicodeDecodeError:
                break  # it is not what it says: nothing of it may be lost
    return "BASE64", base64.b64encode(body).decode()
