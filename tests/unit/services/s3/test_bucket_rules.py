from __future__ import annotations

import pytest

from clary.services.s3.bucket_rules import bucket_rules
from clary.storage import identities as identity_store
from clary.storage.data_access import DataAccess, DataAccessDenied
from clary.storage.database import Database
from clary.storage.identities import Identities
from clary.storage.object_values import Attributes

OWNER, STRANGER = "123456789012", "999999999999"
BUCKET = "shared-bucket"


@pytest.fixture
def identities(tmp_path):
    database = Database(tmp_path / "identities.db", identity_store.SCHEMA)
    yield Identities(database, account=OWNER)
    database.close()


@pytest.fixture
def access(objects, identities):
    objects.create_bucket(BUCKET, OWNER, "us-east-1")
    objects.put_bytes(BUCKET, "k", b"bytes")
    return DataAccess(objects, identities, rules=bucket_rules(objects))


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


EVERYBODY = {
    "Effect": "Allow",
    "Principal": "*",
    "Action": ["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
    "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"],
}


def test_a_role_of_another_account_gets_nothing_from_a_public_bucket_that_is_restricted(access, objects, identities):
    stranger = identities.bootstrap(STRANGER).role_arn
    objects.set_bucket(BUCKET, "policy", policy(EVERYBODY))
    for attempt in (
        lambda: access.open(stranger, BUCKET, "k"),
        lambda: access.upload_bytes(stranger, f"s3://{BUCKET}/new", b""),
        lambda: access.list(stranger, f"s3://{BUCKET}/"),
    ):
        with pytest.raises(DataAccessDenied):
            attempt()
    assert access.open(identities.bootstrap(OWNER).role_arn, BUCKET, "k").read() == b"bytes"
    objects.set_bucket(BUCKET, "public-access-block", {"RestrictPublicBuckets": False})
    assert access.open(stranger, BUCKET, "k").read() == b"bytes"


def test_tags_of_an_object_decide_for_roles_too(access, objects, identities):
    role = identities.bootstrap(OWNER).role_arn
    refusal = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{BUCKET}/*",
        "Condition": {"StringEquals": {"s3:ExistingObjectTag/class": "secret"}},
    }
    objects.set_bucket(BUCKET, "policy", policy(refusal))
    objects.put_bytes(BUCKET, "hidden", b"", Attributes(tags={"class": "secret"}))
    assert access.open(role, BUCKET, "k").read() == b"bytes"
    with pytest.raises(DataAccessDenied):
        access.open(role, BUCKET, "hidden")
