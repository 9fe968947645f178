from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

KEYS = ["a.csv", "b/1", "b/2", "b/deep/3", "c.csv", "d/1", "e+f &.csv", "é", "😀"]


@pytest.fixture
def filled(s3, bucket):
    for key in KEYS:
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    return bucket


def keys(page):
    return [entry["Key"] for entry in page.get("Contents", [])]


def prefixes(page):
    return [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]


def test_keys_come_in_the_order_of_their_utf8_bytes(s3, bucket):
    names = ["z", "é", "\ue000", "😀", "Z", "a", "a ", "a/", "a0"]  # UTF-16 would put the emoji before U+E000
    for name in names:
        s3.put_object(Bucket=bucket, Key=name, Body=b"")
    assert keys(s3.list_objects_v2(Bucket=bucket)) == sorted(names, key=lambda name: name.encode())


def test_a_delimiter_rolls_keys_up(s3, filled):
    page = s3.list_objects_v2(Bucket=filled, Delimiter="/")
    assert keys(page) == ["a.csv", "c.csv", "e+f &.csv", "é", "😀"]
    assert prefixes(page) == ["b/", "d/"]
    assert page["KeyCount"] == 7
    below = s3.list_objects_v2(Bucket=filled, Prefix="b/", Delimiter="/")
    assert (keys(below), prefixes(below)) == (["b/1", "b/2"], ["b/deep/"])
    assert (below["Prefix"], below["Delimiter"]) == ("b/", "/")


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("delimiter", ["", "/"])
def test_pages_of_any_size_hold_everything_once(s3, filled, size, delimiter):
    found: list[str] = []
    for page in s3.get_paginator("list_objects_v2").paginate(
        Bucket=filled, Delimiter=delimiter, PaginationConfig={"PageSize": size}
    ):
        assert len(keys(page)) + len(prefixes(page)) <= size
        assert page["KeyCount"] == len(keys(page)) + len(prefixes(page))
        found += keys(page) + prefixes(page)
    whole = s3.list_objects_v2(Bucket=filled, Delimiter=delimiter)
    assert sorted(found) == sorted(keys(whole) + prefixes(whole))
    assert len(found) == len(set(found))


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("delimiter", ["", "/"])
def test_the_first_listing_pages_by_marker(s3, filled, size, delimiter):
    found: list[str] = []
    for page in s3.get_paginator("list_objects").paginate(
        Bucket=filled, Delimiter=delimiter, PaginationConfig={"PageSize": size}
    ):
        found += keys(page) + prefixes(page)
    whole = s3.list_objects(Bucket=filled, Delimiter=delimiter)
    assert sorted(found) == sorted(keys(whole) + prefixes(whole))


def test_listing_starts_behind_a_key(s3, filled):
    assert keys(s3.list_objects_v2(Bucket=filled, StartAfter="b/2", MaxKeys=2)) == ["b/deep/3", "c.csv"]
    assert keys(s3.list_objects_v2(Bucket=filled, Prefix="b/", StartAfter="b/1")) == ["b/2", "b/deep/3"]
    assert keys(s3.list_objects(Bucket=filled, Marker="c.csv", MaxKeys=1)) == ["d/1"]


def test_a_page_of_no_keys_is_empty_and_complete(s3, filled):
    page = s3.list_objects_v2(Bucket=filled, MaxKeys=0)
    assert (page["KeyCount"], page["IsTruncated"], page["MaxKeys"]) == (0, False, 0)


def test_a_page_never_holds_more_than_a_thousand(s3, filled):
    assert s3.list_objects_v2(Bucket=filled, MaxKeys=5000)["MaxKeys"] == 1000


def test_keys_are_encoded_on_the_wire_when_asked_for(s3, platform, filled):
    page = s3.list_objects_v2(Bucket=filled, Prefix="e+", EncodingType="url")
    assert keys(page) == ["e%2Bf%20%26.csv"]
    assert page["Prefix"] == "e%2B"
    assert keys(s3.list_objects_v2(Bucket=filled, Prefix="e+")) == ["e+f &.csv"]


def test_owners_are_told_by_the_first_listing_and_on_request(s3, filled):
    assert len(s3.list_objects(Bucket=filled)["Contents"][0]["Owner"]["ID"]) == 64
    assert "Owner" not in s3.list_objects_v2(Bucket=filled)["Contents"][0]
    assert "Owner" in s3.list_objects_v2(Bucket=filled, FetchOwner=True)["Contents"][0]


def test_entries_tell_size_etag_time_and_class(s3, filled):
    entry = s3.list_objects_v2(Bucket=filled, Prefix="a")["Contents"][0]
    head = s3.head_object(Bucket=filled, Key="a.csv")
    assert (entry["ETag"], entry["Size"], entry["LastModified"]) == (
        head["ETag"],
        head["ContentLength"],
        head["LastModified"],
    )
    assert entry["StorageClass"] == "STANDARD"


@pytest.mark.parametrize("token", ["", "nonsense", "WyJ2ZXJzaW9ucyIsImEiXQ"])
def test_a_foreign_token_is_refused(s3, filled, token):
    with pytest.raises(ClientError) as caught:
        s3.list_objects_v2(Bucket=filled, ContinuationToken=token)
    assert caught.value.response["Error"]["Code"] == "InvalidArgument"


def test_a_page_of_a_negative_size_is_refused(s3, filled):
    with pytest.raises(ClientError) as caught:
        s3.list_objects_v2(Bucket=filled, MaxKeys=-1)
    assert caught.value.response["Error"]["Code"] == "InvalidArgument"
