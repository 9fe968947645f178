import pytest

from clary.core.errors import ValidationException
from clary.services.sagemaker.locations import Location, location


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("s3://bucket/a/b.csv", Location("bucket", "a/b.csv")),
        ("s3://bucket", Location("bucket", "")),
        ("s3://bucket//odd", Location("bucket", "/odd")),
        ("https://s3.amazonaws.com/bucket/a%20b", Location("bucket", "a b")),
        ("https://s3.eu-west-1.amazonaws.com/bucket/key", Location("bucket", "key")),
        ("https://s3-eu-west-1.amazonaws.com/bucket/key", Location("bucket", "key")),
        ("https://my.bucket.s3.us-east-1.amazonaws.com/key", Location("my.bucket", "key")),
    ],
)
def test_every_form_of_an_s3_address_is_read(uri: str, expected: Location) -> None:
    assert location(uri, "S3Uri") == expected


@pytest.mark.parametrize("uri", ["s3://", "s3:///key", "s3://UPPER/key", "https://example.com/bucket/key", "ftp://b/k"])
def test_what_is_no_s3_address_is_refused_by_member_and_value(uri: str) -> None:
    with pytest.raises(ValidationException) as refused:
        location(uri, "OutputDataConfig.S3OutputPath")
    assert "OutputDataConfig.S3OutputPath" in refused.value.message
    assert uri in refused.value.message


@pytest.mark.parametrize("prefix", ["s3://bucket/out", "s3://bucket/out/"])
def test_a_path_below_a_prefix_has_one_slash_between(prefix: str) -> None:
    assert location(prefix, "S3Uri").below("job/output/model.tar.gz") == "s3://bucket/out/job/output/model.tar.gz"


def test_a_path_below_a_bare_bucket_begins_with_the_path() -> None:
    assert location("s3://bucket", "S3Uri").below("job") == "s3://bucket/job"
