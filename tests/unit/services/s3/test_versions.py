from __future__ import annotations

import pytest
from botocore.exceptions import ClientError


def refused(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response


@pytest.fixture
def versioned(s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


def body(s3, **parameters):
    return s3.get_object(**parameters)["Body"].read()


def test_versioning_is_off_until_it_is_enabled(s3, bucket):
    assert "Status" not in s3.get_bucket_versioning(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Suspended"
    response = refused(s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration={})
    assert response["Error"]["Code"] == "IllegalVersioningConfigurationException"


def test_every_version_stays_readable(s3, versioned):
    first = s3.put_object(Bucket=versioned, Key="k", Body=b"1")["VersionId"]
    second = s3.put_object(Bucket=versioned, Key="k", Body=b"2")["VersionId"]
    assert body(s3, Bucket=versioned, Key="k") == b"2"
    assert body(s3, Bucket=versioned, Key="k", VersionId=first) == b"1"
    assert s3.head_object(Bucket=versioned, Key="k")["VersionId"] == second


def test_a_delete_marker_hides_the_object_until_it_is_deleted(s3, versioned):
    first = s3.put_object(Bucket=versioned, Key="k", Body=b"1")["VersionId"]
    deleted = s3.delete_object(Bucket=versioned, Key="k")
    assert deleted["DeleteMarker"] is True
    missing = refused(s3.get_object, Bucket=versioned, Key="k")
    assert missing["Error"]["Code"] == "NoSuchKey"
    headers = missing["ResponseMetadata"]["HTTPHeaders"]
    assert (headers["x-amz-delete-marker"], headers["x-amz-version-id"]) == ("true", deleted["VersionId"])
    marker = refused(s3.get_object, Bucket=versioned, Key="k", VersionId=deleted["VersionId"])
    assert (marker["Error"]["Code"], marker["ResponseMetadata"]["HTTPStatusCode"]) == ("MethodNotAllowed", 405)
    assert body(s3, Bucket=versioned, Key="k", VersionId=first) == b"1"
    assert s3.list_objects_v2(Bucket=versioned)["KeyCount"] == 0
    undone = s3.delete_object(Bucket=versioned, Key="k", VersionId=deleted["VersionId"])
    assert undone["DeleteMarker"] is True
    assert body(s3, Bucket=versioned, Key="k") == b"1"


def test_deleting_the_latest_version_brings_the_one_before_back(s3, versioned):
    s3.put_object(Bucket=versioned, Key="k", Body=b"1")
    second = s3.put_object(Bucket=versioned, Key="k", Body=b"2")["VersionId"]
    assert s3.delete_object(Bucket=versioned, Key="k", VersionId=second)["VersionId"] == second
    assert body(s3, Bucket=versioned, Key="k") == b"1"
    assert refused(s3.get_object, Bucket=versioned, Key="k", VersionId=second)["Error"]["Code"] == "NoSuchVersion"


def test_objects_from_before_versioning_are_the_null_version(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"old")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="k", Body=b"new")
    assert body(s3, Bucket=bucket, Key="k", VersionId="null") == b"old"


def test_a_suspended_bucket_replaces_the_null_version_only(s3, versioned):
    kept = s3.put_object(Bucket=versioned, Key="k", Body=b"kept")["VersionId"]
    s3.put_bucket_versioning(Bucket=versioned, VersioningConfiguration={"Status": "Suspended"})
    assert s3.put_object(Bucket=versioned, Key="k", Body=b"n1")["VersionId"] == "null"
    s3.put_object(Bucket=versioned, Key="k", Body=b"n2")
    versions = s3.list_object_versions(Bucket=versioned)["Versions"]
    assert [(entry["VersionId"], entry["IsLatest"]) for entry in versions] == [("null", True), (kept, False)]
    deleted = s3.delete_object(Bucket=versioned, Key="k")
    assert (deleted["VersionId"], deleted["DeleteMarker"]) == ("null", True)
    listed = s3.list_object_versions(Bucket=versioned)
    assert [entry["VersionId"] for entry in listed["Versions"]] == [kept]
    assert [entry["VersionId"] for entry in listed["DeleteMarkers"]] == ["null"]


def test_deleting_a_version_for_good_needs_its_own_permission(s3, versioned, permissions):
    version = s3.put_object(Bucket=versioned, Key="k", Body=b"1")["VersionId"]
    permissions.denied.add(("s3:DeleteObjectVersion", f"arn:aws:s3:::{versioned}/k"))
    assert refused(s3.delete_object, Bucket=versioned, Key="k", VersionId=version)["Error"]["Code"] == "AccessDenied"
    batch = s3.delete_objects(Bucket=versioned, Delete={"Objects": [{"Key": "k", "VersionId": version}]})
    assert batch["Errors"][0]["Code"] == "AccessDenied"
    assert body(s3, Bucket=versioned, Key="k") == b"1"


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_versions_are_listed_in_pages_newest_first(s3, versioned, size):
    expected = []
    for key in ("a", "b/1", "c"):
        ids = [s3.put_object(Bucket=versioned, Key=key, Body=b"1")["VersionId"] for _ in range(3)]
        ids.append(s3.delete_object(Bucket=versioned, Key=key)["VersionId"])
        expected += [(key, version) for version in reversed(ids)]
    found = []
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=versioned, PaginationConfig={"PageSize": size})
    for page in pages:
        entries = page.get("Versions", []) + page.get("DeleteMarkers", [])
        assert len(entries) <= size
        order = {entry: index for index, entry in enumerate(expected)}
        found += sorted(((entry["Key"], entry["VersionId"]) for entry in entries), key=order.__getitem__)
    assert found == expected


def test_versions_are_rolled_up_by_delimiter(s3, versioned):
    for key in ("a", "b/1", "b/2"):
        s3.put_object(Bucket=versioned, Key=key, Body=b"1")
    page = s3.list_object_versions(Bucket=versioned, Delimiter="/")
    assert [entry["Key"] for entry in page["Versions"]] == ["a"]
    assert page["CommonPrefixes"] == [{"Prefix": "b/"}]


def test_a_version_marker_needs_a_key_marker(s3, versioned):
    response = refused(s3.list_object_versions, Bucket=versioned, VersionIdMarker="x")
    assert response["Error"]["Code"] == "InvalidArgument"


def test_tags_belong_to_a_version(s3, versioned):
    first = s3.put_object(Bucket=versioned, Key="k", Body=b"1", Tagging="a=1")["VersionId"]
    s3.put_object(Bucket=versioned, Key="k", Body=b"2")
    s3.put_object_tagging(Bucket=versioned, Key="k", Tagging={"TagSet": [{"Key": "b", "Value": "2"}]})
    assert s3.get_object_tagging(Bucket=versioned, Key="k", VersionId=first)["TagSet"] == [{"Key": "a", "Value": "1"}]
    assert s3.get_object_tagging(Bucket=versioned, Key="k")["TagSet"] == [{"Key": "b", "Value": "2"}]
    s3.delete_object_tagging(Bucket=versioned, Key="k", VersionId=first)
    assert s3.get_object_tagging(Bucket=versioned, Key="k", VersionId=first)["TagSet"] == []


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ([("a", "1")] * 2, "InvalidTag"),
        ([(str(index), "") for index in range(11)], "BadRequest"),
        ([("aws:x", "1")], "InvalidTag"),
        ([("a", "{}")], "InvalidTag"),
    ],
)
def test_tags_that_break_the_rules_are_refused(s3, bucket, tags, code):
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    tag_set = [{"Key": key, "Value": value} for key, value in tags]
    assert refused(s3.put_object_tagging, Bucket=bucket, Key="k", Tagging={"TagSet": tag_set})["Error"]["Code"] == code
