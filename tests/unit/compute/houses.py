"""What the tests of hosting share: a Clary's stores in a folder, and endpoints made of test programs."""

from __future__ import annotations

import asyncio
import io
import json
import os
import tarfile
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from clary.compute.contract import EndpointPlan, Program, ReplicaPlan, VariantPlan
from clary.compute.forking.server import ForkServer
from clary.compute.hosting.endpoint import PREVIOUS
from clary.compute.hosting.endpoints import ENDPOINT_KINDS, Hosting, HostingTimes, InvokeRequest
from clary.compute.preparation import Preparation
from clary.storage import logs as log_store
from clary.storage import metrics as metric_store
from clary.storage import records as record_store
from clary.storage.database import Database
from clary.storage.logs import Logs
from clary.storage.metrics import Metrics
from clary.storage.object_errors import NoSuchKey
from clary.storage.records import Record, Records

ACCOUNT, REGION = "123456789012", "us-east-1"
QUICK = HostingTimes(ping=2.0, watch=0.2, invocation=5.0, grace=2.0, first_backoff=0.05, longest_backoff=0.2)


def arn_of(name: str) -> str:
    return f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/{name}"


def archive(**files: str) -> bytes:
    """A `model.tar.gz` with these files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))
    return out.getvalue()


class Source:
    """Models by S3 address."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.downloads = 0

    def download(self, role_arn: str, bucket: str, key: str, path: Path) -> None:
        self.downloads += 1
        if (bucket, key) not in self.objects:
            raise NoSuchKey(Key=key)
        path.write_bytes(self.objects[bucket, key])

    def list(self, role_arn: str, uri: str) -> Any:
        raise NotImplementedError


class House:
    """The stores of one Clary and its hosting."""

    def __init__(
        self,
        folder: Path,
        server: ForkServer,
        *,
        times: HostingTimes = QUICK,
        preparation: Preparation | None = None,
    ) -> None:
        self.folder = folder
        self.server = server
        self.times = times
        self.preparation = preparation
        self.source = Source()
        schema = record_store.SCHEMA + log_store.SCHEMA + metric_store.SCHEMA
        self.database = Database(folder / "clary.db", schema)
        self.records = Records(self.database)
        self.logs = Logs(self.database)
        self.metrics = Metrics(self.database)
        self.hosting = self.new_hosting()

    def new_hosting(self) -> Hosting:
        return Hosting(
            self.records,
            self.source,
            self.logs,
            self.metrics,
            self.server,
            self.folder / "hosting",
            times=self.times,
            preparation=self.preparation,
            hidden=(self.folder,),
        )

    async def restart(self) -> None:
        """An orderly stop and a new start."""
        await self.hosting.close()
        self.hosting = self.new_hosting()
        await self.hosting.start()

    def plan(
        self, name: str = "e", generation: int = 1, *variants: VariantPlan, entry: str = "serving", word: str = ""
    ) -> EndpointPlan:
        return EndpointPlan(
            arn_of(name),
            ACCOUNT,
            REGION,
            name,
            generation,
            variants or (variant("All", entry=entry, word=word),),
            f"/aws/sagemaker/Endpoints/{name}",
        )

    def store(self, plan: EndpointPlan, status: str = "Creating", **body: Any) -> Record:
        record = Record(ENDPOINT_KINDS[0], ACCOUNT, REGION, plan.name, plan.arn, status)
        return self.records.insert(replace(record, body={"plan": asdict(plan), **body}))

    def create(self, plan: EndpointPlan) -> None:
        self.store(plan)
        self.hosting.apply(plan)

    def update(self, plan: EndpointPlan) -> None:
        record = self.record(plan.name)
        body = {"plan": asdict(plan), "hosting": record.body.get("hosting", {}), PREVIOUS: record.body}
        self.records.update(record, status="Updating", body=body)
        self.hosting.apply(plan)

    def record(self, name: str = "e") -> Record:
        record = self.records.by_arn(arn_of(name))
        assert record is not None
        return record

    def reason(self, name: str = "e") -> str:
        return str(self.record(name).body["hosting"]["failure_reason"])

    async def settled(self, name: str = "e") -> str:
        """The status once the endpoint is no longer being changed."""
        await eventually(lambda: self.record(name).status not in ("Creating", "Updating"))
        return self.record(name).status

    async def ask(self, body: str = "hello", name: str = "e", **options: Any) -> dict[str, Any]:
        request = InvokeRequest(body.encode(), "text/csv", **options)
        answer = await self.hosting.invoke(arn_of(name), request)
        assert answer.status == 200, answer
        return {**json.loads(answer.body), "variant": answer.variant}


def variant(
    name: str,
    *,
    entry: str = "serving",
    word: str = "",
    weight: float = 1.0,
    replicas: int = 1,
    uri: str = "",
    startup_seconds: int = 20,
) -> VariantPlan:
    program = Program(entry=f"serving_programs:{entry}", environment={"WORD": word})
    return VariantPlan(
        name, ReplicaPlan(program, uri, "role", startup_seconds=startup_seconds), weight=weight, replicas=replicas
    )


async def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.01)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
