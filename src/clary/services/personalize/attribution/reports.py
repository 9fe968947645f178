"""Brings reports about: has them computed, and publishes what was computed to CloudWatch and S3."""

from __future__ import annotations

import csv
import io
import json
import logging
import time as clock_times
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from clary.compute.jobs.scheduler import Jobs
from clary.core import ids
from clary.core.call import ANONYMOUS, Call
from clary.core.clock import Clock
from clary.core.errors import ServiceError
from clary.services.personalize.datasets import schema_tables as tables
from clary.services.personalize.datasets.datasets import dataset_of
from clary.services.personalize.events.event_store import EventStore
from clary.services.personalize.job_specs import job_spec
from clary.services.personalize.names import CAMPAIGN, IMPORT_JOB, RECOMMENDER, SOLUTION
from clary.services.personalize.sight import readable
from clary.services.personalize.solutions.training_tasks import TrainingTasks
from clary.storage.data_access import DataAccess
from clary.storage.metrics import MetricPoint, Metrics
from clary.storage.records import Record, RecordExists, Records

REPORT = "personalize:metric-attribution-report"
"""The kind of the records of reports that are being computed; no operation shows them."""
NAMESPACE = "AWS/Personalize"
SOURCE_DIMENSION = "EventAttributionSource"
OLDEST_SECONDS = 14 * 86_400
"""Events that are older are not told to CloudWatch."""
PAUSE_SECONDS = 15.0
"""Between two looks for new events."""
_COLUMNS = ("METRIC_NAME", "EVENT_TYPE", "VALUE", "MATH_FUNCTION", "EVENT_ATTRIBUTION_SOURCE", "TIMESTAMP")
_log = logging.getLogger(__name__)


class AttributionReports:
    """Carries the reports of attributions on, one step at each call.

    Promises:
        **Restarts.** What is computed and published next is decided by the records. A report whose publishing is
        interrupted is published again: a value may be counted twice then, none is lost.

    Args:
        records: attributions, imports, and the records of reports.
        events: tells whether there are new ones.
        jobs: computes.
        tasks: tells where the data lies.
        metrics: CloudWatch's.
        data_access: writes to S3 as the attribution's role.
        folder: Personalize's folder.
    """

    def __init__(
        self,
        records: Records,
        events: EventStore,
        jobs: Jobs,
        tasks: TrainingTasks,
        metrics: Metrics,
        data_access: DataAccess,
        clock: Clock,
        folder: Path,
    ) -> None:
        self._records = records
        self._events = events
        self._jobs = jobs
        self._tasks = tasks
        self._metrics = metrics
        self._data_access = data_access
        self._clock = clock
        self._folder = folder

    def advance(self, attribution: Record) -> None:
        """Publishes a report that is computed, or has the next one computed.

        Raises:
            RecordChanged: somebody else changed the attribution meanwhile.
        """
        for report in self._records.children(REPORT, attribution):
            if report.status not in ("Completed", "Failed", "Stopped"):
                return
            attribution = self._close(attribution, report)
        group = self._records.by_arn(attribution.parent)
        dataset = dataset_of(self._records, group, tables.INTERACTIONS) if group else None
        if group is None or dataset is None:
            return
        for job in self._records.children(IMPORT_JOB, dataset):
            if self._is_due(attribution, job):
                name = f"{attribution.name}/{job.body['segment'].rpartition('/')[2]}"
                self._compute(attribution, group, name, {"import": job.arn, "segment": job.body["segment"]})
                return
        identifier = dataset.body["id"]
        after, last = attribution.body["reported"].get(identifier, 0), self._events.last_event(identifier)
        if last > after:
            about = {"dataset": identifier, "after": after, "last": last}
            self._compute(attribution, group, f"{attribution.name}/{identifier}-{after}", about)

    def _is_due(self, attribution: Record, job: Record) -> bool:
        """Whether an import has to be reported on: an incremental one, or one that asks for it, made since."""
        asked = job.body["request"]
        wanted = job.body["importMode"] == "INCREMENTAL" or asked.get("publishAttributionMetricsToS3")
        is_new = job.created >= attribution.created and job.arn not in attribution.body["imports"]
        return bool(wanted) and is_new and job.status == "Completed"

    def _compute(self, attribution: Record, group: Record, name: str, about: Mapping[str, Any]) -> None:
        """Puts the computation into the queue."""
        folder = self._folder / "attribution" / attribution.body["id"]
        datasets = self._tasks.datasets(group)
        task = {
            **about,
            "metrics": attribution.body["metrics"],
            "interactions": datasets[tables.INTERACTIONS],
            "items": datasets.get(tables.ITEMS),
            "sources": self._sources(group),
            "folder": str(folder.relative_to(self._folder)),
        }
        arn = f"{attribution.arn}/report/{name.rpartition('/')[2]}"
        call = Call(
            api="personalize",
            operation="",
            account=attribution.account,
            region=attribution.region,
            principal=ANONYMOUS,
            request_id=ids.request_id(),
            time=self._clock.now(),
        )
        record = Record(REPORT, attribution.account, attribution.region, name, arn, parent=attribution.arn)
        shown = {kind: one for kind, one in datasets.items() if kind in (tables.INTERACTIONS, tables.ITEMS)}
        spec = job_spec(
            call,
            record,
            "attributing:main",
            task,
            data=self._folder,
            writable=(folder,),
            visible=readable(self._folder, shown),
            cpus=1,
        )
        body = {"about": about, "file": str(folder / f"{spec.id}.json")}
        try:
            self._jobs.submit(replace(record, body=body), spec)
        except RecordExists:  # Clary was killed after this step and before the next
            pass

    def _sources(self, group: Record) -> list[str]:
        """The campaigns and recommenders of a group, which recommendation ids may name."""
        owners = self._records.children(RECOMMENDER, group)
        for solution in self._records.children(SOLUTION, group):
            owners += self._records.children(CAMPAIGN, solution)
        return [owner.arn for owner in owners]

    def _close(self, attribution: Record, report: Record) -> Record:
        """Publishes a report that has ended, and notes that it was."""
        about = report.body["about"]
        file = Path(report.body["file"])
        if report.status == "Completed" and file.exists():
            lines = json.loads(file.read_text(encoding="utf-8"))
            self._publish(attribution, lines, about.get("import", ""))
        else:
            _log.error("%s: no report could be made: %s", attribution.arn, report.body["job"].get("failure_reason"))
        body = dict(attribution.body)
        if "import" in about:
            body["imports"] = [*body["imports"], about["import"]]
        else:
            body["reported"] = {about["dataset"]: about["last"]}
        attribution = self._records.update(replace(attribution, body=body))
        file.unlink(missing_ok=True)
        self._records.delete(report)
        return attribution

    def _publish(self, attribution: Record, lines: Sequence[Mapping[str, Any]], import_arn: str) -> None:
        job = self._records.by_arn(import_arn) if import_arn else None
        if job is None or job.body["importMode"] == "INCREMENTAL":
            oldest = self._clock.time() - OLDEST_SECONDS
            points = [
                MetricPoint(line["metric"], {SOURCE_DIMENSION: line["source"]}, line["window"], line["value"])
                for line in lines
                if line["window"] >= oldest
            ]
            self._metrics.put(attribution.account, attribution.region, NAMESPACE, points)
        output = attribution.body["output"]
        if job is None or not job.body["request"].get("publishAttributionMetricsToS3") or not lines:
            return
        if "s3DataDestination" not in output:
            _log.error("%s: %s asks for a report in S3, but no place for it is known", attribution.arn, job.arn)
            return
        moment = clock_times.strftime("%Y-%m-%dT%H-%M-%SZ", clock_times.gmtime(self._clock.time()))
        prefix = output["s3DataDestination"]["path"].rstrip("/")
        place = f"{prefix}/AggregatedAttributionMetrics_{job.name}_{moment}.csv"
        try:
            self._data_access.upload_bytes(output["roleArn"], place, table(lines).encode())
        except ServiceError as error:  # trying again would not help: CloudWatch has it, the next report may get through
            _log.error("%s: the report cannot be written to %s: %s", attribution.arn, place, error)


def table(lines: Sequence[Mapping[str, Any]]) -> str:
    """A report as CSV with AWS's columns."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for line in lines:
        keys = ("metric", "eventType", "value", "function", "source", "window")
        writer.writerow([line[key] for key in keys])
    return out.getvalue()
