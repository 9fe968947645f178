"""What recommendations led to, with boto3 alone: events in CloudWatch, imports in CloudWatch and S3."""

from __future__ import annotations

import csv
import io
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.clients.conftest import RunningClary
from tests.clients.personalize_shop import INTERACTIONS, Shop

SOURCES = [*INTERACTIONS, {"name": "EVENT_ATTRIBUTION_SOURCE", "type": ["null", "string"]}]
PRICES = [{"name": "ITEM_ID", "type": "string"}, {"name": "PRICE", "type": "float"}]
NOW = int(time.time())
METRICS = [
    {"eventType": "click", "metricName": "Clicks", "expression": "SAMPLECOUNT()"},
    {"eventType": "purchase", "metricName": "Revenue", "expression": "SUM(Items.PRICE)"},
]


@pytest.fixture(scope="module")
def shop(clary: RunningClary) -> Shop:
    """A group with priced items, interactions, a popular-items campaign, an attribution and a tracker."""
    shop = Shop(clary, f"attributed-{random.randrange(10**6)}")
    shop.group = shop.personalize.create_dataset_group(name=shop.name)["datasetGroupArn"]
    shop.log, catalogue = shop.dataset("Interactions", SOURCES), shop.dataset("Items", PRICES)  # type: ignore[attr-defined]
    prices = "ITEM_ID,PRICE\n" + "".join(f"i{item},{item}.5\n" for item in range(40))
    assert shop.imported(shop.start_import("items", catalogue, shop.put("items.csv", prices)))["status"] == "ACTIVE"
    rows = ["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP,EVENT_ATTRIBUTION_SOURCE"]
    rows += [f"u{n % 50},i{n % 40},click,{NOW - 5_000_000 + n}," for n in range(1500)]
    job = shop.start_import("log", shop.log, shop.put("log.csv", "\n".join(rows)))  # type: ignore[attr-defined]
    assert shop.imported(job)["status"] == "ACTIVE"
    version = shop.start_version("aws-popularity-count")
    assert shop.trained(version)["status"] == "ACTIVE"
    shop.popular = shop.campaign(version)  # type: ignore[attr-defined]
    made = shop.personalize.create_metric_attribution(
        name=shop.name,
        datasetGroupArn=shop.group,
        metrics=METRICS,
        metricsOutputConfig={"roleArn": shop.role, "s3DataDestination": {"path": f"s3://{shop.bucket}/reports/"}},
    )
    shop.attribution = made["metricAttributionArn"]  # type: ignore[attr-defined]
    tracker = shop.personalize.create_event_tracker(name=shop.name, datasetGroupArn=shop.group)
    shop.tracking_id = tracker["trackingId"]  # type: ignore[attr-defined]
    return shop


def client(clary: RunningClary, api: str) -> Any:
    key = clary.environment()
    return boto3.client(
        api,
        endpoint_url=clary.url,
        region_name="us-east-1",
        aws_access_key_id=key["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=key["AWS_SECRET_ACCESS_KEY"],
    )


def totals(clary: RunningClary, metric: str, source: str) -> float:
    """What CloudWatch has added up."""
    found = client(clary, "cloudwatch").get_metric_statistics(
        Namespace="AWS/Personalize",
        MetricName=metric,
        Dimensions=[{"Name": "EventAttributionSource", "Value": source}],
        StartTime=datetime.now(UTC) - timedelta(days=2),
        EndTime=datetime.now(UTC) + timedelta(hours=1),
        Period=900,
        Statistics=["Sum"],
    )
    return sum(point["Sum"] for point in found["Datapoints"])


def until(condition: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_events_are_told_to_cloudwatch_by_who_they_are_owed_to(shop: Shop, clary: RunningClary) -> None:
    answer = shop.runtime.get_recommendations(campaignArn=shop.popular, userId="u1", numResults=3)  # type: ignore[attr-defined]
    owed: list[dict[str, Any]] = [
        {"eventType": "click", "itemId": "i3", "recommendationId": answer["recommendationId"]},
        {"eventType": "purchase", "itemId": "i3", "recommendationId": answer["recommendationId"]},
        {"eventType": "purchase", "itemId": "i4", "recommendationId": answer["recommendationId"]},
        {"eventType": "click", "itemId": "i5", "metricAttribution": {"eventAttributionSource": "newsletter"}},
        {"eventType": "click", "itemId": "i5"},
        {"eventType": "watch", "itemId": "i5"},
    ]
    shop.events.put_events(
        trackingId=shop.tracking_id,  # type: ignore[attr-defined]
        sessionId="s",
        userId="u1",
        eventList=[{**event, "sentAt": time.time()} for event in owed],
    )
    until(lambda: totals(clary, "Clicks", shop.popular) == 1)  # type: ignore[attr-defined]
    assert totals(clary, "Revenue", shop.popular) == 3.5 + 4.5  # type: ignore[attr-defined]
    assert totals(clary, "Clicks", "newsletter") == 1
    assert totals(clary, "Clicks", "SOURCE_NAME_UNDEFINED") == 1


def test_an_import_is_told_to_cloudwatch_and_written_to_s3(shop: Shop, clary: RunningClary) -> None:
    window = NOW - NOW % 900 - 3600
    rows = ["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP,EVENT_ATTRIBUTION_SOURCE"]
    rows += [f"u{n},i2,purchase,{window + n},poster" for n in range(4)]
    rows += [f"u{n},i2,click,{window + n},poster" for n in range(3)]
    address = shop.put("more.csv", "\n".join(rows))
    more = {"importMode": "INCREMENTAL", "publishAttributionMetricsToS3": True}
    job = shop.start_import("more", shop.log, address, **more)  # type: ignore[attr-defined]
    assert shop.imported(job)["status"] == "ACTIVE"
    until(lambda: totals(clary, "Revenue", "poster") == 10.0)
    until(lambda: "Contents" in shop.s3.list_objects_v2(Bucket=shop.bucket, Prefix="reports/"))
    key = shop.s3.list_objects_v2(Bucket=shop.bucket, Prefix="reports/")["Contents"][0]["Key"]
    assert key.startswith(f"reports/AggregatedAttributionMetrics_{shop.name}-more_")
    report = csv.DictReader(io.StringIO(shop.s3.get_object(Bucket=shop.bucket, Key=key)["Body"].read().decode()))
    common = {"EVENT_ATTRIBUTION_SOURCE": "poster", "TIMESTAMP": str(window)}
    assert list(report) == [
        {"METRIC_NAME": "Clicks", "EVENT_TYPE": "click", "VALUE": "3.0", "MATH_FUNCTION": "samplecount", **common},
        {"METRIC_NAME": "Revenue", "EVENT_TYPE": "purchase", "VALUE": "10.0", "MATH_FUNCTION": "sum", **common},
    ]


def test_an_attribution_is_described_listed_changed_and_deleted(shop: Shop) -> None:
    personalize, arn = shop.personalize, shop.attribution  # type: ignore[attr-defined]
    described = personalize.describe_metric_attribution(metricAttributionArn=arn)["metricAttribution"]
    assert (described["name"], described["status"], described["datasetGroupArn"]) == (shop.name, "ACTIVE", shop.group)
    listed = personalize.list_metric_attributions(datasetGroupArn=shop.group)["metricAttributions"]
    assert [line["metricAttributionArn"] for line in listed] == [arn]
    pages = personalize.get_paginator("list_metric_attribution_metrics").paginate(
        metricAttributionArn=arn, PaginationConfig={"PageSize": 1}
    )
    assert [page["metrics"] for page in pages] == [[METRICS[0]], [METRICS[1]]]
    with pytest.raises(ClientError, match="no numeric column COLOUR"):
        personalize.update_metric_attribution(
            metricAttributionArn=arn,
            addMetrics=[{"eventType": "x", "metricName": "x", "expression": "SUM(Items.COLOUR)"}],
        )
    personalize.update_metric_attribution(metricAttributionArn=arn, removeMetrics=["Clicks"])
    assert personalize.list_metric_attribution_metrics(metricAttributionArn=arn)["metrics"] == [METRICS[1]]
    with pytest.raises(ClientError) as second:
        personalize.create_metric_attribution(
            name="other", datasetGroupArn=shop.group, metrics=METRICS, metricsOutputConfig={"roleArn": shop.role}
        )
    assert second.value.response["Error"]["Code"] == "LimitExceededException"
    personalize.delete_metric_attribution(metricAttributionArn=arn)
    with pytest.raises(personalize.exceptions.ResourceNotFoundException):
        personalize.describe_metric_attribution(metricAttributionArn=arn)
