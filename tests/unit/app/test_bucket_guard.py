"""What protects a bucket, joined from S3 and identity as the running platform joins it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from clary.app.platform import bucket_guard
from clary.core.call import Call, Principal
from clary.core.errors import AccessDenied
from clary.core.operations import BoundOperation, OperationMark
from clary.gateway.authorization import ArnRule, Authorizer
from clary.storage import identities, objects
from clary.storage.database import Database
from clary.storage.identities import Identities
from clary.storage.identity_entities import USER
from clary.storage.identity_keys import user_principal
from clary.storage.objects import Objects

ACCOUNT = "123456789012"
LIST = OperationMark("ListObjectsV2", action="ListBucket", resource="{Bucket}")
PUT = OperationMark("PutObject", resource="{Bucket}/{Key}")
CREATE = OperationMark("CreateBucket", resource="{Bucket}")


class Desk:
    """An authorizer over a bucket "data", and a user "alice" whose one policy a test writes."""

    def __init__(self, store: Objects, users: Identities) -> None:
        store.create_bucket("data", ACCOUNT, "us-east-1")
        self._users = users
        self._alice = user_principal(users.entities.create(ACCOUNT, USER, "alice"))
        self._authorizer = Authorizer(users, {"s3": ArnRule("s3", False, False)}, bucket_guard(store))

    def give(self, *statements: dict[str, Any]) -> None:
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        self._users.policies.put_inline(ACCOUNT, USER, "alice", "own", document)

    def allows(self, mark: OperationMark, principal: Principal | None = None, **request: Any) -> bool:
        call = Call("s3", mark.name, ACCOUNT, "us-east-1", principal or self._alice, "id", datetime.now(UTC))
        try:
            self._authorizer.check(call, BoundOperation("s3", mark, lambda call, request: {}), request)
        except AccessDenied:
            return False
        return True


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    index = Database(tmp_path / "objects.db", objects.SCHEMA)
    names = Database(tmp_path / "identities.db", identities.SCHEMA)
    store = Objects(index, tmp_path / "objects")
    yield Desk(store, Identities(names))
    store.close()
    index.close()
    names.close()


def test_a_listing_is_allowed_below_the_prefix_that_a_policy_names_and_nowhere_else(desk: Desk) -> None:
    narrow = {"StringLike": {"s3:prefix": "home/alice/*"}}
    desk.give({"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*", "Condition": narrow})
    assert desk.allows(LIST, Bucket="data", Prefix="home/alice/photos")
    assert not desk.allows(LIST, Bucket="data", Prefix="home/bob/")
    assert not desk.allows(LIST, Bucket="data")


def test_an_upload_that_a_policy_forbids_by_a_header_is_refused(desk: Desk) -> None:
    desk.give(
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "s3:PutObject", "Resource": "*",
         "Condition": {"StringLike": {"s3:x-amz-acl": "public-*"}}},
    )  # fmt: skip
    assert desk.allows(PUT, Bucket="data", Key="k")
    assert desk.allows(PUT, Bucket="data", Key="k", ACL="private")
    assert not desk.allows(PUT, Bucket="data", Key="k", ACL="public-read")


def test_a_bucket_may_be_made_only_where_a_policy_allows(desk: Desk) -> None:
    europe = {"StringEquals": {"s3:LocationConstraint": "eu-west-1"}}
    desk.give({"Effect": "Allow", "Action": "s3:CreateBucket", "Resource": "*", "Condition": europe})
    assert desk.allows(CREATE, Bucket="new", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert not desk.allows(CREATE, Bucket="new", CreateBucketConfiguration={"LocationConstraint": "us-west-2"})
    assert not desk.allows(CREATE, Bucket="new")


def test_required_tags_are_required(desk: Desk) -> None:
    tagged = {"ForAllValues:StringEquals": {"s3:RequestObjectTagKeys": ["team"]},
              "Null": {"s3:RequestObjectTag/team": "false"}}  # fmt: skip
    desk.give({"Effect": "Allow", "Action": "s3:PutObject", "Resource": "*", "Condition": tagged})
    assert desk.allows(PUT, Bucket="data", Key="k", Tagging="team=a")
    assert not desk.allows(PUT, Bucket="data", Key="k", Tagging="team=a&other=b")
    assert not desk.allows(PUT, Bucket="data", Key="k")
