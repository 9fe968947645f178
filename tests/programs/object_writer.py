"""Puts objects until it is killed, and says of each when it was acknowledged: `PUT key number`, `MPU key number`."""

from __future__ import annotations

import asyncio
import hashlib
import random
import sys
from pathlib import Path

from clary.core.http import ByteStream
from clary.storage.database import Database
from clary.storage.object_uploads import Uploads
from clary.storage.object_values import Attributes, CompletedPart
from clary.storage.objects import SCHEMA, Objects

SIZES = (0, 100, 5_000, 90_000, 400_000)
KEYS = 7


def content(seed: int, number: int) -> bytes:
    """The bytes of the write of that number."""
    size = random.Random(f"{seed}/{number}").choice(SIZES)
    block = hashlib.sha256(f"{seed}/{number}".encode()).digest()
    return (block * (size // len(block) + 1))[:size]


def stream(data: bytes) -> ByteStream:
    async def pieces():
        for start in range(0, len(data), 50_000):
            yield data[start : start + 50_000]
            await asyncio.sleep(0)

    return ByteStream(pieces(), len(data))


async def write(objects: Objects, uploads: Uploads, lane: int, seed: int) -> None:
    number = 0
    while True:
        number += 1
        key = f"{lane}/{number % KEYS}"
        attributes = Attributes(metadata={"number": str(number)})
        data = content(seed + lane, number)
        if number % 5:
            await objects.put("bucket", key, stream(data), attributes)
        else:
            upload = uploads.create("bucket", key, attributes)
            part = await uploads.put_part(upload, 1, stream(data))
            uploads.complete("bucket", key, upload.id, [CompletedPart(1, part.etag)])
        print(lane, number, flush=True)


async def main() -> None:
    folder, seed, lanes = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    database = Database(folder / "objects.db", SCHEMA)
    objects = Objects(database, folder / "objects")
    if objects.bucket("bucket") is None:
        objects.create_bucket("bucket", "123456789012", "us-east-1")
    await asyncio.gather(*(write(objects, Uploads(objects), lane, seed) for lane in range(lanes)))


if __name__ == "__main__":
    asyncio.run(main())
