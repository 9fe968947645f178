"""boto3 against policies that look at how a request was signed and what tags it brings."""

from __future__ import annotations

import json

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
