from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

BIG = b"0123456789abcdef" * 20_000


def refused(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response


@pytest.fixture
def source(s3, bucket):
    s3.put_object(
        Bucket=bucket, Key="from here+there.csv", Body=BIG, ContentType="text/csv", Metadata={"a": "b"}, Tagging="t=1"
    )
    return {"Bucket": bucket, "Key": "from here+there.csv"}


def test_a_copy_has_the_bytes_and_the_metadata_of_its_source(s3, source):
    answer = s3.copy_object(Bucket=source["Bucket"], Key="to", CopySource=source)
    assert answer["CopyObjectResult"]["ETag"] == f'"{hashlib.md5(BIG).hexdigest()}"'
    got = s3.get_object(Bucket=source["Bucket"], Key="to")
    assert got["Body"].read() == BIG
    assert (got["ContentType"], got["Metadata"], got["TagCount"]) == ("text/csv", {"a": "b"}, 1)


def test_a_copy_outlives_its_source_though_their_file_is_one(s3, source, objects, tmp_path):
    s3.copy_object(Bucket=source["Bucket"], Key="to", CopySource=source)
    links = {path.stat().st_nlink for path in tmp_path.glob("objects/files/*/*")}
    assert min(links) >= 2
    s3.delete_object(**source)
    assert s3.get_object(Bucket=source["Bucket"], Key="to")["Body"].read() == BIG


def test_new_metadata_and_tags_replace_the_old_when_asked_for(s3, source):
    s3.copy_object(
        Bucket=source["Bucket"],
        Key="to",
        CopySource=source,
        MetadataDirective="REPLACE",
        Metadata={"new": "1"},
        ContentType="text/plain",
        TaggingDirective="REPLACE",
        Tagging="x=y",
    )
    head = s3.head_object(Bucket=source["Bucket"], Key="to")
    assert (head["Metadata"], head["ContentType"]) == ({"new": "1"}, "text/plain")
    assert s3.get_object_tagging(Bucket=source["Bucket"], Key="to")["TagSet"] == [{"Key": "x", "Value": "y"}]


def test_a_copy_onto_itself_must_change_something(s3, source):
    response = refused(s3.copy_object, **source, CopySource=source)
    assert response["Error"]["Code"] == "InvalidRequest"
    assert response["Error"]["Message"].startswith(
        "This copy request is illegal because it is trying to copy an object"
    )
    s3.copy_object(**source, CopySource=source, MetadataDirective="REPLACE", Metadata={"now": "this"})
    got = s3.get_object(**source)
    assert (got["Metadata"], got["Body"].read()) == ({"now": "this"}, BIG)
    s3.copy_object(**source, CopySource=source, StorageClass="STANDARD_IA")


def test_conditions_on_the_source_hold(s3, source):
    etag = s3.head_object(**source)["ETag"]
    past = datetime.now(UTC) - timedelta(hours=1)
    target = {"Bucket": source["Bucket"], "Key": "to", "CopySource": source}
    for condition, name in (
        ({"CopySourceIfMatch": '"other"'}, "x-amz-copy-source-If-Match"),
        ({"CopySourceIfNoneMatch": etag}, "x-amz-copy-source-If-None-Match"),
        ({"CopySourceIfUnmodifiedSince": past}, "x-amz-copy-source-If-Unmodified-Since"),
    ):
        response = refused(s3.copy_object, **target, **condition)
        assert (response["Error"]["Code"], response["Error"]["Condition"]) == ("PreconditionFailed", name)
    s3.copy_object(**target, CopySourceIfMatch=etag, CopySourceIfModifiedSince=past)


def test_reading_the_source_must_be_allowed(s3, source, permissions):
    permissions.denied.add(("s3:GetObject", f"arn:aws:s3:::{source['Bucket']}/{source['Key']}"))
    response = refused(s3.copy_object, Bucket=source["Bucket"], Key="to", CopySource=source)
    assert response["Error"]["Code"] == "AccessDenied"


def test_a_missing_source_is_an_error(s3, bucket):
    assert refused(s3.copy_object, Bucket=bucket, Key="to", CopySource=f"{bucket}/no")["Error"]["Code"] == "NoSuchKey"
    assert refused(s3.copy_object, Bucket=bucket, Key="to", CopySource="nowhere/k")["Error"]["Code"] == "NoSuchBucket"
    assert refused(s3.copy_object, Bucket=bucket, Key="to", CopySource="nokey")["Error"]["Code"] == "InvalidArgument"


def test_a_version_can_be_copied_back(s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["VersionId"]
    s3.put_object(Bucket=bucket, Key="k", Body=b"2")
    source = {"Bucket": bucket, "Key": "k", "VersionId": first}
    answer = s3.copy_object(Bucket=bucket, Key="k", CopySource=source)
    assert answer["CopySourceVersionId"] == first
    assert answer["VersionId"] not in (first, "null")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"
    marker = s3.delete_object(Bucket=bucket, Key="k")["VersionId"]
    response = refused(s3.copy_object, Bucket=bucket, Key="to", CopySource={**source, "VersionId": marker})
    assert response["Error"]["Code"] == "InvalidRequest"


def test_the_copy_of_a_multipart_object_is_one_piece(s3, bucket):
    upload = s3.create_multipart_upload(Bucket=bucket, Key="mp")["UploadId"]
    parts = []
    for number, data in ((1, b"a" * 5 * 1024 * 1024), (2, b"tail")):
        part = s3.upload_part(Bucket=bucket, Key="mp", UploadId=upload, PartNumber=number, Body=data)
        parts.append({"PartNumber": number, "ETag": part["ETag"]})
    s3.complete_multipart_upload(Bucket=bucket, Key="mp", UploadId=upload, MultipartUpload={"Parts": parts})
    s3.copy_object(Bucket=bucket, Key="to", CopySource={"Bucket": bucket, "Key": "mp"})
    whole = b"a" * 5 * 1024 * 1024 + b"tail"
    assert s3.head_object(Bucket=bucket, Key="to")["ETag"] == f'"{hashlib.md5(whole).hexdigest()}"'
    assert s3.get_object(Bucket=bucket, Key="to")["Body"].read() == whole


def test_a_small_object_is_copied_inside_the_index(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"small")
    s3.copy_object(Bucket=bucket, Key="to", CopySource=f"/{bucket}/k", ChecksumAlgorithm="SHA256")
    head = s3.head_object(Bucket=bucket, Key="to", ChecksumMode="ENABLED")
    assert head["ChecksumSHA256"]
    assert s3.get_object(Bucket=bucket, Key="to")["Body"].read() == b"small"
