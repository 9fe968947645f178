"""Which image a user means."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from clary.compute.containers.access import ContainerAccess
from clary.core.call import Call, Principal
from clary.core.errors import ValidationException
from clary.services.sagemaker.own_images import ImageFinder
from clary.storage import images as image_store
from clary.storage import records as record_store
from clary.storage.blobs import Blobs
from clary.storage.database import Database
from clary.storage.image_manifests import OCI_INDEX, parse_manifest
from clary.storage.images import REPOSITORY, Images
from clary.storage.records import Record, Records

from ..desk import ACCOUNT

AWS = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com"
CALLER = Principal("user", f"arn:aws:iam::{ACCOUNT}:user/a", ACCOUNT)
CALL = Call("sagemaker", "CreateModel", ACCOUNT, "us-east-1", CALLER, "id", datetime.now(UTC), "http://10.0.0.5:4566")


@pytest.fixture
def images(tmp_path: Path) -> Iterator[Images]:
    database = Database(tmp_path / "records.db", record_store.SCHEMA + image_store.SCHEMA)
    records = Records(database)
    yield Images(records, Blobs(tmp_path / "images"))
    database.close()


@pytest.fixture
def finder(images: Images, tmp_path: Path) -> ImageFinder:
    return ImageFinder(images, ContainerAccess(str(tmp_path / "no-engine.sock"), images))


def push(images: Images, repository: str, tag: str, account: str = ACCOUNT) -> str:
    arn = f"arn:aws:ecr:us-east-1:{account}:repository/{repository}"
    images._records.insert(Record(REPOSITORY, account, "us-east-1", repository, arn))
    empty = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}
    return images.put(arn, parse_manifest(json.dumps(empty).encode()), tag, lambda name: True).digest


@pytest.mark.parametrize("registry", [AWS, "127.0.0.1:4566", "localhost:4566", "10.0.0.5:4566"])
def test_an_image_of_this_clary_is_found_by_each_of_its_addresses(
    finder: ImageFinder, images: Images, registry: str
) -> None:
    digest = push(images, "team/app", "v1")
    for reference in (":v1", f"@{digest}"):
        assert finder.for_models(CALL)(f"{registry}/team/app{reference}") == f"{AWS}/team/app@{digest}"


def test_an_image_of_ones_own_comes_before_a_built_in_one_of_the_same_name(finder: ImageFinder, images: Images) -> None:
    uri = f"{AWS}/xgboost:1"
    assert finder.for_jobs(CALL)(uri) is None
    digest = push(images, "xgboost", "1")
    assert finder.for_jobs(CALL)(uri) == f"{AWS}/xgboost@{digest}"


def test_what_is_not_there_is_left_to_the_job_and_refused_for_a_model(finder: ImageFinder) -> None:
    assert finder.for_jobs(CALL)("127.0.0.1:4566/none") == f"{AWS}/none:latest"
    with pytest.raises(ValidationException, match=r"Requested image 127\.0\.0\.1:4566/none not found"):
        finder.for_models(CALL)("127.0.0.1:4566/none")


class FakeEngine:
    """Has one image, which another account's job brought into it."""

    ID = "3f2a" + "0" * 60
    LOADED = f"clary.local/999999999999/us-east-1/x:{'0' * 64}"

    def image(self, reference: str) -> dict[str, str] | None:
        known = reference in (self.LOADED, "tools:1") or self.ID.startswith(reference.removeprefix("sha256:"))
        return {"Id": f"sha256:{self.ID}"} if known else None


@pytest.mark.parametrize("uri", [FakeEngine.LOADED, FakeEngine.ID, FakeEngine.ID[:2], f"sha256:{FakeEngine.ID[:9]}"])
def test_what_another_accounts_job_brought_into_the_engine_is_not_to_be_had_by_name_or_id(
    images: Images, monkeypatch: pytest.MonkeyPatch, uri: str
) -> None:
    monkeypatch.setattr(ContainerAccess, "engine", lambda access: FakeEngine())
    find = ImageFinder(images, ContainerAccess("", images)).for_jobs(CALL)
    assert find("tools:1") == "tools:1"
    assert find(uri) is None


def test_an_image_of_somebody_else_is_not_ones_own(finder: ImageFinder, images: Images) -> None:
    push(images, "x", "1", account="999999999999")
    for uri in ("999999999999.dkr.ecr.us-east-1.amazonaws.com/x:1", "docker.io/library/x", "not an image"):
        assert finder.for_models(CALL)(uri) is None
