"""`clary mirror`: public read-only buckets that show local folders, as AWS's public data sets would be found."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import DownloadColumn, Progress

from clary.app.data_folder import DataFolder
from clary.app.settings import Settings
from clary.core.errors import ClaryError
from clary.services.s3.buckets import is_bucket_name
from clary.storage import object_schema
from clary.storage.database import Database
from clary.storage.objects import Objects


class CannotMirror(ClaryError):
    """`clary mirror add` needs a name that a bucket can have and a folder that is there."""


def run(arguments: argparse.Namespace) -> int:
    """Adds a mirror (or brings it up to date), or lists them; works whether Clary runs or not."""
    settings = Settings.load(data=arguments.data)
    with _objects(DataFolder(settings.data)) as objects:
        if arguments.action == "add":
            return _add(objects, arguments, settings)
        for bucket in objects.list_buckets(settings.account):
            if "mirror" in bucket.settings:
                print(f"{bucket.name}\t{bucket.settings['mirror']}")
    return 0


def _add(objects: Objects, arguments: argparse.Namespace, settings: Settings) -> int:
    if not arguments.name or not arguments.folder:
        raise CannotMirror("say which bucket shows which folder: clary mirror add NAME FOLDER")
    if not is_bucket_name(arguments.name):
        raise CannotMirror(
            f"{arguments.name!r} cannot be a bucket's name: 3 to 63 lower-case letters, digits, dots and hyphens"
        )
    if not Path(arguments.folder).is_dir():
        raise CannotMirror(f"{arguments.folder} is not a folder")
    folder = Path(arguments.folder).resolve()
    with Progress(*Progress.get_default_columns(), DownloadColumn(), console=Console(stderr=True)) as progress:
        bar = progress.add_task(f"reading {folder}", total=None)
        mirrored = objects.add_mirror(
            arguments.name,
            folder,
            settings.account,
            settings.region,
            lambda done, total: progress.update(bar, completed=done, total=total),
        )
    print(f"s3://{arguments.name} shows {folder}: {mirrored.added} files added, {mirrored.removed} removed")
    for path, reason in mirrored.skipped:
        print(f"  left out: {path}: {reason}")
    return 0


@contextlib.contextmanager
def _objects(folder: DataFolder) -> Iterator[Objects]:
    folder.create()
    database = Database(folder.object_index, object_schema.SCHEMA)
    objects = Objects(database, folder.objects)
    try:
        yield objects
    finally:
        objects.close()
        database.close()
