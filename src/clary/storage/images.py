"""Container images: repositories' layers, manifests and tags. The one truth behind the ECR API and the registry.

A repository is a record of kind "ecr:repository" (`Records`); what it holds are rows under its ARN, in the same
database, so that a repository and its images go in one transaction. The bytes of layers are in `Blobs`, once for all
repositories; a repository has a layer when a row says so.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from clary.core.clock import Clock, SystemClock
from clary.storage.blobs import Blobs
from clary.storage.image_manifests import DOCKER_LIST, OCI_INDEX, Manifest, parse_manifest
from clary.storage.records import Record, Records

REPOSITORY = "ecr:repository"
SCHEMA = """
CREATE TABLE IF NOT EXISTS image_layers (
    repository TEXT NOT NULL, digest TEXT NOT NULL, size INTEGER NOT NULL, added REAL NOT NULL,
    PRIMARY KEY (repository, digest)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS image_layers_digest ON image_layers (digest);
CREATE TABLE IF NOT EXISTS images (
    repository TEXT NOT NULL, digest TEXT NOT NULL, media_type TEXT NOT NULL, manifest BLOB NOT NULL,
    size INTEGER NOT NULL, pushed REAL NOT NULL, pulled REAL,
    PRIMARY KEY (repository, digest)
);
CREATE TABLE IF NOT EXISTS image_tags (
    repository TEXT NOT NULL, tag TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (repository, tag)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS image_tags_digest ON image_tags (repository, digest);
"""
_COLUMNS = "digest, media_type, manifest, size, pushed, pulled"
_UNUSED_SECONDS = 24 * 3600.0
_PULL_NOTE_SECONDS = 60.0


class NoSuchRepository(Exception):
    """The repository is gone."""


class RepositoryNotEmpty(Exception):
    """The repository holds images."""


class MissingLayers(Exception):
    """The manifest refers to layers that the repository does not have.

    Args:
        digests: of the layers.
    """

    def __init__(self, digests: list[str]) -> None:
        super().__init__(", ".join(digests))
        self.digests = digests


class MissingImages(MissingLayers):
    """The list refers to manifests that the repository does not have."""


class TagTaken(Exception):
    """The tag belongs to another image and must not move."""


class ImageUnchanged(Exception):
    """The repository has this very manifest under this tag."""


class InUse(Exception):
    """A list of manifests in the repository refers to the image.

    Args:
        digest: of the list.
    """

    def __init__(self, digest: str) -> None:
        super().__init__(digest)
        self.digest = digest


@dataclass(frozen=True, slots=True)
class StoredImage:
    """One image of a repository.

    Attributes:
        repository: the repository's ARN.
        pushed, pulled: seconds since 1970; `pulled` is None before the first pull.
        tags: sorted.
    """

    repository: str
    digest: str
    media_type: str
    text: bytes
    size: int
    pushed: float
    pulled: float | None
    tags: tuple[str, ...] = ()

    @property
    def manifest(self) -> Manifest:
        """What its text says."""
        return parse_manifest(self.text, self.media_type)


class Images:
    """The images of all repositories.

    Promises:
        **Durability.** What a change returned is on disk.
        **Completeness.** A manifest that is there has all its layers, and a list all its manifests.
        **Threads and processes.** Any number of both may read; the gateway's process writes.

    Args:
        records: a store whose database was opened with this module's `SCHEMA`, too.
    """

    def __init__(self, records: Records, blobs: Blobs, clock: Clock | None = None) -> None:
        self.blobs = blobs
        self._records = records
        self._database = records.database
        self._clock = clock or SystemClock()

    def repository(self, account: str, region: str, name: str) -> Record | None:
        """The record of a repository, or None."""
        return self._records.get(REPOSITORY, account, region, name)

    def layer_bytes(self, repository: str, digest: str) -> int | None:
        """The size of a layer that the repository has, else None."""
        row = (
            self._database.read()
            .execute("SELECT size FROM image_layers WHERE repository=? AND digest=?", (repository, digest))
            .fetchone()
        )
        return int(row[0]) if row else None

    def add_layer(self, repository: str, digest: str, size: int) -> None:
        """Gives the repository a layer whose blob is there.

        Raises:
            NoSuchRepository: it is gone.
        """
        now = self._clock.time()

        def write(connection: sqlite3.Connection) -> None:
            _require(connection, repository)
            connection.execute(
                "INSERT OR REPLACE INTO image_layers (repository, digest, size, added) VALUES (?,?,?,?)",
                (repository, digest, size, now),
            )

        self._database.write(write)

    def remove_layer(self, repository: str, digest: str) -> bool:
        """Takes a layer from the repository; False when it had none such."""
        return self._database.write(
            lambda connection: (
                connection.execute(
                    "DELETE FROM image_layers WHERE repository=? AND digest=?", (repository, digest)
                ).rowcount
                > 0
            )
        )

    def put(
        self, repository: str, manifest: Manifest, tag: str, may_move: Callable[[str], bool], *, again: bool = False
    ) -> StoredImage:
        """Stores a manifest, and gives it a tag.

        Args:
            tag: "" for none.
            may_move: whether a tag may go from one image to another.
            again: whether it is fine that the very same is there already.

        Raises:
            NoSuchRepository, MissingLayers, MissingImages, TagTaken, ImageUnchanged: see there.
        """
        digest = manifest.digest
        now = self._clock.time()

        def write(connection: sqlite3.Connection) -> None:
            _require(connection, repository)
            holder = connection.execute(
                "SELECT digest FROM image_tags WHERE repository=? AND tag=?", (repository, tag)
            ).fetchone()
            known = connection.execute(
                "SELECT 1 FROM images WHERE repository=? AND digest=?", (repository, digest)
            ).fetchone()
            if holder and holder[0] != digest and not may_move(tag):
                raise TagTaken(tag)
            if known and not again and (not tag or (holder and holder[0] == digest)):
                raise ImageUnchanged(digest)
            _require_parts(connection, repository, manifest)
            if not known:
                connection.execute(
                    f"INSERT INTO images (repository, {_COLUMNS}) VALUES (?,?,?,?,?,?,NULL)",  # noqa: S608
                    (repository, digest, manifest.media_type, manifest.text, manifest.size_bytes, now),
                )
            if tag:
                connection.execute(
                    "INSERT OR REPLACE INTO image_tags (repository, tag, digest) VALUES (?,?,?)",
                    (repository, tag, digest),
                )

        self._database.write(write)
        stored = self.find(repository, digest=digest)
        if stored is None:
            raise NoSuchRepository(repository)
        return stored

    def find(self, repository: str, *, digest: str = "", tag: str = "") -> StoredImage | None:
        """The image of a digest, of a tag, or of both where they belong together; else None."""
        connection = self._database.read()
        if tag:
            row = connection.execute(
                "SELECT digest FROM image_tags WHERE repository=? AND tag=?", (repository, tag)
            ).fetchone()
            if row is None or (digest and row[0] != digest):
                return None
            digest = row[0]
        row = connection.execute(
            f"SELECT {_COLUMNS} FROM images WHERE repository=? AND digest=?",  # noqa: S608
            (repository, digest),
        ).fetchone()
        if row is None:
            return None
        tags = connection.execute(
            "SELECT tag FROM image_tags WHERE repository=? AND digest=? ORDER BY tag", (repository, digest)
        ).fetchall()
        return _image(repository, row, [name for (name,) in tags])

    def all(self, repository: str) -> list[StoredImage]:
        """Every image of a repository, the oldest first."""
        connection = self._database.read()
        tags: dict[str, list[str]] = {}
        for digest, tag in connection.execute(
            "SELECT digest, tag FROM image_tags WHERE repository=? ORDER BY tag", (repository,)
        ):
            tags.setdefault(digest, []).append(tag)
        rows = connection.execute(
            f"SELECT {_COLUMNS} FROM images WHERE repository=? ORDER BY pushed, digest",  # noqa: S608
            (repository,),
        )
        return [_image(repository, row, tags.get(row[0], ())) for row in rows]

    def tags(self, repository: str) -> list[str]:
        """The tags of a repository, sorted."""
        rows = self._database.read().execute(
            "SELECT tag FROM image_tags WHERE repository=? ORDER BY tag", (repository,)
        )
        return [tag for (tag,) in rows]

    def note_pull(self, image: StoredImage) -> None:
        """Remembers that an image was pulled, to the minute."""
        now = self._clock.time()
        if image.pulled is None or now - image.pulled > _PULL_NOTE_SECONDS:
            self._database.write(
                lambda connection: connection.execute(
                    "UPDATE images SET pulled=? WHERE repository=? AND digest=?", (now, image.repository, image.digest)
                )
            )

    def untag(self, repository: str, tag: str) -> None:
        """Removes a tag; an image whose only tag it was goes with it, as in ECR.

        Raises:
            InUse: a list needs the image.
        """

        def write(connection: sqlite3.Connection) -> None:
            row = connection.execute(
                "SELECT digest FROM image_tags WHERE repository=? AND tag=?", (repository, tag)
            ).fetchone()
            if row is None:
                return
            left = connection.execute(
                "SELECT count(*) FROM image_tags WHERE repository=? AND digest=?", (repository, row[0])
            ).fetchone()[0]
            if left == 1:
                _remove(connection, repository, row[0])
            connection.execute("DELETE FROM image_tags WHERE repository=? AND tag=?", (repository, tag))

        self._database.write(write)

    def remove(self, repository: str, digest: str) -> None:
        """Removes an image with all its tags.

        Raises:
            InUse: a list needs it.
        """
        self._database.write(lambda connection: _remove(connection, repository, digest))

    def delete_repository(self, record: Record, *, force: bool) -> None:
        """Removes a repository with all it holds.

        Raises:
            RepositoryNotEmpty: it holds images and `force` is not set.
            clary.storage.records.RecordChanged: somebody changed it meanwhile.
        """

        def write(connection: sqlite3.Connection) -> None:
            held = connection.execute("SELECT 1 FROM images WHERE repository=? LIMIT 1", (record.arn,)).fetchone()
            if held and not force:
                raise RepositoryNotEmpty(record.name)
            self._records.delete_in(connection, record)
            for table in ("image_tags", "images", "image_layers"):
                connection.execute(f"DELETE FROM {table} WHERE repository=?", (record.arn,))  # noqa: S608

        self._database.write(write)
        self.blobs.abandon_all(record.arn)

    def sweep(self) -> None:
        """Removes what nobody needs for a day: layers without an image, blobs without a layer, dead uploads."""
        before = self._clock.time() - _UNUSED_SECONDS
        connection = self._database.read()
        for (repository,) in connection.execute("SELECT DISTINCT repository FROM image_layers").fetchall():
            used = {blob.digest for image in self.all(repository) for blob in image.manifest.blobs}
            old = connection.execute(
                "SELECT digest FROM image_layers WHERE repository=? AND added<?", (repository, before)
            ).fetchall()
            for (digest,) in old:
                if digest not in used:
                    self.remove_layer(repository, digest)
        for digest in self.blobs.older_than(_UNUSED_SECONDS):
            if not connection.execute("SELECT 1 FROM image_layers WHERE digest=? LIMIT 1", (digest,)).fetchone():
                self.blobs.unlink_older_than(_UNUSED_SECONDS, digest)
        self.blobs.forget_old_uploads()


def _image(repository: str, row: tuple[Any, ...], tags: Iterable[str]) -> StoredImage:
    digest, media_type, text, size, pushed, pulled = row
    return StoredImage(repository, digest, media_type, bytes(text), size, pushed, pulled, tuple(tags))


def _require(connection: sqlite3.Connection, repository: str) -> None:
    if connection.execute("SELECT 1 FROM resources WHERE arn=?", (repository,)).fetchone() is None:
        raise NoSuchRepository(repository)


def _require_parts(connection: sqlite3.Connection, repository: str, manifest: Manifest) -> None:
    def missing(table: str, digests: Iterable[str]) -> list[str]:
        query = f"SELECT 1 FROM {table} WHERE repository=? AND digest=?"  # noqa: S608
        return [one for one in digests if connection.execute(query, (repository, one)).fetchone() is None]

    layers = missing("image_layers", (blob.digest for blob in manifest.blobs))
    if layers:
        raise MissingLayers(layers)
    children = missing("images", (child.digest for child in manifest.children))
    if children:
        raise MissingImages(children)


def _remove(connection: sqlite3.Connection, repository: str, digest: str) -> None:
    lists = connection.execute(
        "SELECT digest, manifest, media_type FROM images WHERE repository=? AND media_type IN (?,?)",
        (repository, DOCKER_LIST, OCI_INDEX),
    ).fetchall()
    for holder, text, kind in lists:
        if holder != digest and any(child.digest == digest for child in parse_manifest(text, kind).children):
            raise InUse(holder)
    connection.execute("DELETE FROM image_tags WHERE repository=? AND digest=?", (repository, digest))
    connection.execute("DELETE FROM images WHERE repository=? AND digest=?", (repository, digest))
