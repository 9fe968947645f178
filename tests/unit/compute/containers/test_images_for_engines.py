"""How an image of this Clary gets into the engine, and how replicas in containers are asked."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

import pytest

from clary.compute.containers import relay
from clary.compute.containers.access import ContainerAccess
from clary.compute.contract import Limits, NoSuchImage, Program
from clary.compute.executors.container import ContainerExecutor
from clary.compute.exits import signal_or_code
from clary.compute.forking.server import ForkServer
from clary.storage import images as image_store
from clary.storage import records as record_store
from clary.storage.blobs import Blobs
from clary.storage.database import Database
from clary.storage.image_manifests import OCI_INDEX, OCI_MANIFEST, parse_manifest
from clary.storage.images import REPOSITORY, Images
from clary.storage.records import Record, Records

ACCOUNT, REGION = "123456789012", "us-east-1"
ARN = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/app"
ADDRESS = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/app"


class FakeEngine:
    """Remembers what was loaded."""

    def __init__(self, *known: str) -> None:
        self.known = set(known)
        self.loaded: list[bytes] = []

    def image(self, reference: str) -> dict | None:
        return {} if reference in self.known else None

    def load(self, archive: Iterable[bytes]) -> None:
        self.loaded.append(b"".join(archive))


@pytest.fixture
def images(tmp_path: Path) -> Iterator[Images]:
    database = Database(tmp_path / "records.db", record_store.SCHEMA + image_store.SCHEMA)
    records = Records(database)
    records.insert(Record(REPOSITORY, ACCOUNT, REGION, "app", ARN))
    yield Images(records, Blobs(tmp_path / "images"))
    database.close()


def store(images: Images, data: bytes) -> dict:
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    upload = images.blobs.begin(ARN)
    images.blobs.append(ARN, upload, [data])
    images.add_layer(ARN, digest, images.blobs.finish(ARN, upload, digest))
    return {"mediaType": "x", "size": len(data), "digest": digest}


def put(images: Images, value: dict, tag: str = "") -> str:
    manifest = parse_manifest(json.dumps({"schemaVersion": 2, **value}).encode())
    return images.put(ARN, manifest, tag, lambda name: True).digest


def simple(images: Images, content: bytes, tag: str = "") -> str:
    layers = [store(images, content), store(images, b"second"), store(images, content)]
    return put(images, {"mediaType": OCI_MANIFEST, "config": store(images, b"{}"), "layers": layers}, tag)


def test_an_image_is_loaded_once_with_all_its_layers_in_order(images: Images) -> None:
    digest = simple(images, b"first", "v1")
    engine = FakeEngine()
    access = ContainerAccess(images=images)
    name = access.provide(engine, f"{ADDRESS}@{digest}")
    assert name == f"clary.local/{ACCOUNT}/{REGION}/app:{digest.removeprefix('sha256:')}"
    with tarfile.open(fileobj=io.BytesIO(engine.loaded[0])) as archive:
        (listing,) = json.loads(archive.extractfile("manifest.json").read())
        assert listing["RepoTags"] == [name]
        contents = [archive.extractfile(layer).read() for layer in listing["Layers"]]
        assert archive.extractfile(listing["Config"]).read() == b"{}"
    assert contents == [b"first", b"second", b"first"]
    engine.known.add(name)
    access.provide(engine, f"{ADDRESS}:v1")
    assert len(engine.loaded) == 1


def test_of_a_list_the_image_for_this_machine_is_taken(images: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    children = []
    for architecture in ("amd64", "arm64"):
        digest = simple(images, architecture.encode())
        platform = {"os": "linux", "architecture": architecture}
        children.append({"mediaType": OCI_MANIFEST, "size": 1, "digest": digest, "platform": platform})
    put(images, {"mediaType": OCI_INDEX, "manifests": children}, "all")
    access = ContainerAccess(images=images)
    assert access.provide(FakeEngine(), f"{ADDRESS}:all").endswith(children[1]["digest"].removeprefix("sha256:"))
    put(images, {"mediaType": OCI_INDEX, "manifests": children[:1]}, "other")
    with pytest.raises(NoSuchImage, match="not made for linux/arm64: it is there for linux/amd64"):
        access.provide(FakeEngine(), f"{ADDRESS}:other")


def test_what_does_not_exist_is_said_in_awss_words(images: Images) -> None:
    access = ContainerAccess(images=images)
    with pytest.raises(NoSuchImage, match="Cannot find repository: none in registry ID: 123456789012"):
        access.provide(FakeEngine(), ADDRESS.replace("/app", "/none"))
    with pytest.raises(NoSuchImage, match="Please ensure that the image exists"):
        access.provide(FakeEngine(), f"{ADDRESS}:v9")
    with pytest.raises(NoSuchImage, match="docker pull"):
        access.provide(FakeEngine(), "busybox:latest")
    assert access.provide(FakeEngine("busybox:latest"), "busybox:latest") == "busybox:latest"


@pytest.mark.parametrize(("code", "told"), [(0, 0), (3, 3), (137, -9), (143, -15), (255, 255), (-9, -9)])
def test_an_end_by_a_signal_is_told_as_a_negative_number(code: int, told: int) -> None:
    assert signal_or_code(code) == told


async def test_the_relay_passes_connections_on_and_ends_those_that_nobody_takes(tmp_path: Path) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 16):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    path = tmp_path / "s"
    running = asyncio.create_task(relay.relay(str(path), port))
    while not path.exists():
        assert not running.done()
        await asyncio.sleep(0.005)
    sent = b"x" * 3_000_000
    reader, writer = await asyncio.open_unix_connection(str(path))
    sending = asyncio.create_task(_send(writer, sent))
    assert await reader.readexactly(len(sent)) == sent
    await sending
    writer.close()
    server.close()
    reader, writer = await asyncio.open_unix_connection(str(path))
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()
    running.cancel()


async def _send(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


def test_an_image_that_is_not_in_ecr_is_told_before_an_engine_that_is_missing(images: Images, tmp_path: Path) -> None:
    launcher = cast(ForkServer, None)  # it comes to nothing that would be launched
    executor = ContainerExecutor(launcher, access=ContainerAccess(str(tmp_path / "no-socket"), images))

    def start(image: str) -> None:
        executor.start(Program(image=image), tmp_path, Limits(), tmp_path / "log")

    with pytest.raises(NoSuchImage, match="Cannot find repository: none in registry ID"):
        start(ADDRESS.replace("/app", "/none"))
    with pytest.raises(NoSuchImage, match="Cannot find image: app:v9"):
        start(f"{ADDRESS}:v9")
    with pytest.raises(OSError, match="no Docker API answers"):
        start("busybox")
