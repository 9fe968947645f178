"""Starts the jobs in which versions of adapters learn: at a user's word, and of itself where AutoUpdate is on."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from dataclasses import asdict, replace
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from clary.compute.contract import Output
from clary.compute.jobs.scheduler import Jobs
from clary.core import ids
from clary.core.call import Call, Principal
from clary.core.clock import Clock
from clary.core.errors import ServiceError
from clary.services.textract.adapters.adapter_states import ACTIVE, AdapterStates
from clary.services.textract.errors import ConflictException
from clary.services.textract.job_specs import job_spec
from clary.services.textract.jobs.document_jobs import DEFAULT_PREFIX
from clary.services.textract.names import ADAPTER, ADAPTER_VERSION, version_arn
from clary.storage.records import Record, RecordChanged, Records

_log = logging.getLogger(__name__)


class AdapterLearning:
    """Makes versions of adapters.

    Args:
        records: where adapters and versions are kept.
        jobs: runs what learns.
        states: where versions' files lie.
    """

    def __init__(self, records: Records, jobs: Jobs, states: AdapterStates, clock: Clock) -> None:
        self._records = records
        self._jobs = jobs
        self._states = states
        self._clock = clock

    def start(
        self,
        call: Call,
        adapter: Record,
        papers: Path,
        request: Mapping[str, Any],
        tags: Mapping[str, str],
        token: tuple[str, str] | None = None,
    ) -> str:
        """Has the next version of an adapter learn; returns its number.

        Args:
            adapter: as it was read.
            papers: a folder with labelled papers, which becomes the version's.
            request: of CreateAdapterVersion.
            token: the request's token and what tells the request from others.

        Raises:
            ConflictException: somebody else changes the adapter.
        """
        version = next_version(adapter)
        body = {**adapter.body, "versions": int(version)}
        if token is not None:
            body["tokens"] = {**body.get("tokens", {}), token[0]: {"version": version, "digest": token[1]}}
        try:
            self._records.update(adapter, body=body)
        except RecordChanged as error:
            raise ConflictException(f"The adapter {adapter.name} is being changed. Try again.") from error
        place = self._states.place(adapter.name, version)
        shutil.rmtree(place, ignore_errors=True)
        papers.rename(place)
        arn = version_arn(call, adapter.name, version)
        record = Record(
            ADAPTER_VERSION, call.account, call.region, f"{adapter.name}/{version}", arn, parent=adapter.arn
        )
        output = Output(
            "output/answer", f"s3://{'/'.join(output_place(adapter, request))}", "files", after_failure=False
        )
        spec = job_spec(call, record, "adapter_training:main", {}, place, (output,))
        told = {
            "request": {member: value for member, value in request.items() if member != "Tags"},
            "features": adapter.body["features"],
            "base": base_model(),
            "caller": asdict(call.principal),
        }
        self._jobs.submit(replace(record, body=told), spec, tags=tags)
        return version

    def update_outdated(self) -> None:
        """Learns anew, from the same papers, for adapters with AutoUpdate whose last version is of another Clary."""
        for adapter in self._records.of_kind(ADAPTER):
            last = self._records.by_arn(f"{adapter.arn}/versions/{adapter.body['versions']}")
            if adapter.body["auto_update"] != "ENABLED" or last is None or last.status != ACTIVE:
                continue
            if last.body["base"] != base_model():
                try:
                    self._learn_anew(adapter, last)
                except (ServiceError, OSError):
                    _log.exception("the adapter %s cannot be updated", adapter.name)

    def _learn_anew(self, adapter: Record, last: Record) -> None:
        principal = Principal(**last.body["caller"])
        call = Call(
            "textract",
            "CreateAdapterVersion",
            adapter.account,
            adapter.region,
            principal,
            ids.request_id(),
            self._clock.now(),
        )
        draft = self._states.place(adapter.name, f"{ids.request_id()}.draft")
        shutil.copytree(self._states.place(adapter.name, last.name.rpartition("/")[2]), draft)
        try:
            self.start(call, adapter, draft, last.body["request"], self._records.tags(last.arn))
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise


def next_version(adapter: Record) -> str:
    """The number of the version that an adapter makes next."""
    return str(adapter.body["versions"] + 1)


def output_place(adapter: Record, request: Mapping[str, Any]) -> tuple[str, str]:
    """Bucket and prefix to which the next version writes.

    Args:
        request: of CreateAdapterVersion.
    """
    config = request["OutputConfig"]
    prefix = config.get("S3Prefix", DEFAULT_PREFIX).strip("/")
    return config["S3Bucket"], f"{prefix}/{adapter.name}/{next_version(adapter)}"


def base_model() -> str:
    """Which models adapters build on: they come with Clary."""
    return version_of("clary")
