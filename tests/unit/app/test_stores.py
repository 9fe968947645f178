"""What is kept on disk, joined as the server and its supervisors join it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from clary.app.data_folder import DataFolder
from clary.app.settings import Settings
from clary.app.stores import Stores, _move_in
from clary.storage.data_access import DataAccessDenied


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    folder = DataFolder(tmp_path / "data")
    folder.create()
    opened = Stores(folder, Settings.load({}, data=folder.root))
    yield opened
    opened.close()


def test_jobs_of_other_accounts_are_strangers_to_a_bucket_that_is_restricted(stores: Stores) -> None:
    role = stores.identities.bootstrap("999999999999").role_arn
    stores.objects.create_bucket("data", "123456789012", "us-east-1")
    stores.objects.put_bytes("data", "k", b"")
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"}
    stores.objects.set_bucket("data", "policy", {"Version": "2012-10-17", "Statement": [everybody]})
    with pytest.raises(DataAccessDenied):
        stores.data_access.open(role, "data", "k")


def test_events_of_a_folder_that_had_no_place_of_their_own_are_moved_there_with_their_log(tmp_path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        (tmp_path / f"events.db{suffix}").write_text(suffix)
    _move_in(tmp_path / "events/events.db")
    assert {path.name: path.read_text() for path in (tmp_path / "events").iterdir()} == {
        "events.db": "",
        "events.db-wal": "-wal",
        "events.db-shm": "-shm",
    }
    _move_in(tmp_path / "events/events.db")  # at the next start there is nothing to move
    assert (tmp_path / "events/events.db").exists()
