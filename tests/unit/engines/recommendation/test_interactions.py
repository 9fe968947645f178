"""Logs in files, and identifiers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clary.engines.recommendation import interactions
from clary.engines.recommendation.vocabulary import UNKNOWN, Vocabulary
from tests.unit.engines.recommendation.worlds import log

COLUMNS = ("users", "items", "timestamps", "values", "context.device")


def batch(rows: int, start: int = 0) -> dict[str, np.ndarray]:
    at = np.arange(start, start + rows)
    return {"users": at % 7, "items": at % 11, "timestamps": at * 2, "values": at / 2, "context.device": at % 3}


def test_a_log_written_in_batches_is_read_as_one(tmp_path: Path) -> None:
    with interactions.writer(tmp_path, COLUMNS) as log_:
        for start in range(0, 50, 10):
            log_.append(batch(10, start))
    again = interactions.open_log(tmp_path)
    assert len(again) == 50
    assert (again.user_count, again.item_count) == (7, 11)
    assert again.timestamps.tolist() == [2 * at for at in range(50)]
    assert again.values is not None
    assert again.values[49] == 24.5
    assert again.event_types is None
    assert again.contexts["device"].tolist() == [at % 3 for at in range(50)]


def test_an_empty_log_can_be_read(tmp_path: Path) -> None:
    with interactions.writer(tmp_path, COLUMNS):
        pass
    assert len(interactions.open_log(tmp_path)) == 0


def test_an_interrupted_log_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="power"), interactions.writer(tmp_path, COLUMNS) as log_:
        log_.append(batch(10))
        raise RuntimeError("power")
    with pytest.raises(FileNotFoundError):
        interactions.open_log(tmp_path)


def test_a_batch_with_other_columns_or_lengths_is_refused(tmp_path: Path) -> None:
    with interactions.writer(tmp_path, COLUMNS) as log_:
        with pytest.raises(ValueError, match="columns"):
            log_.append({"users": np.zeros(1)})
        with pytest.raises(ValueError, match="lengths"):
            log_.append(batch(3) | {"items": np.zeros(2)})
        assert log_.count == 0


def test_a_part_of_a_log_keeps_all_columns_and_codes() -> None:
    whole = log([(0, 1, 1), (1, 2, 2), (2, 0, 3)], contexts={"device": np.array([0, 1, 2], np.int32)})
    part = interactions.where(whole, np.array([False, True, True]))
    assert part.items.tolist() == [2, 0]
    assert part.contexts["device"].tolist() == [1, 2]
    assert (part.user_count, part.item_count) == (3, 3)
    assert interactions.resized(part, 9, 1).user_count == 9


def test_identifiers_get_codes_in_the_order_of_their_first_meeting(tmp_path: Path) -> None:
    names = Vocabulary()
    assert names.learn(["b", "a", "b", "ü€"]).tolist() == [0, 1, 0, 2]
    assert names.learn(["", "a"]).tolist() == [3, 1]
    assert names.codes(["a", "nobody"]).tolist() == [1, UNKNOWN]
    names.save(tmp_path / "users.npz")
    again = Vocabulary.load(tmp_path / "users.npz")
    assert [again.name(code) for code in range(len(again))] == ["b", "a", "ü€", ""]
    assert again.code("ü€") == 2
    assert again.names(np.array([1, 0], np.int32)) == ["a", "b"]


def test_no_identifiers_can_be_saved(tmp_path: Path) -> None:
    Vocabulary().save(tmp_path / "none.npz")
    assert len(Vocabulary.load(tmp_path / "none.npz")) == 0


def test_an_identifier_stands_once_in_a_vocabulary() -> None:
    with pytest.raises(ValueError, match="twice"):
        Vocabulary(["a", "a"])
