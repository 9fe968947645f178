"""Indexes of faces: exact where it matters, durable, and gone from the disk when removed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from clary.engines.refusals import Refused
from clary.engines.vision import face_index, face_sketches
from clary.engines.vision.face_embedding import LENGTH, SAME_PERSON, cosine_of, mean, pack, similarity, unit, unpack
from clary.engines.vision.face_index import FaceIndexes
from clary.engines.vision.face_sketches import Sketches, sketched


def vectors(count: int, seed: int = 0) -> np.ndarray:
    """Vectors that lie mostly in a few directions, as those of faces do."""
    spread = np.exp(-np.arange(LENGTH) / 40).astype(np.float32)
    return unit(np.random.default_rng(seed).standard_normal((count, LENGTH)).astype(np.float32) * spread)


def test_the_most_similar_come_first_and_a_limit_holds(tmp_path: Path) -> None:
    index = FaceIndexes(tmp_path).open("people", create=True)
    assert index is not None
    some = vectors(300)
    index.add([f"f{n}" for n in range(300)], [pack(one) for one in some])
    found = index.search(pack(some[7]), 5)
    assert found[0]["id"] == "f7" and found[0]["similarity"] > 0.999 and len(found) == 5
    exact = np.argsort(-(some @ some[7]))[:5]
    assert [one["id"] for one in found] == [f"f{n}" for n in exact]
    assert [one["id"] for one in index.search(pack(some[7]), 100, least=0.95)] == ["f7"]


def test_a_large_index_finds_what_an_exact_search_finds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_sketches, "_KEPT_LEAST", 1000)  # the steps that a million faces need
    monkeypatch.setattr(face_sketches, "_WEIGHED_LEAST", 400)
    monkeypatch.setattr(face_index, "_COMPARED_LEAST", 200)
    index = FaceIndexes(tmp_path).open("people", create=True)
    assert index is not None
    some = vectors(6000)
    index.add([str(n) for n in range(6000)], [pack(one) for one in some])
    right = 0
    for question in vectors(20, seed=1):
        exact = {str(n) for n in np.argsort(-(some @ question))[:10]}
        right += len(exact & {one["id"] for one in index.search(pack(question), 10)})
    assert right >= 0.98 * 200


def test_readers_see_what_was_added_and_removed_since(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("faces of people?")  # neither absolute nor plain
    indexes = FaceIndexes(folder)
    index = indexes.open("people", create=True)
    assert index is not None
    some = [pack(one) for one in vectors(900)]
    index.add([str(n) for n in range(600)], some[:600])
    assert index.search(some[5], 1)[0]["id"] == "5"
    index.add([str(n) for n in range(600, 900)], some[600:])
    index.remove(["5"])
    assert [index.search(some[n], 1)[0]["id"] == str(n) for n in (5, 4, 700)] == [False, True, True]
    indexes.drop("people")
    assert not list(folder.iterdir())


def test_what_was_added_is_there_after_a_restart(tmp_path: Path) -> None:
    some = vectors(3)
    first = FaceIndexes(tmp_path).open("people", create=True)
    assert first is not None
    first.add(["a", "b", "c"], [pack(one) for one in some])
    first.remove(["b"])
    second = FaceIndexes(tmp_path).open("people")
    assert second is not None and second.ids() == ["a", "c"] and len(second) == 2
    assert second.vector("a") == pack(some[0]) and second.vector("b") is None
    assert {one["id"] for one in second.search(pack(some[1]), 10)} == {"a", "c"}


def test_a_killed_process_leaves_exactly_what_was_acknowledged(tmp_path: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\nimport numpy as np\n"
        "from clary.engines.vision.face_embedding import LENGTH, pack, unit\n"
        "from clary.engines.vision.face_index import FaceIndexes\n"
        "index = FaceIndexes(Path(sys.argv[1])).open('people', create=True)\n"
        "dice = np.random.default_rng(0)\n"
        "for number in range(100000):\n"
        "    ids = [f'{number}-{part}' for part in range(3)]\n"
        "    index.add(ids, [pack(unit(dice.standard_normal(LENGTH).astype(np.float32))) for _ in ids])\n"
        "    print(number, flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) == 20:
            break
    os.kill(process.pid, signal.SIGKILL)
    acknowledged = 20 + len(process.stdout.read().splitlines())
    process.wait()
    index = FaceIndexes(tmp_path).open("people")
    assert index is not None
    batches = len(index) / 3
    assert batches in (acknowledged + 1, acknowledged + 2)  # one more may have been on disk before it was told
    assert index.ids() == [f"{number}-{part}" for number in range(int(batches)) for part in range(3)]


def test_what_is_removed_is_gone_from_the_disk(tmp_path: Path) -> None:
    some = [pack(one) for one in vectors(40)]
    indexes = FaceIndexes(tmp_path)
    index = indexes.open("people", create=True)
    assert index is not None
    index.add([f"f{n}" for n in range(40)], some)
    index.remove(["f3"])
    (file,) = [path for path in tmp_path.iterdir() if path.suffix == ".db"]
    content = file.read_bytes()
    assert some[3][:64] not in content and some[4][:64] in content
    gone, kept = (sketched(unpack(some[number])[None]).tobytes() for number in (3, 4))
    assert gone not in content and kept in content
    indexes.drop("people")
    assert list(tmp_path.iterdir()) == [] and indexes.open("people") is None


def test_an_id_that_is_there_gets_the_new_vector(tmp_path: Path) -> None:
    some = vectors(2)
    index = FaceIndexes(tmp_path).open("people", create=True)
    assert index is not None
    index.add(["a"], [pack(some[0])])
    index.add(["a"], [pack(some[1])])
    assert len(index) == 1 and index.vector("a") == pack(some[1])
    assert index.search(pack(some[1]), 5)[0]["similarity"] > 0.999


def test_the_dead_do_not_pile_up(tmp_path: Path) -> None:
    index = FaceIndexes(tmp_path).open("people", create=True)
    assert index is not None
    one = pack(vectors(1)[0])
    for _ in range(20):
        index.add(["a", "b"], [one, one])
    assert index._sketches.held <= 6
    index.remove(["a", "b", "nobody"])
    assert len(index) == 0 and index.search(one, 5) == []


def test_what_is_no_embedding_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    index = FaceIndexes(tmp_path).open("people", create=True)
    assert index is not None
    with pytest.raises(Refused) as caught:
        index.add(["a", "b"], [pack(vectors(1)[0]), b"123"])
    assert caught.value.reason == "invalid-embedding" and len(index) == 0


def test_similarities_and_cosines_go_both_ways() -> None:
    cosines = np.linspace(-0.2, 0.95, 20).astype(np.float32)
    assert np.allclose([cosine_of(float(one)) for one in similarity(cosines)], cosines, atol=2e-3)
    assert similarity(np.array([0.475], np.float32))[0] == pytest.approx(SAME_PERSON, abs=1e-4)
    assert (np.diff(similarity(cosines)) > 0).all()


def test_a_mean_lies_between_its_vectors() -> None:
    one, other = vectors(2)
    middle = unpack(mean([pack(one), pack(other)]))
    assert middle @ one == pytest.approx(middle @ other, abs=1e-3) and np.linalg.norm(middle) == pytest.approx(1)
    with pytest.raises(Refused):
        mean([])


def test_a_crowd_stays_as_it_was_while_others_come() -> None:
    sketches, words = Sketches(), sketched(vectors(3000))
    sketches.add(np.arange(10), words[:10])
    crowd = sketches.crowd()
    sketches.add(np.arange(10, 3000), words[10:])  # needs more room than there is
    sketches.forget([5])
    assert crowd.nearest(vectors(1)[0], 20).tolist() in ([*range(10)], [*range(5), *range(6, 10)])
    assert len(sketches) == 2999 and sketches.held == 3000
    near = sketches.crowd().nearest(vectors(3000)[7], 50)
    assert near[0] == 7 and len(near) == 50 and 5 not in near


def test_bits_and_leanings_are_summed_as_one_by_one() -> None:
    words = sketched(vectors(50))
    words[0], words[1] = 0, np.uint64(2**64 - 1)  # no bit, and all
    bits = np.unpackbits(words.view(np.uint8), axis=1)
    assert face_sketches._counted(words).tolist() == bits.sum(axis=1).tolist()
    leanings = np.random.default_rng(3).standard_normal(bits.shape[1]).astype(np.float32)
    crowd = face_sketches.Crowd(words, words[:, :4].T, np.ones(50, np.bool_), np.arange(50))
    told = crowd._suitabilities(np.array([0, 1, 7, 40]), leanings)
    assert np.allclose(told, bits[[0, 1, 7, 40]] @ leanings, atol=1e-2)


def test_the_exact_opposite_of_a_question_is_not_near(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_sketches, "_KEPT_LEAST", 100)
    monkeypatch.setattr(face_sketches, "_WEIGHED_LEAST", 60)
    some = vectors(2000)
    some[11] = -some[3]
    sketches = Sketches()
    sketches.add(np.arange(2000), sketched(some))
    near = sketches.crowd().nearest(some[3], 25)
    assert near[0] == 3 and 11 not in near
