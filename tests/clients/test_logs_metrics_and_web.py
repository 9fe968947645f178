"""boto3 and plain HTTP against logs, metrics, bucket configuration, websites, forms and /metrics of a started Clary."""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime, timedelta

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.clients.conftest import RunningClary


@pytest.fixture(scope="module")
def session(clary: RunningClary):
    environment = clary.environment()
    made = boto3.Session(
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name="us-east-1",
    )

    def client(name: str, **options):
        return made.client(name, endpoint_url=clary.url, config=Config(retries={"max_attempts": 0}, **options))

    return client


def now_ms() -> int:
    return int(time.time() * 1000)


def test_boto3_writes_reads_and_filters_logs(session):
    logs = session("logs")
    logs.create_log_group(logGroupName="/client/test", tags={"a": "b"})
    with pytest.raises(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName="/client/test")
    logs.create_log_stream(logGroupName="/client/test", logStreamName="one")
    start = now_ms()
    events = [{"timestamp": start + i, "message": json.dumps({"level": "ERROR" if i % 2 else "INFO", "n": i})}
              for i in range(10)]  # fmt: skip
    logs.put_log_events(logGroupName="/client/test", logStreamName="one", logEvents=events)
    read = logs.get_log_events(logGroupName="/client/test", logStreamName="one", startFromHead=True, limit=4)
    assert [event["message"] for event in read["events"]] == [event["message"] for event in events[:4]]
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName="/client/test", filterPattern='{ $.level = "ERROR" && $.n > 2 }', limit=2
    )
    assert [json.loads(event["message"])["n"] for page in pages for event in page["events"]] == [3, 5, 7, 9]
    described = logs.get_paginator("describe_log_streams").paginate(logGroupName="/client/test")
    assert [stream["logStreamName"] for page in described for stream in page["logStreams"]] == ["one"]
    with pytest.raises(logs.exceptions.ResourceNotFoundException, match="The specified log stream does not exist"):
        logs.get_log_events(logGroupName="/client/test", logStreamName="two")
    with pytest.raises(logs.exceptions.InvalidParameterException):
        logs.filter_log_events(logGroupName="/client/test", filterPattern="{ nonsense")
    logs.put_retention_policy(logGroupName="/client/test", retentionInDays=7)
    group = logs.describe_log_groups(logGroupNamePrefix="/client/")["logGroups"][0]
    assert group["retentionInDays"] == 7
    assert logs.list_tags_for_resource(resourceArn=group["logGroupArn"])["tags"] == {"a": "b"}
    logs.delete_log_group(logGroupName="/client/test")
    assert logs.describe_log_groups(logGroupNamePrefix="/client/")["logGroups"] == []


def test_boto3_puts_and_queries_metrics(session):
    cloudwatch = session("cloudwatch")
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    dimensions = [{"Name": "Job", "Value": "j1"}]
    cloudwatch.put_metric_data(
        Namespace="client/test",
        MetricData=[
            {"MetricName": "loss", "Dimensions": dimensions, "Timestamp": now - timedelta(minutes=i), "Value": 1.0 * i}
            for i in range(1, 4)
        ],
    )
    points = cloudwatch.get_metric_statistics(
        Namespace="client/test", MetricName="loss", Dimensions=dimensions, StartTime=now - timedelta(minutes=10),
        EndTime=now, Period=60, Statistics=["Average"],
    )["Datapoints"]  # fmt: skip
    assert sorted((point["Timestamp"], point["Average"]) for point in points) == [
        (now - timedelta(minutes=i), 1.0 * i) for i in (3, 2, 1)
    ]
    metric = {"Namespace": "client/test", "MetricName": "loss", "Dimensions": dimensions}
    result = cloudwatch.get_metric_data(
        StartTime=now - timedelta(minutes=10),
        EndTime=now,
        ScanBy="TimestampAscending",
        MetricDataQueries=[
            {"Id": "m", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "p50"}, "ReturnData": False},
            {"Id": "e", "Expression": "m * 100"},
        ],
    )["MetricDataResults"]
    assert [(line["Id"], line["Values"]) for line in result] == [("e", [300.0, 200.0, 100.0])]
    found = cloudwatch.get_paginator("list_metrics").paginate(Namespace="client/test")
    assert [entry["MetricName"] for page in found for entry in page["Metrics"]] == ["loss"]
    with pytest.raises(cloudwatch.exceptions.InvalidParameterCombinationException):
        cloudwatch.get_metric_statistics(
            Namespace="n", MetricName="m", StartTime=now - timedelta(days=10), EndTime=now, Period=60,
            Statistics=["Sum"],
        )  # fmt: skip
    with pytest.raises(ClientError, match="SEARCH"):
        cloudwatch.get_metric_data(
            StartTime=now - timedelta(minutes=1),
            EndTime=now,
            MetricDataQueries=[{"Id": "e", "Expression": "SEARCH('x', 'Sum', 60)"}],
        )


def test_boto3_configures_a_bucket(session):
    s3 = session("s3")
    s3.create_bucket(Bucket="configured")
    for name, code in (
        ("get_bucket_policy", "NoSuchBucketPolicy"),
        ("get_bucket_cors", "NoSuchCORSConfiguration"),
        ("get_bucket_tagging", "NoSuchTagSet"),
        ("get_bucket_website", "NoSuchWebsiteConfiguration"),
    ):
        with pytest.raises(ClientError) as caught:
            getattr(s3, name)(Bucket="configured")
        assert caught.value.response["Error"]["Code"] == code
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    statement = {
        "Effect": "Allow", "Principal": {"Service": "personalize.amazonaws.com"}, "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::configured/*",
    }  # fmt: skip
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    s3.put_bucket_policy(Bucket="configured", Policy=json.dumps(policy))
    assert json.loads(s3.get_bucket_policy(Bucket="configured")["Policy"]) == policy
    assert s3.get_bucket_policy_status(Bucket="configured")["PolicyStatus"] == {"IsPublic": False}
    rules = [{"AllowedMethods": ["GET", "PUT"], "AllowedOrigins": ["https://*.example.com"], "AllowedHeaders": ["*"]}]
    s3.put_bucket_cors(Bucket="configured", CORSConfiguration={"CORSRules": rules})
    assert s3.get_bucket_cors(Bucket="configured")["CORSRules"] == rules
    s3.put_bucket_tagging(Bucket="configured", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    assert s3.get_bucket_tagging(Bucket="configured")["TagSet"] == [{"Key": "a", "Value": "b"}]
    acl = s3.get_bucket_acl(Bucket="configured")
    assert [grant["Permission"] for grant in acl["Grants"]] == ["FULL_CONTROL"]
    assert acl["Grants"][0]["Grantee"]["Type"] == "CanonicalUser"
    assert acl["Owner"]["ID"] == s3.list_buckets()["Owner"]["ID"]
    blocked = s3.get_public_access_block(Bucket="configured")["PublicAccessBlockConfiguration"]
    assert set(blocked.values()) == {True}
    encryption = s3.get_bucket_encryption(Bucket="configured")["ServerSideEncryptionConfiguration"]
    assert encryption["Rules"][0]["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    with pytest.raises(ClientError, match="BlockPublicPolicy"):
        public = {"Version": "2012-10-17", "Statement": [{**statement, "Principal": "*"}]}
        s3.put_bucket_policy(Bucket="configured", Policy=json.dumps(public))
    for name in ("policy", "cors", "tagging"):
        getattr(s3, f"delete_bucket_{name}")(Bucket="configured")
    s3.delete_bucket(Bucket="configured")


@pytest.fixture(scope="module")
def website(session) -> str:
    s3 = session("s3")
    s3.create_bucket(Bucket="pages")
    s3.delete_public_access_block(Bucket="pages")
    statement = {
        "Effect": "Allow", "Principal": "*", "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": ["arn:aws:s3:::pages", "arn:aws:s3:::pages/*"],
    }  # fmt: skip
    s3.put_bucket_policy(Bucket="pages", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    s3.put_bucket_website(
        Bucket="pages",
        WebsiteConfiguration={"IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "error.html"}},
    )
    rules = [{"AllowedMethods": ["GET", "PUT", "POST"], "AllowedOrigins": ["https://app.example.com"],
              "AllowedHeaders": ["*"], "ExposeHeaders": ["ETag"]}]  # fmt: skip
    s3.put_bucket_cors(Bucket="pages", CORSConfiguration={"CORSRules": rules})
    for key, text in (("index.html", "<h1>home</h1>"), ("error.html", "<h1>oops</h1>"), ("docs/index.html", "docs")):
        s3.put_object(Bucket="pages", Key=key, Body=text.encode(), ContentType="text/html; charset=utf-8")
    return "pages"


def test_a_browser_reads_a_website(clary: RunningClary, website):
    address = f"{clary.url}/_website/{website}"
    home = requests.get(f"{address}/", timeout=10)
    assert (home.status_code, home.text, home.headers["Content-Type"]) == (
        200, "<h1>home</h1>", "text/html; charset=utf-8",
    )  # fmt: skip
    assert requests.get(f"{address}/docs", timeout=10).text == "docs"
    assert requests.get(f"{address}/docs", timeout=10).history[0].status_code == 302
    missing = requests.get(f"{address}/nothing", timeout=10)
    assert (missing.status_code, missing.text) == (404, "<h1>oops</h1>")
    again = requests.get(f"{address}/", headers={"If-None-Match": home.headers["ETag"]}, timeout=10)
    assert (again.status_code, again.content) == (304, b"")
    by_host = requests.get(f"{clary.url}/", headers={"Host": f"{website}.s3-website.localhost"}, timeout=10)
    assert by_host.text == "<h1>home</h1>"
    head = requests.head(f"{address}/", timeout=10)
    assert (head.status_code, head.headers["Content-Length"], head.content) == (200, "13", b"")


def test_everybody_reads_an_open_bucket_over_the_api_and_nobody_else(clary: RunningClary, website):
    assert requests.get(f"{clary.url}/{website}/docs/index.html", timeout=10).text == "docs"
    assert requests.put(f"{clary.url}/{website}/new", data=b"x", timeout=10).status_code == 403


def test_a_browser_uploads_with_a_form_that_boto3_signed(clary: RunningClary, website, session):
    for version in ("s3", "s3v4"):
        s3 = session("s3", signature_version=version)
        form = s3.generate_presigned_post(
            website,
            "up/${filename}",
            Fields={"Content-Type": "image/png", "success_action_status": "201"},
            Conditions=[
                {"Content-Type": "image/png"}, {"success_action_status": "201"}, ["content-length-range", 1, 1000],
            ],
        )  # fmt: skip
        sent = requests.post(
            form["url"], data=form["fields"], files={"file": (f"{version}.png", b"p" * 500)}, timeout=10
        )
        assert sent.status_code == 201, sent.text
        assert f"<Key>up/{version}.png</Key>" in sent.text
        stored = s3.get_object(Bucket=website, Key=f"up/{version}.png")
        assert (stored["ContentType"], stored["Body"].read()) == ("image/png", b"p" * 500)
        large = requests.post(form["url"], data=form["fields"], files={"file": ("large", b"p" * 1001)}, timeout=10)
        assert (large.status_code, "EntityTooLarge" in large.text) == (400, True)
        tampered = {**form["fields"], "key": "elsewhere"}
        refused = requests.post(form["url"], data=tampered, files={"file": ("x", b"p")}, timeout=10)
        assert refused.status_code == 403
    unsigned = requests.post(f"{clary.url}/{website}", data={"key": "k"}, files={"file": ("x", b"p")}, timeout=10)
    assert unsigned.status_code == 403


def test_a_browser_of_another_origin_gets_cors_headers(clary: RunningClary, website, session):
    asked = {
        "Origin": "https://app.example.com",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "content-type,x-amz-date",
    }
    preflight = requests.options(f"{clary.url}/{website}/k", headers=asked, timeout=10)
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Headers"] == "content-type, x-amz-date"
    refused = requests.options(f"{clary.url}/{website}/k", headers={**asked, "Origin": "https://evil"}, timeout=10)
    assert refused.status_code == 403
    read = requests.get(f"{clary.url}/{website}/docs/index.html", headers={"Origin": asked["Origin"]}, timeout=10)
    assert read.headers["Access-Control-Allow-Origin"] == asked["Origin"]
    assert "ETag" in read.headers["Access-Control-Expose-Headers"]
    url = session("s3").generate_presigned_url("put_object", Params={"Bucket": website, "Key": "k"})
    put = requests.put(url, data=b"x", headers={"Origin": asked["Origin"]}, timeout=10)
    assert (put.status_code, put.headers["Access-Control-Allow-Origin"]) == (200, asked["Origin"])


def test_prometheus_and_the_request_log_are_told(clary: RunningClary, session):
    with pytest.raises(ClientError):
        session("s3").head_bucket(Bucket="absent-bucket")
    text = requests.get(f"{clary.url}/metrics", timeout=10).text
    assert re.search(r'^clary_requests_total\{api="s3",operation="HeadBucket",status="404".*\} \d+$', text, re.M)
    assert re.search(r'^clary_database_commits_total\{database="\w+"\} \d+$', text, re.M)
    lines = [json.loads(line) for line in (clary.data / "requests.log").read_text().splitlines()]
    entry = [line for line in lines if line.get("operation") == "HeadBucket"][-1]
    assert (entry["status"], entry["api"]) == (404, "s3")
    assert entry["principal"].startswith("arn:aws:")
    assert entry["duration_ms"] > 0
    page = requests.get(f"{clary.url}/_website/absent-bucket/", timeout=10)
    lines = [json.loads(line) for line in (clary.data / "requests.log").read_text().splitlines()]
    assert [line["status"] for line in lines if line["request_id"] == page.headers["x-amz-request-id"]] == [404]
    whole = (clary.data / "requests.log").read_text()
    assert "Signature=" not in whole
    assert clary.environment()["AWS_SECRET_ACCESS_KEY"] not in whole
