"""The environments of the frameworks, for tests that need models which only they can make."""

from __future__ import annotations

import functools
import subprocess
import tarfile
from pathlib import Path

import pytest

from clary.app.settings import Settings
from clary.frameworks.catalog import framework
from clary.frameworks.environments import EnvironmentNotBuilt, Environments

SCRIPTS = Path(__file__).parent / "scripts"


@functools.cache
def framework_python(name: str) -> Path:
    """The Python of a framework's environment, built if need be; the test is skipped where that is impossible."""
    try:
        return Environments(Settings.load({}).frameworks_folder).ready(framework(name)).python
    except EnvironmentNotBuilt as error:
        pytest.skip(str(error))


def make_model(name: str, source: str, archive: Path) -> None:
    """Runs `source` in a framework's environment, in a folder whose files become `archive`."""
    folder = archive.with_name(archive.name.removesuffix(".tar.gz"))
    folder.mkdir()
    done = subprocess.run([framework_python(name), "-c", source], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(folder, "")
