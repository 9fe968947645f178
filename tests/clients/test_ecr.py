"""ECR by boto3 and its registry by plain HTTP, against a really started Clary that is killed in between."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import signal
import tarfile
from collections.abc import Iterator
from typing import Any

import boto3
import psutil
import pytest
import requests

from clary.compute import processes

from .conftest import RunningClary, start_clary

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
LARGE_BYTES = 192 << 20
PIECE_BYTES = 1 << 20


@pytest.fixture(scope="module")
def own_clary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningClary]:
    """A Clary that this module may kill."""
    running = start_clary(tmp_path_factory.mktemp("ecr") / "data")
    yield running
    running.command("down")


@pytest.fixture(scope="module")
def session(own_clary: RunningClary) -> boto3.Session:
    values = own_clary.environment()
    return boto3.Session(
        values["AWS_ACCESS_KEY_ID"], values["AWS_SECRET_ACCESS_KEY"], region_name=values["AWS_DEFAULT_REGION"]
    )


@pytest.fixture(scope="module")
def ecr(own_clary: RunningClary, session: boto3.Session) -> Any:
    return session.client("ecr", endpoint_url=own_clary.url)


class Registry(requests.Session):
    """A client of the registry, logged in as `docker login` would."""

    def __init__(self, ecr: Any) -> None:
        super().__init__()
        given = ecr.get_authorization_token()["authorizationData"][0]
        user, _, password = base64.b64decode(given["authorizationToken"]).decode().partition(":")
        self.auth = (user, password)
        self.url = given["proxyEndpoint"]


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def tiny_image() -> tuple[bytes, bytes]:
    """The configuration and the one layer of an image with one file."""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        entry = tarfile.TarInfo("greeting")
        entry.size = 5
        archive.addfile(entry, io.BytesIO(b"hello"))
    difference = whole.getvalue()
    config = {
        "architecture": "amd64",
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [digest_of(difference)]},
    }
    return json.dumps(config).encode(), gzip.compress(difference, mtime=0)


def manifest_of(config: bytes, layer: bytes) -> str:
    described = [{"mediaType": "x", "size": len(data), "digest": digest_of(data)} for data in (config, layer)]
    value = {"schemaVersion": 2, "mediaType": MANIFEST, "config": described[0], "layers": described[1:]}
    return json.dumps(value)


def put_layer(ecr: Any, repository: str, data: bytes) -> None:
    upload = ecr.initiate_layer_upload(repositoryName=repository)
    for first in range(0, len(data), 100):
        part = data[first : first + 100]
        ecr.upload_layer_part(
            repositoryName=repository,
            uploadId=upload["uploadId"],
            partFirstByte=first,
            partLastByte=first + len(part) - 1,
            layerPartBlob=part,
        )
    ecr.complete_layer_upload(repositoryName=repository, uploadId=upload["uploadId"], layerDigests=[digest_of(data)])


def test_what_the_operations_put_is_pulled_from_the_registry(ecr: Any) -> None:
    ecr.create_repository(repositoryName="by/operations")
    config, layer = tiny_image()
    for data in (config, layer):
        put_layer(ecr, "by/operations", data)
    put = ecr.put_image(repositoryName="by/operations", imageManifest=manifest_of(config, layer), imageTag="v1")
    registry = Registry(ecr)
    got = registry.get(f"{registry.url}/v2/by/operations/manifests/v1")
    assert got.headers["Docker-Content-Digest"] == put["image"]["imageId"]["imageDigest"]
    assert got.headers["Content-Type"] == MANIFEST
    for blob in (got.json()["config"], *got.json()["layers"]):
        pulled = registry.get(f"{registry.url}/v2/by/operations/blobs/{blob['digest']}").content
        assert digest_of(pulled) == blob["digest"]
    address = ecr.get_download_url_for_layer(repositoryName="by/operations", layerDigest=digest_of(layer))
    assert requests.get(address["downloadUrl"], timeout=30).content == layer


def test_what_is_pushed_to_the_registry_is_told_by_the_operations_after_a_kill_in_the_middle(
    ecr: Any, own_clary: RunningClary
) -> None:
    ecr.create_repository(repositoryName="by-wire")
    config, layer = tiny_image()
    registry = Registry(ecr)
    place = registry.url + registry.post(f"{registry.url}/v2/by-wire/blobs/uploads/").headers["Location"]
    assert registry.patch(place, data=layer[:50]).headers["Range"] == "0-49"
    kill_and_start_again(own_clary)
    assert registry.get(place).headers["Range"] == "0-49"
    done = registry.put(f"{place}?digest={digest_of(layer)}", data=layer[50:])
    assert done.status_code == 201, done.text
    uploads = f"{registry.url}/v2/by-wire/blobs/uploads/"
    assert registry.post(f"{uploads}?digest={digest_of(config)}", data=config).status_code == 201
    text = manifest_of(config, layer)
    put = registry.put(f"{registry.url}/v2/by-wire/manifests/v1", data=text, headers={"Content-Type": MANIFEST})
    assert put.status_code == 201, put.text
    kill_and_start_again(own_clary)
    (image,) = ecr.batch_get_image(repositoryName="by-wire", imageIds=[{"imageTag": "v1"}])["images"]
    assert image["imageManifest"] == text
    (detail,) = ecr.describe_images(repositoryName="by-wire")["imageDetails"]
    assert detail["imageSizeInBytes"] == len(text) + len(config) + len(layer)


def kill_and_start_again(clary: RunningClary) -> None:
    running = json.loads((clary.data / "running.json").read_text())
    os.kill(running["pid"], signal.SIGKILL)
    assert processes.ProcessWatch(running["pid"]).wait(20)
    start_clary(clary.data, running["port"])


def test_a_large_layer_passes_in_constant_memory(ecr: Any, own_clary: RunningClary) -> None:
    ecr.create_repository(repositoryName="large")
    registry = Registry(ecr)
    server = psutil.Process(json.loads((own_clary.data / "running.json").read_text())["pid"])
    before = server.memory_info().rss
    hasher = hashlib.sha256()
    piece = os.urandom(PIECE_BYTES)

    def pieces() -> Iterator[bytes]:
        for _ in range(LARGE_BYTES // PIECE_BYTES):
            hasher.update(piece)
            yield piece

    place = registry.url + registry.post(f"{registry.url}/v2/large/blobs/uploads/").headers["Location"]
    assert registry.patch(place, data=pieces()).status_code == 202
    digest = f"sha256:{hasher.hexdigest()}"
    assert registry.put(f"{place}?digest={digest}").status_code == 201
    received = 0
    with registry.get(f"{registry.url}/v2/large/blobs/{digest}", stream=True) as answer:
        for part in answer.iter_content(PIECE_BYTES):
            received += len(part)
    assert received == LARGE_BYTES
    assert server.memory_info().rss - before < 64 << 20


def test_a_user_without_rights_can_neither_describe_nor_pull(
    ecr: Any, own_clary: RunningClary, session: boto3.Session
) -> None:
    iam = session.client("iam", endpoint_url=own_clary.url)
    iam.create_user(UserName="stranger")
    key = iam.create_access_key(UserName="stranger")["AccessKey"]
    theirs = boto3.client(
        "ecr",
        endpoint_url=own_clary.url,
        region_name=session.region_name,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
    )
    ecr.create_repository(repositoryName="private")
    with pytest.raises(theirs.exceptions.ClientError, match="not authorized to perform: ecr:DescribeImages"):
        theirs.describe_images(repositoryName="private")
    with pytest.raises(theirs.exceptions.ClientError, match="ecr:GetAuthorizationToken"):
        theirs.get_authorization_token()
    assert requests.get(f"{own_clary.url}/v2/private/manifests/v1", timeout=30).status_code == 401
