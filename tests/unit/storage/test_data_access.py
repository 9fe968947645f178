from __future__ import annotations

import pytest

from clary.core.errors import ValidationException
from clary.storage import identities as identity_store
from clary.storage.data_access import DataAccess, DataAccessDenied, parse_uri
from clary.storage.database import Database
from clary.storage.identities import Identities
from clary.storage.identity_store import NoSuchEntity
from clary.storage.object_errors import NoSuchBucket, NoSuchKey
from clary.storage.objects import NO_ATTRIBUTES, NO_INTEGRITY, SCHEMA, Objects

ACCOUNT = "123456789012"
BIG = b"0123456789" * 50_000


@pytest.fixture
def stores(tmp_path):
    databases = [Database(tmp_path / "objects.db", SCHEMA), Database(tmp_path / "ids.db", identity_store.SCHEMA)]
    objects = Objects(databases[0], tmp_path / "objects")
    objects.create_bucket("sagemaker-data", ACCOUNT, "us-east-1")
    yield objects, Identities(databases[1], account=ACCOUNT)
    objects.close()
    for database in databases:
        database.close()


@pytest.fixture
def objects(stores):
    return stores[0]


@pytest.fixture
def access(stores):
    return DataAccess(*stores)


@pytest.fixture
def role(stores):
    return stores[1].bootstrap(ACCOUNT).role_arn


def deny(objects, action, resource):
    statement = {"Effect": "Deny", "Principal": "*", "Action": action, "Resource": resource}
    objects.set_bucket("sagemaker-data", "policy", {"Version": "2012-10-17", "Statement": [statement]})


def test_a_role_that_is_allowed_reads_and_writes(access, role, tmp_path):
    source = tmp_path / "model.tar.gz"
    source.write_bytes(BIG)
    access.upload(role, "s3://sagemaker-data/out/model.tar.gz", source)
    access.upload_bytes(role, "s3://sagemaker-data/out/notes.txt", b"note")
    assert [stored.key for stored in access.list(role, "s3://sagemaker-data/out/")] == [
        "out/model.tar.gz",
        "out/notes.txt",
    ]
    assert access.open(role, "sagemaker-data", "out/notes.txt").read() == b"note"
    for key, expected in (("out/model.tar.gz", BIG), ("out/notes.txt", b"note")):
        target = tmp_path / "job" / "input" / key
        assert access.download(role, "sagemaker-data", key, target).size == len(expected)
        assert target.read_bytes() == expected


def test_a_downloaded_copy_is_not_the_store_itself(access, role, objects, tmp_path):
    objects.put_bytes("sagemaker-data", "train.csv", BIG)
    target = tmp_path / "train.csv"
    access.download(role, "sagemaker-data", "train.csv", target)
    assert target.stat().st_nlink == 1
    with target.open("r+b") as file:
        file.write(b"overwritten by the job")
    assert access.open(role, "sagemaker-data", "train.csv").read() == BIG


def test_a_download_replaces_a_file_and_fails_without_leaving_one(access, role, objects, tmp_path):
    target = tmp_path / "t"
    target.write_bytes(b"old and longer than the new one")
    objects.put_bytes("sagemaker-data", "k", b"new")
    access.download(role, "sagemaker-data", "k", target)
    assert target.read_bytes() == b"new"
    with pytest.raises(NoSuchKey):
        access.download(role, "sagemaker-data", "missing", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_every_page_of_a_long_listing_is_read(access, role, objects):
    objects.transact(
        lambda connection, dead: [
            objects.writes.put(
                connection,
                dead,
                "sagemaker-data",
                f"many/{index:05}",
                objects.receiver.keep(b"", NO_INTEGRITY),
                NO_ATTRIBUTES,
            )
            for index in range(2_100)
        ]
    )
    assert sum(1 for _ in access.list(role, "s3://sagemaker-data/many/")) == 2_100


def test_a_bucket_policy_can_refuse_the_role(access, role, objects, tmp_path):
    objects.put_bytes("sagemaker-data", "secret/k", b"1")
    deny(objects, "s3:GetObject", "arn:aws:s3:::sagemaker-data/secret/*")
    with pytest.raises(DataAccessDenied) as caught:
        access.download(role, "sagemaker-data", "secret/k", tmp_path / "k")
    assert caught.value.wire_code == "AccessDenied"
    assert caught.value.details["action"] == "s3:GetObject"
    assert caught.value.message.startswith(f"User: arn:aws:sts::{ACCOUNT}:assumed-role/")
    assert 's3:GetObject on resource: "arn:aws:s3:::sagemaker-data/secret/k"' in caught.value.message
    deny(objects, "s3:ListBucket", "arn:aws:s3:::sagemaker-data")
    with pytest.raises(DataAccessDenied):
        access.list(role, "s3://sagemaker-data/")
    deny(objects, "s3:PutObject", "arn:aws:s3:::sagemaker-data/*")
    with pytest.raises(DataAccessDenied):
        access.upload_bytes(role, "s3://sagemaker-data/k", b"")


def test_a_bucket_that_is_not_there_is_told_apart_from_one_that_is_refused(access, role):
    with pytest.raises(NoSuchBucket):
        access.list(role, "s3://not-there/prefix")


@pytest.mark.parametrize("uri", ["", "bucket/key", "https://bucket/key", "s3://", "s3:///key"])
def test_what_is_no_s3_uri_is_refused(uri):
    with pytest.raises(ValidationException):
        parse_uri(uri)


def test_keys_keep_their_slashes():
    assert parse_uri("s3://bucket/a//b/") == ("bucket", "a//b/")
    assert parse_uri("s3://bucket") == ("bucket", "")


def test_a_caller_s_own_arn_stands_for_its_rights(access, objects, stores):
    identities = stores[1]
    identities.bootstrap(ACCOUNT)
    objects.put_bytes("sagemaker-data", "photo", b"pixels")
    user = identities.entities.create(ACCOUNT, "user", "reader")
    read = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}'
    with pytest.raises(DataAccessDenied):
        access.open(user.arn, "sagemaker-data", "photo")
    identities.policies.put_inline(ACCOUNT, "user", "reader", "read", read)
    assert access.open(user.arn, "sagemaker-data", "photo").read() == b"pixels"
    with pytest.raises(DataAccessDenied):
        access.upload_bytes(user.arn, "s3://sagemaker-data/other", b"")
    access.upload_bytes(f"arn:aws:iam::{ACCOUNT}:root", "s3://sagemaker-data/other", b"")
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/ClaryExecutionRole/somebody"
    access.upload_bytes(session, "s3://sagemaker-data/other", b"")
    limited = identities.keys.issue_session(identities.principal(session, ""), 900, [read])
    caller = identities.keys.credential(limited.access_key_id).principal
    assert access.open(caller.acting_arn, "sagemaker-data", "photo").read() == b"pixels"
    with pytest.raises(DataAccessDenied):
        access.upload_bytes(caller.acting_arn, "s3://sagemaker-data/other", b"")
    free = identities.keys.issue_session(identities.principal(session, ""), 900)
    assert identities.keys.credential(free.access_key_id).principal.acting_arn == session
    identities.keys.withdraw_session(limited.access_key_id)
    with pytest.raises(NoSuchEntity, match="has ended"):
        access.open(caller.acting_arn, "sagemaker-data", "photo")
    for nobody in (f"arn:aws:sts::{ACCOUNT}:assumed-role/Nobody/s", f"arn:aws:iam::{ACCOUNT}:user/nobody", "nobody"):
        with pytest.raises(NoSuchEntity):
            access.open(nobody, "sagemaker-data", "photo")
