"""What the tests of Rekognition's clients share: boto3's clients, made-up pictures, and patience."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from PIL import Image, ImageDraw

from tests.clients.conftest import RunningClary

DATA = Path(__file__).parents[2].parent / "shared" / "data"
FACES = DATA / "faces_synthetic_ids" / "dev"
WEIGHTS = Path("~/.cache/clary/weights").expanduser()
PATIENCE_SECONDS = 240

NEEDS_WEIGHTS = pytest.mark.skipif(
    not all((WEIGHTS / name / "installed.json").exists() for name in ("human", "face-api", "nsfwjs", "mobilenet")),
    reason="the vision engine's weights are not on this machine; `clary models pull vision` fetches them",
)


class Clients:
    """boto3's clients of a running Clary."""

    def __init__(self, clary: RunningClary) -> None:
        known = {name: value for name, value in clary.environment().items() if name.startswith("AWS_")}
        session = boto3.Session(known["AWS_ACCESS_KEY_ID"], known["AWS_SECRET_ACCESS_KEY"], region_name="us-east-1")
        quick = Config(retries={"max_attempts": 1}, read_timeout=120)
        self.rekognition: Any = session.client("rekognition", endpoint_url=clary.url, config=quick)
        self.s3: Any = session.client("s3", endpoint_url=clary.url)


def until(ask: Callable[[], dict[str, Any]], done: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done(answer := ask()):
        assert time.monotonic() < deadline, answer
        time.sleep(0.3)
    return answer


def png(size: tuple[int, int] = (320, 240), colour: str = "grey", draw: Callable[[Any], None] | None = None) -> bytes:
    image = Image.new("RGB", size, colour)
    if draw is not None:
        draw(ImageDraw.Draw(image))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def code_of(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as refused:
        call()
    return str(refused.value.response["Error"]["Code"])


def faces(person: int) -> list[bytes]:
    if not FACES.exists():
        pytest.skip("../shared/data is not here")
    return [path.read_bytes() for path in sorted(sorted(FACES.iterdir())[person].iterdir())]


def pages(clients: Clients, operation: str, **request: Any) -> list[dict[str, Any]]:
    """All pages of a listing, by boto3's paginator where it has one, else by the tokens."""
    if clients.rekognition.can_paginate(operation):
        return list(clients.rekognition.get_paginator(operation).paginate(**request))
    found = [getattr(clients.rekognition, operation)(**request)]
    while "NextToken" in found[-1]:
        found.append(getattr(clients.rekognition, operation)(**request, NextToken=found[-1]["NextToken"]))
    return found
