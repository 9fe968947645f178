"""One Clary per data folder, secrets for the owner only."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from clary.app.data_folder import DataFolder, DataFolderInUse, FirstKey, NotRunning, Running

RUNNING = Running(pid=1, host="127.0.0.1", port=4566, started=1.0)


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    made = DataFolder(tmp_path / "data")
    made.create()
    return made


def test_a_claimed_folder_is_refused_to_others_with_the_address(folder: DataFolder) -> None:
    with folder.claimed():
        folder.announce(RUNNING)
        with pytest.raises(
            DataFolderInUse, match=r"in use by another Clary, at http://127\.0\.0\.1:4566 \(process 1\)"
        ):
            DataFolder(folder.root).claimed().__enter__()
        assert folder.running() == RUNNING


def test_a_folder_is_free_when_its_clary_is_gone(folder: DataFolder) -> None:
    with folder.claimed():
        folder.announce(RUNNING)
    assert folder.running() is None
    with pytest.raises(NotRunning, match=r"clary up --data"):
        folder.require_running()
    with folder.claimed():
        pass


def test_the_first_key_is_readable_by_the_owner_only_and_not_shown(folder: DataFolder) -> None:
    key = FirstKey("AKIAEXAMPLE", "very-secret", "123456789012", "us-east-1", "arn:aws:iam::123456789012:role/R")
    folder.save_first_key(key)
    assert folder.load_first_key() == key
    assert stat.S_IMODE(folder.first_key.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.root.stat().st_mode) == 0o700
    assert "very-secret" not in repr(key)


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:80"), ("::1", "http://[::1]:80"), ("box.example", "http://box.example:80")],
)
def test_the_address_for_clients_can_be_connected_to(host: str, url: str) -> None:
    assert Running(1, host, 80, 0.0).url == url
