"""S3 without a server: a boto3 client that talks to the handlers in this process."""

from __future__ import annotations

import pytest

from clary.services.s3.resources import resources
from clary.storage.database import Database
from clary.storage.objects import SCHEMA, Objects

from .in_process import InProcess, Permissions


@pytest.fixture
def objects(tmp_path):
    database = Database(tmp_path / "objects.db", SCHEMA)
    store = Objects(database, tmp_path / "objects")
    yield store
    store.close()
    database.close()


@pytest.fixture
def permissions():
    return Permissions()


@pytest.fixture
def platform(objects, permissions):
    running = InProcess(resources(objects=objects, authorize=permissions.authorize))
    yield running
    running.close()


@pytest.fixture
def s3(platform):
    return platform.client()


@pytest.fixture
def bucket(s3):
    s3.create_bucket(Bucket="data-bucket")
    return "data-bucket"
