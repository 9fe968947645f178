"""The object store against a model of lists and dictionaries: any sequence of operations, any page size."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from clary.storage.database import Database
from clary.storage.object_errors import NoSuchKey, NoSuchVersion
from clary.storage.object_uploads import Uploads
from clary.storage.object_values import Attributes, CompletedPart
from clary.storage.objects import SCHEMA, Objects

BUCKET = "bucket"
INLINE_LIMIT_BYTES = 8  # so that a few bytes already are a file
KEYS = st.sampled_from(["a", "a/", "a/b", "a/b/c", "a/é", "a//", "b", "b/1", "b/2", "c/😀", "é"])
BODIES = st.binary(max_size=20)
DELIMITERS = st.sampled_from(["", "/", "b", "//"])


@dataclass
class Version:
    """A version of the model; a delete marker has no body."""

    key: str
    id: str
    body: bytes | None


class ObjectsMachine(RuleBasedStateMachine):
    """Every rule does the same to the store and to the model; the invariants compare what can be seen."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.versions: list[Version] = []  # oldest first
        self.versioning = ""
        self._open()
        self.objects.create_bucket(BUCKET, "123456789012", "us-east-1")

    def _open(self) -> None:
        self.database = Database(self.folder / "objects.db", SCHEMA)
        self.objects = Objects(self.database, self.folder / "objects", inline_limit_bytes=INLINE_LIMIT_BYTES)

    def _close(self) -> None:
        self.objects.close()
        self.database.close()

    def teardown(self) -> None:
        self._close()
        shutil.rmtree(self.folder)

    def _current(self, key: str) -> Version | None:
        return next((version for version in reversed(self.versions) if version.key == key), None)

    def _visible(self) -> dict[str, bytes]:
        latest = {version.key: version for version in self.versions}
        return {key: version.body for key, version in latest.items() if version.body is not None}

    def _retire(self, key: str) -> None:
        """What a write does to the versions before it."""
        if self.versioning != "Enabled":
            self.versions = [kept for kept in self.versions if (kept.key, kept.id) != (key, "null")]

    def _wrote(self, key: str, version_id: str, body: bytes | None) -> None:
        assert (version_id == "null") == (self.versioning != "Enabled")
        self._retire(key)
        self.versions.append(Version(key, version_id, body))

    @rule(key=KEYS, body=BODIES)
    def put(self, key, body):
        self._wrote(key, self.objects.put_bytes(BUCKET, key, body).version_id, body)

    @rule(key=KEYS, body=BODIES)
    def put_in_parts(self, key, body):
        uploads = Uploads(self.objects)
        upload = uploads.create(BUCKET, key, Attributes())
        with self.objects.source(BUCKET, self._scratch(body)).file():
            source = self.objects.source(BUCKET, "scratch")
        part = uploads.copy_part(upload, 3, source, 0, len(body))
        source.close()
        self._drop_scratch()
        stored = uploads.complete(BUCKET, key, upload.id, [CompletedPart(3, part.etag)])
        self._wrote(key, stored.version_id, body)

    def _scratch(self, body):
        self.scratch = self.objects.put_bytes(BUCKET, "scratch", body)
        return "scratch"

    def _drop_scratch(self):
        self.objects.delete(BUCKET, "scratch", self.scratch.version_id)

    @rule(origin=KEYS, key=KEYS)
    def copy(self, origin, key):
        body = self._visible().get(origin)
        if body is None:
            return
        source = self.objects.source(BUCKET, origin)
        stored = self.objects.copy(source, BUCKET, key, Attributes())
        source.close()
        self._wrote(key, stored.version_id, body)

    @rule(key=KEYS)
    def delete(self, key):
        deleted = self.objects.delete(BUCKET, key)
        if not self.versioning:
            assert deleted.version_id is None
            self._retire(key)
            return
        assert deleted.is_delete_marker
        self._wrote(key, deleted.version_id, None)

    @precondition(lambda self: self.versions)
    @rule(data=st.data())
    def delete_version(self, data):
        version = data.draw(st.sampled_from(self.versions))
        deleted = self.objects.delete(BUCKET, version.key, version.id)
        assert deleted.is_delete_marker == (version.body is None)
        self.versions.remove(version)

    @rule(status=st.sampled_from(["Enabled", "Suspended"]))
    def set_versioning(self, status):
        self.objects.set_bucket(BUCKET, "versioning", status)
        self.versioning = status

    @rule()
    def restart(self):
        self._close()
        self._open()

    @rule(
        prefix=st.sampled_from(["", "a", "a/", "b/", "é", "none"]),
        delimiter=DELIMITERS,
        after=st.one_of(st.just(""), KEYS),
        size=st.integers(1, 4),
    )
    def list_in_pages(self, prefix, delimiter, after, size):
        found, token = [], after
        while token is not None:
            page = self.objects.list(BUCKET, prefix, delimiter, token, size)
            assert len(page.objects) + len(page.prefixes) <= size
            found += [stored.key for stored in page.objects] + page.prefixes
            token = page.next_after
        expected = set()
        skipped = rolled_up(after, prefix, delimiter)
        for key in self._visible():
            if key.startswith(prefix) and key.encode() > after.encode():
                name = rolled_up(key, prefix, delimiter) or key
                if name != skipped:
                    expected.add(name)
        assert sorted(found) == sorted(expected)

    @rule(size=st.integers(1, 4), prefix=st.sampled_from(["", "a", "a/"]))
    def list_versions_in_pages(self, size, prefix):
        found: list[tuple[str, str]] = []
        key, version = "", ""
        while key is not None:
            page = self.objects.list_versions(BUCKET, prefix, "", key, version or "", size)
            assert len(page.versions) <= size
            found += [(stored.key, stored.version_id) for stored in page.versions]
            key, version = page.next_key, page.next_version
        newest_first = [version for version in reversed(self.versions) if version.key.startswith(prefix)]
        assert found == [(v.key, v.id) for v in sorted(newest_first, key=lambda v: v.key.encode())]

    @invariant()
    def every_version_reads_back(self):
        for version in self.versions:
            stored = self.objects.head(BUCKET, version.key, version.id)
            assert stored.is_delete_marker == (version.body is None)
            assert stored.is_latest == (self._current(version.key) is version)
            if version.body is not None:
                with self.objects.open(stored) as file:
                    assert file.read() == version.body

    @invariant()
    def the_latest_version_is_what_a_plain_read_gives(self):
        visible = self._visible()
        for key in {version.key for version in self.versions} | {"missing"}:
            if key in visible:
                assert self.objects.source(BUCKET, key).file().read() == visible[key]
                continue
            try:
                self.objects.head(BUCKET, key)
            except (NoSuchKey, NoSuchVersion):
                continue
            raise AssertionError(f"{key} is visible")

    @invariant()
    def files_are_those_that_something_needs(self):
        self.objects.pool.submit(lambda: None)
        live = {name for (name,) in self.database.read().execute("SELECT name FROM files WHERE dead_after IS NULL")}
        on_disk = {path.name for path in self.folder.glob("objects/files/*/*")}
        assert live <= on_disk


def rolled_up(key: str, prefix: str, delimiter: str) -> str | None:
    """The common prefix of a key, as a listing shows it."""
    if not delimiter or not key.startswith(prefix):
        return None
    at = key.find(delimiter, len(prefix))
    return None if at < 0 else key[: at + len(delimiter)]


TestObjectsModel = ObjectsMachine.TestCase
TestObjectsModel.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
