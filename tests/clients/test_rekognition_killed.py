"""`kill -9` while faces are indexed: the collection holds exactly what was acknowledged."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from clary.app.data_folder import DataFolder
from tests.clients.conftest import RunningClary, start_clary
from tests.clients.rekognition_desk import NEEDS_WEIGHTS, faces
from tests.live_folder import files_below

pytestmark = NEEDS_WEIGHTS
ACKNOWLEDGED = 6


def rekognition(clary: RunningClary) -> Any:
    known = {name: value for name, value in clary.environment().items() if name.startswith("AWS_")}
    session = boto3.Session(known["AWS_ACCESS_KEY_ID"], known["AWS_SECRET_ACCESS_KEY"], region_name="us-east-1")
    quick = Config(retries={"max_attempts": 0}, read_timeout=60)
    return session.client("rekognition", endpoint_url=clary.url, config=quick)


def index_until_killed(client: Any, people: list[list[bytes]], known: dict[str, str], enough: threading.Event) -> None:
    for turn in range(1000):
        person = turn % len(people)
        picture = people[person][turn // len(people) % len(people[person])]
        try:
            answer = client.index_faces(
                CollectionId="crowd", Image={"Bytes": picture}, ExternalImageId=f"turn-{turn}-{threading.get_ident()}"
            )
        except (ClientError, BotoCoreError):
            return
        for record in answer["FaceRecords"]:
            known[record["Face"]["FaceId"]] = record["Face"]["ExternalImageId"]
        if len(known) >= ACKNOWLEDGED:
            enough.set()


def test_a_killed_clary_keeps_the_faces_that_it_acknowledged(tmp_path: Path) -> None:
    people = [faces(number) for number in range(3)]
    clary = start_clary(tmp_path / "data")
    client = rekognition(clary)
    client.create_collection(CollectionId="crowd")
    known: dict[str, str] = {}
    enough = threading.Event()
    workers = [
        threading.Thread(target=index_until_killed, args=(rekognition(clary), people, known, enough)) for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    assert enough.wait(120)
    running = DataFolder(clary.data).running()
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    for worker in workers:
        worker.join(60)
    clary = start_clary(tmp_path / "data")
    try:
        client = rekognition(clary)
        listed = {
            face["FaceId"]
            for page in client.get_paginator("list_faces").paginate(CollectionId="crowd")
            for face in page["Faces"]
        }
        assert set(known) <= listed
        assert len(listed) <= len(known) + len(workers)  # what was written but not yet answered
        some = next(iter(known))
        found = client.search_faces(CollectionId="crowd", FaceId=some, FaceMatchThreshold=0, MaxFaces=4096)
        assert {match["Face"]["FaceId"] for match in found["FaceMatches"]} == listed - {some}
        client.delete_collection(CollectionId="crowd")
        assert not files_below(clary.data / "engines" / "vision" / "face-indexes")
    finally:
        clary.command("down")
