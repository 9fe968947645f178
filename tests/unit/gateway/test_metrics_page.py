from __future__ import annotations

import re
from pathlib import Path

import pytest

from clary.core.clock import FixedClock
from clary.core.http import Headers, HttpRequest
from clary.gateway.metrics import (
    Family,
    MetricsPage,
    RequestMetrics,
    database_metrics,
    endpoint_metrics,
    job_metrics,
    process_metrics,
)
from clary.gateway.pipeline import Outcome
from clary.storage.database import Database
from clary.storage.records import SCHEMA, Record, Records

_SAMPLE = re.compile(r'(?P<name>\w+)(?:\{(?P<labels>(?:\w+="(?:[^"\\]|\\.)*",?)*)\})? (?P<value>\S+)')


def samples(text: str) -> dict[str, float]:
    """Reads the text format strictly: every line is a comment or a sample, and no sample is there twice."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        if line.startswith("# "):
            assert re.fullmatch(r"# (HELP \w+ .+|TYPE \w+ (counter|gauge|histogram))", line)
            continue
        match = _SAMPLE.fullmatch(line)
        assert match is not None, line
        key = line.rsplit(" ", 1)[0]
        assert key not in found
        found[key] = float(match["value"])
    return found


def outcome(seconds: float, status: int = 200, operation: str = "GetObject", code: str = "") -> Outcome:
    return Outcome(
        "id", "GET", "s3", operation, "1", "arn", status, code, seconds, "ip", received_bytes=3, sent_bytes=None
    )


def test_requests_are_counted_by_operation_and_status():
    metrics = RequestMetrics()
    for seconds, status, code in ((0.002, 200, ""), (0.003, 200, ""), (7.0, 404, "NoSuchKey")):
        metrics.observe(outcome(seconds, status, code=code))
    metrics.observe(outcome(0.0001, operation="PutObject"))
    found = samples(MetricsPage([metrics.families]).text())
    assert found['clary_requests_total{api="s3",operation="GetObject",status="200",code=""}'] == 2
    assert found['clary_requests_total{api="s3",operation="GetObject",status="404",code="NoSuchKey"}'] == 1
    labels = 'api="s3",operation="GetObject"'
    assert found[f'clary_request_duration_seconds_bucket{{{labels},le="0.0025"}}'] == 1
    assert found[f'clary_request_duration_seconds_bucket{{{labels},le="5"}}'] == 2
    assert found[f'clary_request_duration_seconds_bucket{{{labels},le="+Inf"}}'] == 3
    assert found[f"clary_request_duration_seconds_count{{{labels}}}"] == 3
    assert found[f"clary_request_duration_seconds_sum{{{labels}}}"] == pytest.approx(7.005)
    assert found['clary_request_body_bytes_total{direction="received"}'] == 12


def test_labels_are_escaped():
    family = Family("x", "gauge", "a\nb", [("", (("l", 'q"\\\n'),), 0.5)])
    assert "".join(family.lines()) == '# HELP x a\\nb\n# TYPE x gauge\nx{l="q\\"\\\\\\n"} 0.5\n'


def test_jobs_endpoints_and_databases_are_told(tmp_path: Path):
    database = Database(tmp_path / "records.db", SCHEMA)
    records = Records(database, FixedClock())
    for i, status in enumerate(("Completed", "Completed", "Failed")):
        records.insert(Record("sagemaker:training-job", "1", "r", f"j{i}", f"arn{i}", status))
    hosting = {"variants": [{"name": "AllTraffic", "current_instances": 2}]}
    records.insert(Record("sagemaker:endpoint", "1", "r", "e", "arn-e", "InService", body={"hosting": hosting}))
    records.insert(Record("sagemaker:endpoint", "1", "r", "f", "arn-f", "Creating"))
    sources = [job_metrics(records), endpoint_metrics(records), database_metrics({"records": database})]
    found = samples(MetricsPage(sources).text())
    assert found == {
        'clary_jobs{kind="training",status="Completed"}': 2,
        'clary_jobs{kind="training",status="Failed"}': 1,
        'clary_endpoints{status="Creating"}': 1,
        'clary_endpoints{status="InService"}': 1,
        'clary_endpoint_replicas{account="1",region="r",endpoint="e",variant="AllTraffic"}': 2,
        'clary_database_commits_total{database="records"}': 5,
        'clary_database_writes_total{database="records"}': 5,
    }
    database.close()


def test_the_process_tells_of_itself():
    found = samples(MetricsPage([process_metrics()]).text())
    assert found["process_cpu_seconds_total"] > 0
    assert found["process_resident_memory_bytes"] > 1 << 20


@pytest.mark.parametrize(
    ("method", "path", "query", "headers", "is_answered"),
    [
        ("GET", "/metrics", "", {}, True),
        ("HEAD", "/metrics", "", {}, True),
        ("PUT", "/metrics", "", {}, False),
        ("GET", "/metrics", "list-type=2", {}, False),
        ("GET", "/metrics", "", {"authorization": "AWS4-HMAC-SHA256 ..."}, False),
        ("GET", "/metrics/key", "", {}, False),
    ],
)
async def test_a_bucket_named_metrics_can_still_be_used(method, path, query, headers, is_answered):
    page = await MetricsPage([]).handle(HttpRequest(method, path, query, Headers(headers)))
    assert (page is not None) is is_answered
