"""boto3 against policies that look at how a request was signed and what tags it brings."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from unittest import mock

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.clients.conftest import RunningClary


def client_of(clary: RunningClary, api: str, keys: dict[str, str] | None = None, version: str | None = None):
    environment = keys or clary.environment()
    return boto3.client(
        api,
        endpoint_url=clary.url,
        region_name="us-east-1",
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"max_attempts": 0}, signature_version=version),
    )


@pytest.mark.parametrize(
    ("key", "value", "allowed", "refused"),
    [
        ("s3:authType", "REST-QUERY-STRING", ("header",), ("s3", "s3v4")),
        ("s3:signatureversion", "AWS", ("header", "s3v4"), ("s3",)),
    ],
)
def test_a_bucket_policy_may_refuse_a_kind_of_signature(clary: RunningClary, key, value, allowed, refused) -> None:
    s3 = client_of(clary, "s3")
    bucket = f"signed-{key.partition(':')[2].lower()}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="k", Body=b"v")
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"StringEquals": {key: value}},
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))

    def status(kind: str) -> int:
        if kind == "header":
            return s3.get_object(Bucket=bucket, Key="k")["ResponseMetadata"]["HTTPStatusCode"]
        signer = client_of(clary, "s3", version=kind)
        return requests.get(signer.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "k"})).status_code

    assert {kind: status(kind) for kind in allowed} == dict.fromkeys(allowed, 200)
    assert {kind: status(kind) for kind in refused} == dict.fromkeys(refused, 403)


def test_a_user_may_be_held_to_a_tag(clary: RunningClary) -> None:
    iam = client_of(clary, "iam")
    iam.create_user(UserName="tagger")
    allow = {
        "Effect": "Allow",
        "Action": ["logs:CreateLogGroup", "logs:TagResource"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:RequestTag/team": "red"}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_user_policy(UserName="tagger", PolicyName="tags", PolicyDocument=document)
    made = iam.create_access_key(UserName="tagger")["AccessKey"]
    keys = {"AWS_ACCESS_KEY_ID": made["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"]}
    logs = client_of(clary, "logs", keys)
    logs.create_log_group(logGroupName="/tagged/red", tags={"team": "red"})
    for tags in ({"tags": {"team": "blue"}}, {}):
        with pytest.raises(ClientError) as caught:
            logs.create_log_group(logGroupName="/tagged/other", **tags)
        assert caught.value.response["Error"]["Code"] == "AccessDeniedException"


def test_a_bucket_policy_may_look_at_the_tags_of_an_object_whichever_way_it_is_read(clary: RunningClary) -> None:
    s3 = client_of(clary, "s3")
    bucket = "tagged-objects"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    old = s3.put_object(Bucket=bucket, Key="k", Body=b"v", Tagging="secret=yes")["VersionId"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"v")
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": ["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectVersionTagging"],
        "Resource": f"arn:aws:s3:::{bucket}/*",
        "Condition": {"StringEquals": {"s3:ExistingObjectTag/secret": "yes"}},
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"v"
    for refused in (
        lambda: s3.get_object(Bucket=bucket, Key="k", VersionId=old),
        lambda: s3.get_object_tagging(Bucket=bucket, Key="k", VersionId=old),
        lambda: s3.copy_object(Bucket=bucket, Key="c", CopySource={"Bucket": bucket, "Key": "k", "VersionId": old}),
    ):
        with pytest.raises(ClientError) as caught:
            refused()
        assert caught.value.response["Error"]["Code"] == "AccessDenied"
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging={"TagSet": [{"Key": "secret", "Value": "yes"}]})
    with pytest.raises(ClientError, match="explicit deny"):
        s3.get_object(Bucket=bucket, Key="k")


def test_a_bucket_policy_may_demand_that_signatures_are_young(clary: RunningClary) -> None:
    s3 = client_of(clary, "s3")
    s3.create_bucket(Bucket="young")
    s3.put_object(Bucket="young", Key="k", Body=b"v")
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::young/*",
        "Condition": {"NumericGreaterThan": {"s3:signatureAge": "60000"}},
    }
    s3.put_bucket_policy(Bucket="young", Policy=json.dumps({"Version": "2012-10-17", "Statement": [deny]}))
    signer = client_of(clary, "s3", version="s3v4")
    now = datetime.now(UTC)
    fresh = signer.generate_presigned_url("get_object", {"Bucket": "young", "Key": "k"})
    with mock.patch("botocore.crt.auth.get_current_datetime", lambda *_, **__: now - timedelta(minutes=2)):
        old = signer.generate_presigned_url("get_object", {"Bucket": "young", "Key": "k"}, ExpiresIn=3600)
    assert requests.get(fresh).status_code == 200
    assert requests.get(old).status_code == 403
