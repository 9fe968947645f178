from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from clary.algorithms.contract import KEPT_TABLES
from clary.algorithms.readers import kept as module
from clary.algorithms.readers.kept import kept
from clary.algorithms.readers.table import Source, Table


class Reader:
    """Counts how often it has to read."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.count = 0

    def __call__(self) -> Table:
        self.count += 1
        return self.table


def dense() -> Table:
    features = np.arange(6, dtype=np.float32).reshape(3, 2)
    return Table(features, np.ones(3, np.float32), weights=np.full(3, 0.5, np.float32))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that jobs share."""
    folder = tmp_path / "shared"
    folder.mkdir()
    monkeypatch.setenv(KEPT_TABLES, str(folder))
    return folder


@pytest.fixture
def sources(tmp_path: Path) -> list[Source]:
    path = tmp_path / "a.csv"
    path.write_text("1,0,1\n")
    return [Source("a.csv", path)]


def test_what_one_job_has_read_the_next_one_finds(folder: Path, sources: list[Source]) -> None:
    reader = Reader(dense())
    first, second = kept(sources, "csv", reader), kept(sources, "csv", reader)
    assert reader.count == 1
    assert first is reader.table
    assert np.array_equal(second.features, reader.table.features) and second.features.dtype == np.float32
    assert second.labels is not None and np.array_equal(second.labels, np.ones(3))
    assert second.weights is not None and np.array_equal(second.weights, np.full(3, 0.5))
    assert second.queries is None
    assert [path.suffix for path in folder.iterdir()] == [".npz"]


def test_changed_data_another_name_and_another_way_to_read_are_read_anew(folder: Path, sources: list[Source]) -> None:
    reader = Reader(dense())
    kept(sources, "csv", reader)
    kept(sources, "csv with weights", reader)
    kept([Source("b.csv", sources[0].path)], "csv", reader)
    assert sources[0].path is not None
    sources[0].path.write_text("1,0,2\n")  # as long as before
    kept(sources, "csv", reader)
    assert reader.count == 4


def test_a_broken_file_is_read_past_and_replaced(folder: Path, sources: list[Source]) -> None:
    reader = Reader(dense())
    kept(sources, "csv", reader)
    (path,) = folder.iterdir()
    for damage in (b"", path.read_bytes()[:-40], b"PK no archive"):
        path.write_bytes(damage)
        assert kept(sources, "csv", reader) is reader.table
    assert reader.count == 4
    assert kept(sources, "csv", reader) is not reader.table


def test_without_a_folder_and_from_pipes_every_job_reads(
    sources: list[Source], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = Reader(dense())
    kept([], "csv", reader)
    kept([Source("Pipe train_0", data=b"1,2\n")], "csv", reader)
    monkeypatch.setattr(module, "MOST_BYTES", 3)
    kept(sources, "csv", reader)
    monkeypatch.undo()
    kept(sources, "csv", reader)
    assert reader.count == 4
    assert not list(folder.iterdir())


def test_sparse_tables_are_not_kept_and_a_folder_that_takes_nothing_does_no_harm(
    folder: Path, sources: list[Source]
) -> None:
    reader = Reader(Table(sparse.csr_matrix(np.eye(3, dtype=np.float32)), np.ones(3, np.float32)))
    kept(sources, "libsvm", reader)
    folder.rmdir()
    reader.table = dense()
    assert kept(sources, "csv", reader) is reader.table
