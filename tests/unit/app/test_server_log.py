from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from clary.app.server_log import turn_over


def test_a_full_log_is_turned_over_and_its_writers_go_on(tmp_path: Path) -> None:
    log = tmp_path / "clary.log"
    writer = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for number in range(5):
        os.write(writer, f"{number}".encode() * 10)
        turn_over(log, largest_file_bytes=9, kept_files=3)
        assert log.read_bytes() == b""
    os.write(writer, b"after")
    turn_over(log, largest_file_bytes=9, kept_files=3)
    assert log.read_bytes() == b"after"
    kept = {path.name: path.read_text()[0] for path in tmp_path.iterdir() if path != log}
    assert kept == {"clary.log.1": "4", "clary.log.2": "3", "clary.log.3": "2"}
    assert (tmp_path / "clary.log.1").stat().st_mode & 0o777 == 0o600
    os.close(writer)


def test_a_log_that_cannot_be_copied_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "clary.log"
    log.write_text("long enough")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(OSError, match="No space"):
        turn_over(log, largest_file_bytes=1)
    assert [path.name for path in tmp_path.iterdir()] == ["clary.log"]
    assert log.read_text() == "long enough"


def test_no_log_is_nothing_to_do(tmp_path: Path) -> None:
    turn_over(tmp_path / "clary.log")
    assert list(tmp_path.iterdir()) == []
