"""Faces among a million: searched through boto3, indexed, deleted, found again after a start; and the memory for it.

    python -m benchmarks.vision_search ../shared/data [--faces 1000000] [--write]

The million is generated, five vectors for each of 200,000 persons; they go into a collection by the index's and the
store's own insertion while Clary is down. Searches are timed by the client: what one takes behind the embedding is what
it takes longer than with the same picture in a collection of one face. Recall: of the 80 most similar faces that an
exact comparison names, those that the index names. Pictures to index are the sets' own, 320 x 320 pixels.
"""

from __future__ import annotations

import argparse
import io
import json
import shlex
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.clary_server import Server, clary, running_clary
from benchmarks.report import DOCS, machine, report, table
from clary.app.data_folder import DataFolder
from clary.app.settings import Settings
from clary.app.stores import Stores
from clary.engines.vision.face_embedding import LENGTH, SAME_PERSON, pack, similarity, unit
from clary.engines.vision.face_index import FaceIndexes
from clary.services.rekognition.faces.face_store import FaceStore, StoredFace
from clary.services.rekognition.names import COLLECTION

FACES_OF_PERSON = 5
BATCH = 5_000
QUESTIONS = 40
ANSWERS = 80
ALIKE = 0.62  # the mean cosine of two faces of a generated person; of two persons it lies around zero
SPREAD = 40.0  # of the directions: two in a thousand pairs of strangers are as alike as one person's, as in the sets
REPEATS = 30
DICE = 7
MEGABYTE = 1 << 20


def generated(batch: int, count: int = BATCH) -> tuple[np.ndarray, np.ndarray]:
    """A batch's vectors [count, `LENGTH`], a person's behind one another; and another face of each person."""
    dice = np.random.default_rng([DICE, batch])
    scale = np.exp(-np.arange(LENGTH) / SPREAD).astype(np.float32)

    def directions(number: int) -> np.ndarray:
        return unit(dice.standard_normal((number, LENGTH), np.float32) * scale)

    persons = directions(-(-count // FACES_OF_PERSON))
    shared, own = np.float32(np.sqrt(ALIKE)), np.float32(np.sqrt(1 - ALIKE))
    stored = unit(shared * np.repeat(persons, FACES_OF_PERSON, 0)[:count] + own * directions(count))
    return stored, unit(shared * persons + own * directions(len(persons)))


def names(batch: int, count: int) -> list[str]:
    """The ids of a batch's faces."""
    return [f"{batch:08x}-{number:04x}-4000-8000-{batch * BATCH + number:012x}" for number in range(count)]


def batches(faces: int) -> Iterator[tuple[int, int]]:
    """Batches and how many faces each has."""
    for start in range(0, faces, BATCH):
        yield start // BATCH, min(BATCH, faces - start)


def opened(server: Server) -> Stores:
    """The stores of a Clary that is down."""
    return Stores(DataFolder(server.data), Settings.load())


def indexes(server: Server) -> FaceIndexes:
    """The indexes of faces of a Clary that is down."""
    return FaceIndexes(server.data / "engines" / "vision" / "face-indexes")


def collection_name(server: Server, stores: Stores, collection: str) -> str:
    """What a collection is called in the store and among the indexes."""
    record = stores.records.get(COLLECTION, Settings.load().account, server.keys["AWS_DEFAULT_REGION"], collection)
    assert record is not None
    return str(record.body["faces"])


def fill(server: Server, collection: str, faces: int) -> float:
    """Puts generated faces into a collection; returns the seconds that it took the index."""
    stores, seconds = opened(server), 0.0
    name, store = collection_name(server, stores, collection), FaceStore(stores.records.database)
    index = indexes(server).open(name, create=True)
    assert index is not None
    box = {"left": 0.1, "top": 0.1, "width": 0.5, "height": 0.5}
    for batch, count in batches(faces):
        ids, vectors = names(batch, count), [pack(one) for one in generated(batch, count)[0]]
        begin = time.perf_counter()
        index.add(ids, vectors)
        seconds += time.perf_counter() - begin
        rows = [StoredFace(face, ids[0], "", 0.99, box) for face in ids]
        stores.records.database.write(lambda connection, rows=rows: store.add_in(connection, name, rows))
    stores.close()
    return seconds


def recall(server: Server, collection: str, faces: int) -> tuple[float, list[float]]:
    """The share of the most similar faces that the index names, and how long each search took it, in milliseconds."""
    stores = opened(server)
    index = indexes(server).open(collection_name(server, stores, collection))
    stores.close()
    assert index is not None
    step = max(1, -(-faces // BATCH) // QUESTIONS)
    questions = np.concatenate([generated(batch, count)[1][:1] for batch, count in batches(faces) if batch % step == 0])
    likeness = np.concatenate([questions @ generated(batch, count)[0].T for batch, count in batches(faces)], 1)
    ids = np.concatenate([names(batch, count) for batch, count in batches(faces)])
    found, right, spent = 0, 0, []
    for question, row in zip(questions, likeness, strict=True):
        best = np.argpartition(-row, ANSWERS)[:ANSWERS]
        wanted = set(ids[best[similarity(row[best]) >= SAME_PERSON]])
        begin = time.perf_counter()
        answer = {one["id"] for one in index.search(pack(question), ANSWERS, SAME_PERSON)}
        spent.append(1000 * (time.perf_counter() - begin))
        found, right = found + len(answer & wanted), right + len(wanted)
    return found / right, spent


def again(server: Server) -> Server:
    """The same Clary, started anew."""
    url = clary("up", "--data", str(server.data), "--port", "0", "--detach").split("answers at ")[1].split()[0]
    words = [shlex.split(line)[1] for line in clary("env", "--data", str(server.data)).splitlines()]
    pid = json.loads((server.data / "running.json").read_text())["pid"]
    return Server(url, int(url.rsplit(":", 1)[1]), pid, server.data, dict(word.split("=", 1) for word in words))


def milliseconds(call: Callable[[], Any]) -> float:
    """How long a call takes."""
    begin = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - begin)


def engine_bytes(server: Server) -> int:
    """The memory of the largest process of a Clary, which is an engine's: resident, its own and what it shares."""
    sizes, parents = {}, {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
        except (OSError, ValueError):
            continue
        parents[int(lines["Pid"])] = int(lines["PPid"])
        sizes[int(lines["Pid"])] = 1024 * int(lines.get("VmRSS", "0 kB").split()[0])

    def is_of_server(process: int) -> bool:
        while process not in (0, server.pid):
            process = parents.get(process, 0)
        return process == server.pid

    return max(size for process, size in sizes.items() if is_of_server(process))


def wall(pictures: list[bytes], count: int) -> bytes:
    """One picture of many faces."""
    canvas = Image.new("RGB", (2000, 2000), "gray")
    for number in range(count):
        face = Image.open(io.BytesIO(pictures[number % len(pictures)])).resize((190, 190))
        canvas.paste(face, (5 + 200 * (number % 10), 5 + 200 * (number // 10)))
    data = io.BytesIO()
    canvas.save(data, "JPEG", quality=92)
    return data.getvalue()


def searched(client: Any, picture: bytes) -> list[list[str]]:
    """Searches of the million and of one face, in turn; and by a face's id."""

    def search(collection: str) -> float:
        return milliseconds(lambda: client.search_faces_by_image(CollectionId=collection, Image={"Bytes": picture}))

    first = search("million")
    both = [(search("million"), search("one")) for _ in range(REPEATS)]
    face = names(0, 1)[0]
    by_id = [milliseconds(lambda: client.search_faces(CollectionId="million", FaceId=face)) for _ in range(REPEATS)]
    large, small = (statistics.median(column) for column in zip(*both, strict=True))
    return [
        ["the first search after a start, weights and index loaded", f"{first:.0f} ms"],
        ["`SearchFacesByImage`, all of it", f"{large:.0f} ms"],
        ["`SearchFacesByImage`, behind the embedding", f"{large - small:.1f} ms"],
        ["`SearchFaces`, all of it", f"{statistics.median(by_id):.1f} ms"],
    ]


def indexed(server: Server, pictures: list[bytes]) -> list[list[str]]:
    """How many pictures are indexed in a second by two clients, a hundred faces in one, and a deletion."""
    client = server.client("rekognition")

    def work(part: list[bytes]) -> None:
        mine = server.client("rekognition")
        for picture in part:
            mine.index_faces(CollectionId="million", Image={"Bytes": picture}, DetectionAttributes=["DEFAULT"])

    workers = [threading.Thread(target=work, args=(pictures[number::2],)) for number in range(2)]
    begin = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    rate = len(pictures) / (time.perf_counter() - begin)
    crowd = wall(pictures, 100)
    begin = time.perf_counter()
    faces = client.index_faces(CollectionId="million", Image={"Bytes": crowd}, QualityFilter="NONE")["FaceRecords"]
    seconds = time.perf_counter() - begin
    ids = [face["Face"]["FaceId"] for face in faces][:10]
    deletion = milliseconds(lambda: client.delete_faces(CollectionId="million", FaceIds=ids))
    return [
        ["`IndexFaces`, pictures of one face, two clients", f"{rate:.1f} pictures/s"],
        ["`IndexFaces`, a picture of 100 faces", f"{len(faces)} faces in {seconds:.1f} s"],
        [f"`DeleteFaces` of {len(ids)} faces, off the disk", f"{deletion:.0f} ms"],
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--faces", type=int, default=1_000_000)
    parser.add_argument("--write", action="store_true", help="put the table into Rekognition's page")
    arguments = parser.parse_args()
    files = sorted((arguments.data / "faces_synthetic_ids" / "dev").glob("*/*.jpg"))
    pictures = [file.read_bytes() for file in files]
    with running_clary() as server:
        client = server.client("rekognition")
        for collection in ("million", "one"):
            client.create_collection(CollectionId=collection)
        client.index_faces(CollectionId="one", Image={"Bytes": pictures[1]})
        clary("down", "--data", str(server.data))
        seconds = fill(server, "million", arguments.faces)
        size = sum(file.stat().st_size for file in (server.data / "engines").rglob("*.db"))
        share, spent = recall(server, "million", arguments.faces)
        begin = time.perf_counter()
        server = again(server)
        started = time.perf_counter() - begin
        rows = [
            [f"{arguments.faces:,} vectors put into the index", f"{arguments.faces / seconds:,.0f} a second"],
            ["the index on disk", f"{size / 1e9:.2f} GB"],
            ["recall of the 80 most similar", f"{share:.4f}"],
            ["a search, the index alone", f"{statistics.median(spent):.1f} ms"],
            ["Clary answers after a start", f"{started:.1f} s"],
            *searched(server.client("rekognition"), pictures[0]),
            *indexed(server, pictures),
        ]
        every = server.client("rekognition")
        for call in (every.detect_labels, every.detect_text, every.detect_moderation_labels):
            call(Image={"Bytes": pictures[0]})
        every.detect_protective_equipment(Image={"Bytes": pictures[0]})
        every.detect_faces(Image={"Bytes": pictures[0]}, Attributes=["ALL"])
        rows.append(
            ["memory of the engine with every model and the index loaded", f"{engine_bytes(server) / MEGABYTE:.0f} MiB"]
        )
    report(
        "vision_search", f"{table(('measure', 'figure'), rows)}\n\n{machine()}.", DOCS / "services" / "rekognition.md"
    )


if __name__ == "__main__":
    main()
