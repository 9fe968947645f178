from __future__ import annotations

import base64
import hashlib
import io
import zlib
from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

ODD_KEYS = [
    "a//b",
    "//",
    "../../etc/passwd",
    "..",
    ".",
    "folder/",
    "Größe/北京/😀.csv",
    "with space+plus%25&amp;=?#.txt",
    "x" * 1024,
    "é" * 512,
]


def refused(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response


def test_an_object_comes_back_as_it_was_put(s3, bucket):
    data = b"age,job\n34,clerk\n"
    put = s3.put_object(Bucket=bucket, Key="train.csv", Body=data, ContentType="text/csv", Metadata={"Kind": "bank"})
    assert put["ETag"] == f'"{hashlib.md5(data).hexdigest()}"'
    assert put["ServerSideEncryption"] == "AES256"
    got = s3.get_object(Bucket=bucket, Key="train.csv")
    assert got["Body"].read() == data
    assert got["ContentType"] == "text/csv"
    assert got["Metadata"] == {"kind": "bank"}
    assert got["ContentLength"] == len(data)
    assert got["AcceptRanges"] == "bytes"
    assert "VersionId" not in got
    assert abs(got["LastModified"] - datetime.now(UTC)) < timedelta(seconds=5)


@pytest.mark.parametrize("size", [0, 1, 65_536, 65_537, 3_000_000])
def test_objects_of_every_size_class_round_trip(s3, bucket, size):
    data = bytes(range(251)) * (size // 251 + 1)
    data = data[:size]
    s3.put_object(Bucket=bucket, Key="k", Body=data)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == data
    assert s3.head_object(Bucket=bucket, Key="k")["ContentLength"] == size


@pytest.mark.parametrize("key", ODD_KEYS)
def test_odd_keys_are_stored_listed_and_deleted_under_their_own_name(s3, bucket, key):
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == [key]
    s3.delete_object(Bucket=bucket, Key=key)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_key_may_also_be_a_folder_of_other_keys(s3, bucket):
    for key in ("a", "a/", "a/b", "a/b/c"):
        s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    for key in ("a", "a/", "a/b", "a/b/c"):
        assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()


def test_a_key_of_1025_bytes_is_too_long(s3, bucket):
    response = refused(s3.put_object, Bucket=bucket, Key="x" * 1025, Body=b"")
    assert response["Error"]["Code"] == "KeyTooLongError"
    assert response["Error"]["MaxSizeAllowed"] == "1024"


def test_a_missing_key_is_named_in_the_error(s3, bucket):
    response = refused(s3.get_object, Bucket=bucket, Key="no/such.csv")
    assert response["Error"]["Code"] == "NoSuchKey"
    assert response["Error"]["Message"] == "The specified key does not exist."
    assert response["Error"]["Key"] == "no/such.csv"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert refused(s3.head_object, Bucket=bucket, Key="no")["Error"]["Code"] == "404"


def test_who_may_not_list_is_not_told_which_keys_are_missing(s3, bucket, permissions):
    permissions.denied.add(("s3:ListBucket", f"arn:aws:s3:::{bucket}"))
    assert refused(s3.get_object, Bucket=bucket, Key="secret")["Error"]["Code"] == "AccessDenied"


def test_a_missing_bucket_is_named_in_the_error(s3):
    response = refused(s3.put_object, Bucket="not-there", Key="k", Body=b"")
    assert (response["Error"]["Code"], response["Error"]["BucketName"]) == ("NoSuchBucket", "not-there")


def test_another_expected_owner_is_refused(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"1", ExpectedBucketOwner="123456789012")
    response = refused(s3.get_object, Bucket=bucket, Key="k", ExpectedBucketOwner="999999999999")
    assert response["Error"]["Code"] == "AccessDenied"


@pytest.mark.parametrize(
    ("asked", "expected", "content_range"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-2", b"89", "bytes 8-9/10"),
        ("bytes=-20", b"0123456789", "bytes 0-9/10"),
        ("bytes=8-100", b"89", "bytes 8-9/10"),
    ],
)
def test_ranges_are_answered_with_206(s3, bucket, asked, expected, content_range):
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    got = s3.get_object(Bucket=bucket, Key="k", Range=asked)
    assert got["Body"].read() == expected
    assert got["ContentRange"] == content_range
    assert got["ContentLength"] == len(expected)
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 206


@pytest.mark.parametrize("asked", ["bytes=1-2,4-5", "lines=1-2", "bytes=5-2", "nonsense"])
def test_ranges_that_s3_ignores_give_the_whole_object(s3, bucket, asked):
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    got = s3.get_object(Bucket=bucket, Key="k", Range=asked)
    assert got["Body"].read() == b"0123456789"
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=99-100", "bytes=-0"])
def test_a_range_behind_the_end_is_not_satisfiable(s3, bucket, asked):
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    response = refused(s3.get_object, Bucket=bucket, Key="k", Range=asked)
    assert response["Error"]["Code"] == "InvalidRange"
    assert response["Error"]["RangeRequested"] == asked
    assert response["Error"]["ActualObjectSize"] == "10"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 416


def test_ranges_of_large_objects_are_read_from_their_file(s3, bucket):
    data = bytes(range(256)) * 20_000
    s3.put_object(Bucket=bucket, Key="big", Body=data)
    got = s3.get_object(Bucket=bucket, Key="big", Range="bytes=2500000-2500099")
    assert got["Body"].read() == data[2_500_000:2_500_100]


def test_conditional_reads_follow_etag_and_date(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["ETag"]
    past, future = datetime.now(UTC) - timedelta(hours=1), datetime.now(UTC) + timedelta(hours=1)
    name = {"Bucket": bucket, "Key": "k"}
    assert s3.get_object(**name, IfMatch=etag)["Body"].read() == b"1"
    assert refused(s3.get_object, **name, IfMatch='"other"')["Error"]["Condition"] == "If-Match"
    unchanged = refused(s3.get_object, **name, IfNoneMatch=etag)
    assert unchanged["ResponseMetadata"]["HTTPStatusCode"] == 304
    assert unchanged["ResponseMetadata"]["HTTPHeaders"]["etag"] == etag
    assert refused(s3.head_object, **name, IfModifiedSince=future)["ResponseMetadata"]["HTTPStatusCode"] == 304
    assert s3.get_object(**name, IfModifiedSince=past)["Body"].read() == b"1"
    assert refused(s3.get_object, **name, IfUnmodifiedSince=past)["Error"]["Code"] == "PreconditionFailed"
    assert s3.get_object(**name, IfMatch=etag, IfUnmodifiedSince=past)["Body"].read() == b"1"
    assert s3.get_object(**name, IfNoneMatch='"other"', IfModifiedSince=future)["Body"].read() == b"1"


def test_conditional_writes_are_checked_against_what_is_stored(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")["ETag"]
    response = refused(s3.put_object, Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*")
    assert (response["Error"]["Code"], response["Error"]["Condition"]) == ("PreconditionFailed", "If-None-Match")
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"2", IfMatch='"x"')["Error"]["Condition"] == "If-Match"
    assert refused(s3.put_object, Bucket=bucket, Key="new", Body=b"2", IfMatch=etag)["Error"]["Code"] == "NoSuchKey"
    s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfMatch=etag)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"2"


def test_a_wrong_content_md5_stores_nothing(s3, bucket):
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"1", ContentMD5=wrong)["Error"]["Code"] == "BadDigest"
    assert (
        refused(s3.put_object, Bucket=bucket, Key="k", Body=b"1", ContentMD5="abc")["Error"]["Code"] == "InvalidDigest"
    )
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


@pytest.mark.parametrize("size", [10, 200_000])
@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"])
def test_checksums_are_kept_and_returned(s3, bucket, algorithm, size):
    data = b"z" * size
    put = s3.put_object(Bucket=bucket, Key="k", Body=data, ChecksumAlgorithm=algorithm)
    head = s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert put[f"Checksum{algorithm}"] == head[f"Checksum{algorithm}"]
    assert head["ChecksumType"] == "FULL_OBJECT"
    if algorithm == "CRC32":
        assert base64.b64decode(head["ChecksumCRC32"]) == zlib.crc32(data).to_bytes(4, "big")
    if algorithm == "SHA256":
        assert base64.b64decode(head["ChecksumSHA256"]) == hashlib.sha256(data).digest()


@pytest.mark.parametrize("size", [10, 200_000])
def test_a_wrong_checksum_is_a_bad_digest(s3, bucket, size):
    wrong = base64.b64encode(b"\0\0\0\0").decode()
    response = refused(s3.put_object, Bucket=bucket, Key="k", Body=b"z" * size, ChecksumCRC32=wrong)
    assert response["Error"]["Code"] == "BadDigest"
    assert response["Error"]["Message"] == "The CRC32 you specified did not match the calculated checksum."
    assert refused(s3.get_object, Bucket=bucket, Key="k")["Error"]["Code"] == "NoSuchKey"


def test_response_headers_can_be_overridden_by_a_signed_reader(s3, bucket, platform):
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    got = s3.get_object(Bucket=bucket, Key="k", ResponseContentType="text/html", ResponseContentDisposition="inline")
    assert (got["ContentType"], got["ContentDisposition"]) == ("text/html", "inline")
    platform.anonymous = True
    response = refused(s3.get_object, Bucket=bucket, Key="k", ResponseContentType="text/html")
    assert response["Error"]["Code"] == "InvalidRequest"


def test_headers_storage_class_and_tags_are_kept(s3, bucket):
    s3.put_object(
        Bucket=bucket,
        Key="k",
        Body=b"1",
        CacheControl="max-age=5",
        ContentEncoding="gzip",
        ContentLanguage="de",
        ContentDisposition="attachment",
        WebsiteRedirectLocation="/other",
        StorageClass="STANDARD_IA",
        Tagging="team=ml&empty=",
        Expires=datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC),
    )
    head = s3.head_object(Bucket=bucket, Key="k")
    assert head["CacheControl"] == "max-age=5"
    assert head["ContentEncoding"] == "gzip"
    assert head["ContentLanguage"] == "de"
    assert head["ContentDisposition"] == "attachment"
    assert head["WebsiteRedirectLocation"] == "/other"
    assert head["StorageClass"] == "STANDARD_IA"
    assert head["TagCount"] == 2
    assert head["Expires"] == datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    tags = s3.get_object_tagging(Bucket=bucket, Key="k")["TagSet"]
    assert tags == [{"Key": "empty", "Value": ""}, {"Key": "team", "Value": "ml"}]


def test_metadata_over_two_kilobytes_is_refused(s3, bucket):
    response = refused(s3.put_object, Bucket=bucket, Key="k", Body=b"", Metadata={"a": "b" * 2048})
    assert response["Error"]["Code"] == "MetadataTooLarge"
    s3.put_object(Bucket=bucket, Key="k", Body=b"", Metadata={"a": "b" * 2047})


def test_what_would_not_be_kept_is_refused(s3, bucket):
    key = base64.b64encode(b"k" * 32).decode()
    response = refused(
        s3.put_object, Bucket=bucket, Key="k", Body=b"", SSECustomerAlgorithm="AES256", SSECustomerKey=key
    )
    assert response["Error"]["Code"] == "NotImplemented"
    assert refused(s3.put_object, Bucket=bucket, Key="k", Body=b"", ACL="public-read")["Error"]["Code"] == (
        "AccessControlListNotSupported"
    )


def test_deleting_is_silent_about_what_is_not_there(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    assert s3.delete_object(Bucket=bucket, Key="k")["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert s3.delete_object(Bucket=bucket, Key="k")["ResponseMetadata"]["HTTPStatusCode"] == 204


def test_a_batch_deletion_reports_each_key(s3, bucket, permissions):
    for name in "abc":
        s3.put_object(Bucket=bucket, Key=name, Body=b"1")
    permissions.denied.add(("s3:DeleteObject", f"arn:aws:s3:::{bucket}/b"))
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": name} for name in "abcd"]})
    assert [entry["Key"] for entry in answer["Deleted"]] == ["a", "c", "d"]
    assert [(entry["Key"], entry["Code"]) for entry in answer["Errors"]] == [("b", "AccessDenied")]
    assert [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["b"]


def test_a_deletion_can_depend_on_the_etag(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["ETag"]
    assert refused(s3.delete_object, Bucket=bucket, Key="k", IfMatch='"x"')["Error"]["Code"] == "PreconditionFailed"
    batch = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k", "ETag": '"x"'}]})
    assert batch["Errors"][0]["Code"] == "PreconditionFailed"
    assert refused(s3.delete_object, Bucket=bucket, Key="k", IfMatchSize=5)["Error"]["Code"] == "NotImplemented"
    s3.delete_object(Bucket=bucket, Key="k", IfMatch=etag)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_quiet_batch_deletion_reports_errors_only(s3, bucket):
    s3.put_object(Bucket=bucket, Key="a", Body=b"1")
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}], "Quiet": True})
    assert "Deleted" not in answer and "Errors" not in answer
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_thousand_keys_are_deleted_at_once_and_1001_refused(s3, bucket):
    keys = [{"Key": f"k{index}"} for index in range(1001)]
    assert len(s3.delete_objects(Bucket=bucket, Delete={"Objects": keys[:1000]})["Deleted"]) == 1000
    assert refused(s3.delete_objects, Bucket=bucket, Delete={"Objects": keys})["Error"]["Code"] == "MalformedXML"


def test_attributes_are_those_that_were_asked_for(s3, bucket):
    etag = s3.put_object(Bucket=bucket, Key="k", Body=b"12345", ChecksumAlgorithm="SHA1")["ETag"]
    answer = s3.get_object_attributes(
        Bucket=bucket, Key="k", ObjectAttributes=["ETag", "Checksum", "ObjectSize", "StorageClass", "ObjectParts"]
    )
    assert answer["ETag"] == etag.strip('"')
    assert answer["ObjectSize"] == 5
    assert answer["StorageClass"] == "STANDARD"
    assert answer["Checksum"]["ChecksumSHA1"]
    assert answer["Checksum"]["ChecksumType"] == "FULL_OBJECT"
    assert "ObjectParts" not in answer
    assert "ETag" not in s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["ObjectSize"])


def test_upload_and_download_of_files_work_through_the_transfer_library(s3, bucket):
    data = bytes(range(256)) * 80_000  # 20 MB: a multipart upload and a download in ranges
    s3.upload_fileobj(io.BytesIO(data), bucket, "big.bin")
    target = io.BytesIO()
    s3.download_fileobj(bucket, "big.bin", target)
    assert target.getvalue() == data
    assert s3.head_object(Bucket=bucket, Key="big.bin")["ETag"].endswith('-3"')
