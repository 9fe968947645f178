"""What a Host header means."""

from __future__ import annotations

import pytest

from clary.gateway.addressing import HostMeaning, meaning_of_host


@pytest.mark.parametrize(
    ("host", "meaning"),
    [
        ("127.0.0.1:4566", HostMeaning()),
        ("localhost:4566", HostMeaning()),
        ("[::1]:4566", HostMeaning()),
        ("s3.amazonaws.com", HostMeaning()),
        ("s3.us-west-2.amazonaws.com", HostMeaning(region="us-west-2")),
        ("data.s3.amazonaws.com", HostMeaning(bucket="data")),
        (
            "my.dotted.bucket.s3.eu-central-1.amazonaws.com",
            HostMeaning(bucket="my.dotted.bucket", region="eu-central-1"),
        ),
        ("data.s3-eu-west-1.amazonaws.com:443", HostMeaning(bucket="data", region="eu-west-1")),
        ("data.s3.dualstack.us-east-2.amazonaws.com", HostMeaning(bucket="data", region="us-east-2")),
        ("data.s3.localhost:4566", HostMeaning(bucket="data")),
        ("data.localhost:4566", HostMeaning(bucket="data")),
        ("site.s3-website-us-east-1.amazonaws.com", HostMeaning(bucket="site", website=True)),
        ("site.s3-website.eu-west-1.amazonaws.com", HostMeaning(bucket="site", website=True)),
        ("site.s3-website.localhost:4566", HostMeaning(bucket="site", website=True)),
        ("sts.us-east-1.amazonaws.com", HostMeaning(region="us-east-1")),
        ("runtime.sagemaker.eu-west-1.amazonaws.com", HostMeaning(region="eu-west-1")),
    ],
)
def test_a_host_names_bucket_website_and_region(host: str, meaning: HostMeaning) -> None:
    assert meaning_of_host(host) == meaning
