"""What the process that stands for a container writes into the container's own folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from clary.compute.containers.program import _write_failure


@pytest.mark.parametrize("linked", ["output/failure", "output"])
def test_a_failure_is_not_written_where_a_container_put_a_link_to(tmp_path: Path, linked: str) -> None:
    root, outside = tmp_path / "algo-1", tmp_path / "outside"
    outside.mkdir()
    target = outside / "failure"
    target.write_text("of somebody else")
    (root / linked).parent.mkdir(parents=True)
    (root / linked).symlink_to(target if linked == "output/failure" else outside)
    _write_failure(root / "output" / "failure", "ClientError: the engine went away")
    assert target.read_text() == "of somebody else"


def test_a_pipe_in_the_place_of_the_failure_file_holds_nobody_up(tmp_path: Path) -> None:
    (tmp_path / "output").mkdir()
    os.mkfifo(tmp_path / "output" / "failure")
    _write_failure(tmp_path / "output" / "failure", "ClientError: the engine went away")


def test_a_failure_is_told(tmp_path: Path) -> None:
    (tmp_path / "output").mkdir()
    _write_failure(tmp_path / "output" / "failure", "ClientError: the engine went away")
    assert (tmp_path / "output" / "failure").read_text() == "ClientError: the engine went away"
