"""The user's source: found, unpacked, made ready to run."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path

from .failure import ToolkitError
from .job import Job

STAGED = "input/source"
"""Where the platform puts the archive that an S3 address names, relative to `/opt/ml`."""


def unpack_source(job: Job) -> None:
    """Puts the user's source into `code/`.

    Raises:
        ToolkitError: it is not there, or is no archive that can be unpacked safely.
    """
    source = job.source
    if source.startswith("s3://"):
        archive = job.root / STAGED / source.rpartition("/")[2]
    elif source.startswith("file://"):
        archive = Path(source.removeprefix("file://"))
    else:
        archive = Path(source)
    if archive == job.code:
        return
    if archive.is_dir():
        shutil.copytree(archive, job.code, dirs_exist_ok=True, symlinks=True)
        return
    if not archive.is_file():
        raise ToolkitError(f"the source {source} of sagemaker_submit_directory is not there ({archive})")
    try:
        with tarfile.open(archive) as packed:
            # "data" refuses what would land outside of the folder: absolute names, "..", links that lead out, devices.
            packed.extractall(job.code, filter="data")
    except tarfile.FilterError as error:
        raise ToolkitError(f"the source {source} holds a file that may not be unpacked: {error}") from None
    except (tarfile.TarError, OSError, EOFError) as error:
        raise ToolkitError(f"the source {source} is not a readable tar.gz archive: {error}") from None


def require_entry_point(job: Job) -> Path:
    """The entry point's path.

    Raises:
        ToolkitError: none is named, or it is not in the source.
    """
    name = job.program
    if not name:
        raise ToolkitError(
            "the job names no script: set the hyperparameters sagemaker_program and sagemaker_submit_directory, as the "
            "SageMaker SDK does for entry_point and source_dir"
        )
    path = job.code / name
    if not path.resolve().is_relative_to(job.code.resolve()):
        raise ToolkitError(f"the entry point {name} lies outside of the source")
    if not path.is_file() and not is_package(job):
        there = ", ".join(sorted(entry.name for entry in job.code.iterdir())[:10]) or "nothing"
        raise ToolkitError(f"the entry point {name} is not in the source, which holds: {there}")
    return path


def is_package(job: Job) -> bool:
    """Whether the source is a package to install, with the entry point as a module of it: it has a setup.py."""
    return (job.code / "setup.py").is_file() and not job.program.endswith(".sh")
