from __future__ import annotations

from clary.services.s3.request_conditions import request_conditions


def test_what_a_client_did_not_send_has_no_key() -> None:
    assert request_conditions({"Bucket": "data", "Key": "k"}) == {}


def test_a_listing_has_its_prefix_delimiter_and_size() -> None:
    listing = {"Bucket": "data", "Prefix": "", "Delimiter": "/", "MaxKeys": 5}
    assert request_conditions(listing) == {"s3:prefix": "", "s3:delimiter": "/", "s3:max-keys": "5"}


def test_headers_of_an_upload_have_keys() -> None:
    upload = {"Key": "k", "ACL": "public-read", "ServerSideEncryption": "aws:kms", "Tagging": "a=1&b=x%20y"}
    assert request_conditions(upload) == {
        "s3:x-amz-acl": "public-read",
        "s3:x-amz-server-side-encryption": "aws:kms",
        "s3:RequestObjectTag/a": "1",
        "s3:RequestObjectTag/b": "x y",
        "s3:RequestObjectTagKeys": ["a", "b"],
    }


def test_tags_in_a_body_count_for_an_object_and_not_for_a_bucket() -> None:
    tagging = {"TagSet": [{"Key": "a", "Value": "1"}]}
    assert request_conditions({"Key": "k", "Tagging": tagging})["s3:RequestObjectTag/a"] == "1"
    assert request_conditions({"Tagging": tagging}) == {}


def test_the_source_of_a_copy_is_written_as_policies_write_it() -> None:
    assert request_conditions({"CopySource": "/data/a%20b?versionId=x"}) == {"s3:x-amz-copy-source": "data/a b"}


def test_what_the_handler_will_refuse_does_not_fail_here() -> None:
    request = {"Key": "k", "CopySource": "nonsense", "Tagging": "a=1&a=2"}
    assert request_conditions(request) == {"s3:x-amz-copy-source": "nonsense"}
