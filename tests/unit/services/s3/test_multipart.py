from __future__ import annotations

import base64
import hashlib
import zlib

import pytest
from botocore.exceptions import ClientError

MIB = 1024 * 1024
FIRST, LAST = b"a" * (5 * MIB), b"b" * 1000


def refused(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response


@pytest.fixture
def upload(s3, bucket):
    begun = s3.create_multipart_upload(Bucket=bucket, Key="big", ContentType="text/csv", Metadata={"a": "b"})
    return {"Bucket": bucket, "Key": "big", "UploadId": begun["UploadId"]}


def put_parts(s3, upload, parts):
    return [
        {"PartNumber": number, "ETag": s3.upload_part(**upload, PartNumber=number, Body=data)["ETag"]}
        for number, data in parts.items()
    ]


def test_parts_become_one_object(s3, upload):
    parts = put_parts(s3, upload, {2: LAST, 1: FIRST})[::-1]
    done = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    digests = hashlib.md5(FIRST).digest() + hashlib.md5(LAST).digest()
    assert done["ETag"] == f'"{hashlib.md5(digests).hexdigest()}-2"'
    got = s3.get_object(Bucket=upload["Bucket"], Key="big")
    assert got["Body"].read() == FIRST + LAST
    assert (got["ContentType"], got["Metadata"]) == ("text/csv", {"a": "b"})
    crossing = s3.get_object(Bucket=upload["Bucket"], Key="big", Range=f"bytes={5 * MIB - 2}-{5 * MIB + 1}")
    assert crossing["Body"].read() == b"aabb"


def test_nothing_is_visible_before_completion(s3, upload):
    put_parts(s3, upload, {1: FIRST})
    assert s3.list_objects_v2(Bucket=upload["Bucket"])["KeyCount"] == 0
    assert refused(s3.get_object, Bucket=upload["Bucket"], Key="big")["Error"]["Code"] == "NoSuchKey"


def test_single_parts_of_the_object_can_be_read(s3, upload):
    parts = put_parts(s3, upload, {1: FIRST, 2: LAST})
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    second = s3.get_object(Bucket=upload["Bucket"], Key="big", PartNumber=2)
    assert second["Body"].read() == LAST
    assert second["PartsCount"] == 2
    assert second["ContentRange"] == f"bytes {5 * MIB}-{5 * MIB + 999}/{5 * MIB + 1000}"
    response = refused(s3.get_object, Bucket=upload["Bucket"], Key="big", PartNumber=3)
    assert response["Error"]["Code"] == "InvalidPartNumber"


def test_completing_again_gives_the_same_answer(s3, upload):
    parts = put_parts(s3, upload, {1: FIRST, 2: LAST})
    first = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    second = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert first["ETag"] == second["ETag"]
    response = refused(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": parts[:1]})
    assert response["Error"]["Code"] == "NoSuchUpload"


def test_parts_that_do_not_fit_are_refused(s3, upload):
    parts = put_parts(s3, upload, {1: FIRST, 2: LAST, 3: LAST})

    def code(listed):
        return refused(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": listed})["Error"]

    assert code([parts[1], parts[0]])["Code"] == "InvalidPartOrder"
    assert code([parts[0], {"PartNumber": 2, "ETag": '"0"'}])["Code"] == "InvalidPart"
    small = code(parts)
    assert (small["Code"], small["PartNumber"], small["ProposedSize"]) == ("EntityTooSmall", "2", "1000")
    missing = refused(
        s3.complete_multipart_upload,
        **upload,
        MultipartUpload={"Parts": [*parts[:1], {"PartNumber": 9, "ETag": parts[0]["ETag"]}]},
    )
    assert missing["Error"]["Code"] == "InvalidPart"


@pytest.mark.parametrize("number", [0, 10_001])
def test_part_numbers_run_from_1_to_10000(s3, upload, number):
    response = refused(s3.upload_part, **upload, PartNumber=number, Body=b"1")
    assert response["Error"]["Code"] == "InvalidArgument"
    assert response["Error"]["Message"] == "Part number must be an integer between 1 and 10000, inclusive"


def test_a_part_that_is_sent_again_replaces_the_first(s3, upload):
    put_parts(s3, upload, {1: b"wrong"})
    parts = put_parts(s3, upload, {1: b"right"})
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert s3.get_object(Bucket=upload["Bucket"], Key="big")["Body"].read() == b"right"


def test_an_aborted_upload_is_gone_with_its_files(s3, upload, objects):
    put_parts(s3, upload, {1: FIRST})
    s3.abort_multipart_upload(**upload)
    assert refused(s3.upload_part, **upload, PartNumber=2, Body=b"1")["Error"]["Code"] == "NoSuchUpload"
    assert refused(s3.list_parts, **upload)["Error"]["Code"] == "NoSuchUpload"
    objects.close()
    assert objects.database.read().execute("SELECT count(*) FROM files WHERE dead_after IS NULL").fetchone()[0] == 0
    assert list(objects.database.path.parent.glob("objects/files/*/*")) == []


def test_parts_are_listed_in_pages(s3, upload):
    put_parts(s3, upload, {3: b"3", 1: b"1", 7: b"7"})
    first = s3.list_parts(**upload, MaxParts=2)
    assert [part["PartNumber"] for part in first["Parts"]] == [1, 3]
    assert (first["IsTruncated"], first["NextPartNumberMarker"]) == (True, 3)
    second = s3.list_parts(**upload, PartNumberMarker=3)
    assert [(part["PartNumber"], part["Size"]) for part in second["Parts"]] == [(7, 1)]
    assert second["IsTruncated"] is False


@pytest.mark.parametrize("size", [1, 2, 1000])
def test_uploads_in_progress_are_listed_by_key_and_time(s3, bucket, size):
    made = [
        (key, s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]) for key in ("a", "b/1", "b/1", "b/2", "c")
    ]
    found = []
    paginator = s3.get_paginator("list_multipart_uploads")
    for page in paginator.paginate(Bucket=bucket, PaginationConfig={"PageSize": size}):
        found += [(upload["Key"], upload["UploadId"]) for upload in page.get("Uploads", [])]
    assert found == made
    rolled, prefixes = [], []
    for page in paginator.paginate(Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": size}):
        rolled += [upload["Key"] for upload in page.get("Uploads", [])]
        prefixes += [entry["Prefix"] for entry in page.get("CommonPrefixes", [])]
    assert (rolled, sorted(set(prefixes))) == (["a", "c"], ["b/"])
    assert len(s3.list_multipart_uploads(Bucket=bucket, Prefix="b/")["Uploads"]) == 3


def test_composite_checksums_are_made_of_the_parts(s3, bucket):
    name = {"Bucket": bucket, "Key": "k"}
    upload = s3.create_multipart_upload(**name, ChecksumAlgorithm="SHA256")
    assert (upload["ChecksumAlgorithm"], upload["ChecksumType"]) == ("SHA256", "COMPOSITE")
    parts = []
    for number, data in enumerate((FIRST, LAST), start=1):
        part = s3.upload_part(
            **name, UploadId=upload["UploadId"], PartNumber=number, Body=data, ChecksumAlgorithm="SHA256"
        )
        parts.append({"PartNumber": number, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]})
    wrong = [{**parts[0], "ChecksumSHA256": parts[1]["ChecksumSHA256"]}, parts[1]]
    response = refused(
        s3.complete_multipart_upload, **name, UploadId=upload["UploadId"], MultipartUpload={"Parts": wrong}
    )
    assert response["Error"]["Code"] == "InvalidPart"
    done = s3.complete_multipart_upload(**name, UploadId=upload["UploadId"], MultipartUpload={"Parts": parts})
    joined = hashlib.sha256(FIRST).digest() + hashlib.sha256(LAST).digest()
    assert done["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(joined).digest()).decode() + "-2"
    attributes = s3.get_object_attributes(**name, ObjectAttributes=["ObjectParts", "Checksum"])
    assert attributes["ObjectParts"]["TotalPartsCount"] == 2
    assert [part["ChecksumSHA256"] for part in attributes["ObjectParts"]["Parts"]] == [
        part["ChecksumSHA256"] for part in parts
    ]


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC64NVME"])
def test_full_object_checksums_are_those_of_the_whole(s3, bucket, algorithm):
    name = {"Bucket": bucket, "Key": "k"}
    upload = s3.create_multipart_upload(**name, ChecksumAlgorithm=algorithm, ChecksumType="FULL_OBJECT")["UploadId"]
    parts = [
        {
            "PartNumber": number,
            "ETag": s3.upload_part(**name, UploadId=upload, PartNumber=number, Body=data, ChecksumAlgorithm=algorithm)[
                "ETag"
            ],
        }
        for number, data in enumerate((FIRST, LAST), start=1)
    ]
    bad = {f"Checksum{algorithm}": base64.b64encode(b"\0" * (4 if algorithm == "CRC32" else 8)).decode()}
    response = refused(s3.complete_multipart_upload, **name, UploadId=upload, MultipartUpload={"Parts": parts}, **bad)
    assert response["Error"]["Code"] == "BadDigest"
    done = s3.complete_multipart_upload(**name, UploadId=upload, MultipartUpload={"Parts": parts})
    whole = s3.put_object(Bucket=bucket, Key="whole", Body=FIRST + LAST, ChecksumAlgorithm=algorithm)
    assert done[f"Checksum{algorithm}"] == whole[f"Checksum{algorithm}"]
    assert done["ChecksumType"] == "FULL_OBJECT"
    if algorithm == "CRC32":
        assert base64.b64decode(done["ChecksumCRC32"]) == zlib.crc32(FIRST + LAST).to_bytes(4, "big")


@pytest.mark.parametrize(("algorithm", "kind"), [("SHA256", "FULL_OBJECT"), ("CRC64NVME", "COMPOSITE")])
def test_impossible_checksum_types_are_refused(s3, bucket, algorithm, kind):
    response = refused(
        s3.create_multipart_upload, Bucket=bucket, Key="k", ChecksumAlgorithm=algorithm, ChecksumType=kind
    )
    assert response["Error"]["Code"] == "InvalidRequest"


def test_a_part_with_another_checksum_than_its_upload_is_refused(s3, bucket):
    name = {"Bucket": bucket, "Key": "k"}
    upload = s3.create_multipart_upload(**name, ChecksumAlgorithm="SHA256")["UploadId"]
    response = refused(s3.upload_part, **name, UploadId=upload, PartNumber=1, Body=b"1", ChecksumAlgorithm="SHA1")
    assert response["Error"]["Code"] == "InvalidRequest"


def test_a_checksum_of_another_kind_at_completion_is_refused(s3, upload):
    parts = put_parts(s3, upload, {1: LAST})
    sha = base64.b64encode(hashlib.sha1(LAST).digest()).decode()
    given = {"MultipartUpload": {"Parts": parts}, "ChecksumSHA1": sha}
    response = refused(s3.complete_multipart_upload, **upload, **given)
    assert response["Error"]["Code"] == "InvalidRequest"
    assert "expected checksum Type: crc64nvme" in response["Error"]["Message"]
    assert s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})["ChecksumCRC64NVME"]


def test_conditions_hold_at_completion(s3, upload):
    parts = put_parts(s3, upload, {1: LAST})
    s3.put_object(Bucket=upload["Bucket"], Key="big", Body=b"1")
    response = refused(s3.complete_multipart_upload, **upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*")
    assert response["Error"]["Code"] == "PreconditionFailed"
    assert s3.get_object(Bucket=upload["Bucket"], Key="big")["Body"].read() == b"1"


def test_an_upload_without_parts_cannot_be_completed(s3, upload):
    assert refused(s3.complete_multipart_upload, **upload)["Error"]["Code"] == "MalformedXML"


def test_a_part_can_be_copied_from_a_range(s3, upload):
    s3.put_object(Bucket=upload["Bucket"], Key="source", Body=b"0123456789" * 10_000)
    copied = s3.upload_part_copy(
        **upload, PartNumber=1, CopySource=f"{upload['Bucket']}/source", CopySourceRange="bytes=5-14"
    )
    parts = [{"PartNumber": 1, "ETag": copied["CopyPartResult"]["ETag"]}]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert s3.get_object(Bucket=upload["Bucket"], Key="big")["Body"].read() == b"5678901234"


@pytest.mark.parametrize("asked", ["bytes=0-10", "bytes=5-2", "bytes=1-", "0-1"])
def test_a_copied_range_must_lie_in_its_source(s3, upload, asked):
    s3.put_object(Bucket=upload["Bucket"], Key="source", Body=b"0123456789")
    source = f"{upload['Bucket']}/source"
    response = refused(s3.upload_part_copy, **upload, PartNumber=1, CopySource=source, CopySourceRange=asked)
    assert response["Error"]["Code"] == "InvalidArgument"
