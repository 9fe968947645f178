"""Which bucket, or which API, a Host header names: S3's virtual-host style, website hosts, and AWS's own host names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

# Hosts below which a first label is a bucket: AWS's own, and names that resolve to this machine everywhere.
_BUCKET_HOST = re.compile(
    r"(?P<bucket>[a-z0-9][a-z0-9.\-]*?)\."
    r"(?:s3(?:[.\-](?:dualstack\.)?(?P<region>[a-z]{2}(?:-[a-z]+)+-\d))?\.amazonaws\.com(?:\.cn)?|s3\.localhost|localhost)$"
)
_WEBSITE_HOST = re.compile(
    r"(?P<bucket>[a-z0-9][a-z0-9.\-]*?)\.s3-website(?:[.\-][a-z]{2}(?:-[a-z]+)+-\d)?\.(?:amazonaws\.com(?:\.cn)?|localhost)$"
)
_SERVICE_HOST = re.compile(
    r"(?:(?P<prefix>[a-z0-9\-]+)\.)?(?P<service>[a-z0-9\-]+)\.(?P<region>[a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com(?:\.cn)?$"
)


@dataclass(frozen=True, slots=True)
class HostMeaning:
    """What a Host header says.

    Attributes:
        bucket: the bucket of a virtual-host style S3 request, else "".
        website: whether the host is a bucket's website endpoint.
        region: the region in the name, else "".
    """

    bucket: str = ""
    website: bool = False
    region: str = ""


_NOTHING = HostMeaning()


@lru_cache(maxsize=1024)
def meaning_of_host(host: str) -> HostMeaning:
    """Reads a Host header; a host that says nothing (an IP address, localhost) gives empty fields."""
    name = host.rsplit(":", 1)[0].lower() if not host.endswith("]") else host.lower()
    if match := _WEBSITE_HOST.match(name):
        return HostMeaning(bucket=match["bucket"], website=True)
    if match := _BUCKET_HOST.match(name):
        if match["bucket"] == "s3" or match["bucket"].endswith(".s3-accesspoint"):
            return _NOTHING
        return HostMeaning(bucket=match["bucket"], region=match["region"] or "")
    if match := _SERVICE_HOST.match(name):
        return HostMeaning(region=match["region"])
    return _NOTHING


def bucket_of_host(host: str) -> str | None:
    """The bucket that stands in front of the path when the request is read in path style, None for all other hosts.

    SigV2 signs that form, so the gateway and the verification must agree: a website's host is none of them.
    """
    meaning = meaning_of_host(host)
    return meaning.bucket or None if not meaning.website else None
