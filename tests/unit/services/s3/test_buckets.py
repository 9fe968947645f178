from __future__ import annotations

import pytest
from botocore.exceptions import ClientError


def refused(call, **parameters):
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return caught.value.response


def test_a_bucket_is_created_found_listed_and_deleted(s3):
    assert s3.create_bucket(Bucket="first-bucket")["Location"] == "/first-bucket"
    head = s3.head_bucket(Bucket="first-bucket")
    assert head["BucketRegion"] == "us-east-1"
    assert head["ResponseMetadata"]["HTTPHeaders"]["x-amz-bucket-region"] == "us-east-1"
    listed = s3.list_buckets()
    assert [entry["Name"] for entry in listed["Buckets"]] == ["first-bucket"]
    assert listed["Buckets"][0]["CreationDate"].tzinfo is not None
    assert len(listed["Owner"]["ID"]) == 64
    assert s3.delete_bucket(Bucket="first-bucket")["ResponseMetadata"]["HTTPStatusCode"] == 204
    assert refused(s3.head_bucket, Bucket="first-bucket")["Error"]["Code"] == "404"


def test_a_new_bucket_of_an_old_name_is_empty(s3):
    s3.create_bucket(Bucket="again-bucket")
    s3.put_object(Bucket="again-bucket", Key="k", Body=b"old")
    s3.delete_object(Bucket="again-bucket", Key="k")
    s3.delete_bucket(Bucket="again-bucket")
    s3.create_bucket(Bucket="again-bucket")
    assert s3.list_objects_v2(Bucket="again-bucket")["KeyCount"] == 0


def test_a_bucket_lies_in_the_region_of_its_constraint(platform):
    west = platform.client("us-west-2")
    west.create_bucket(Bucket="west-bucket", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    assert west.get_bucket_location(Bucket="west-bucket")["LocationConstraint"] == "us-west-2"
    assert west.head_bucket(Bucket="west-bucket")["BucketRegion"] == "us-west-2"


def test_the_first_region_has_no_location(s3, bucket):
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None


@pytest.mark.parametrize(
    ("region", "constraint", "code"),
    [
        ("us-west-2", None, "IllegalLocationConstraintException"),
        ("us-west-2", "eu-west-1", "IllegalLocationConstraintException"),
        ("us-east-1", "us-east-1", "InvalidLocationConstraint"),
    ],
)
def test_constraints_that_contradict_the_endpoint_are_refused(platform, region, constraint, code):
    client = platform.client(region)
    client.meta.events.unregister("before-parameter-build.s3.CreateBucket", None)
    configuration = {"CreateBucketConfiguration": {"LocationConstraint": constraint}} if constraint else {}
    assert refused(client.create_bucket, Bucket="some-bucket", **configuration)["Error"]["Code"] == code


def test_making_ones_bucket_again_is_an_error_outside_of_the_first_region(platform, s3):
    s3.create_bucket(Bucket="mine-bucket")
    s3.create_bucket(Bucket="mine-bucket")
    west = platform.client("us-west-2")
    where = {"LocationConstraint": "us-west-2"}
    response = refused(west.create_bucket, Bucket="mine-bucket", CreateBucketConfiguration=where)
    assert response["Error"]["Code"] == "BucketAlreadyOwnedByYou"
    assert response["Error"]["BucketName"] == "mine-bucket"


def test_the_bucket_of_another_account_is_taken(platform, s3, bucket):
    platform.account = "999999999999"
    response = refused(s3.create_bucket, Bucket=bucket)
    assert response["Error"]["Code"] == "BucketAlreadyExists"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 409
    assert s3.list_buckets()["Buckets"] == []


@pytest.mark.parametrize(
    "name",
    ["Upper", "ab.", "under_score", "two..dots", "192.168.0.1", "xn--x", "ends-s3alias", "-begins", "a" * 64, "a.-b"],
)
def test_names_that_break_the_rules_are_refused(s3, name):
    s3.meta.events.unregister("before-parameter-build.s3", _validator())
    assert refused(s3.create_bucket, Bucket=name)["Error"]["Code"] == "InvalidBucketName"


def _validator():
    from botocore.handlers import validate_bucket_name

    return validate_bucket_name


def test_a_bucket_with_objects_cannot_be_deleted(s3, bucket):
    s3.put_object(Bucket=bucket, Key="k", Body=b"1")
    response = refused(s3.delete_bucket, Bucket=bucket)
    assert response["Error"]["Code"] == "BucketNotEmpty"
    assert response["Error"]["Message"] == "The bucket you tried to delete is not empty"


def test_a_bucket_with_delete_markers_cannot_be_deleted(s3, bucket):
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.delete_object(Bucket=bucket, Key="k")
    message = refused(s3.delete_bucket, Bucket=bucket)["Error"]["Message"]
    assert message == "The bucket you tried to delete is not empty. You must delete all versions in the bucket."


def test_buckets_are_listed_in_pages_by_prefix(s3):
    for name in ("aa-1", "aa-2", "aa-3", "bb-1"):
        s3.create_bucket(Bucket=name)
    first = s3.list_buckets(MaxBuckets=2, Prefix="aa-")
    assert [entry["Name"] for entry in first["Buckets"]] == ["aa-1", "aa-2"]
    second = s3.list_buckets(MaxBuckets=2, Prefix="aa-", ContinuationToken=first["ContinuationToken"])
    assert [entry["Name"] for entry in second["Buckets"]] == ["aa-3"]
    assert "ContinuationToken" not in second
    assert refused(s3.list_buckets, ContinuationToken="bad")["Error"]["Code"] == "InvalidArgument"


def test_the_ownership_rule_is_set_at_creation(s3):
    s3.create_bucket(Bucket="acl-bucket", ObjectOwnership="ObjectWriter")
    rules = s3.get_bucket_ownership_controls(Bucket="acl-bucket")["OwnershipControls"]["Rules"]
    assert rules == [{"ObjectOwnership": "ObjectWriter"}]


def test_a_bucket_with_object_lock_is_refused_and_not_made_without_it(s3):
    error = refused(s3.create_bucket, Bucket="locked-bucket", ObjectLockEnabledForBucket=True)["Error"]
    assert (error["Code"], error["Header"]) == ("NotImplemented", "x-amz-bucket-object-lock-enabled")
    assert s3.list_buckets()["Buckets"] == []
