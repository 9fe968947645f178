"""A framework small enough to be built in a test, and packages that pip finds without a network."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from clary.frameworks.catalog import Framework
from clary.frameworks.environments import Environment, Environments

_LOCK = Path(__file__).with_name("tiny.txt")


class TinyFramework(Framework):
    """A framework whose lock is not among Clary's own."""

    @property
    def lock(self) -> Path:
        return _LOCK


TINY = TinyFramework("tiny", "python", "1", (), ("json", "tiny_base"), "for tests")


def write_wheel(folder: Path, name: str, version: str, text: str) -> None:
    """A package with one module."""
    information = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", text)
        wheel.writestr(f"{information}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{information}/RECORD", "")


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages: tiny_base 1 and 2, tiny_extra 1."""
    folder = tmp_path_factory.mktemp("packages")
    write_wheel(folder, "tiny_base", "1", "VERSION = 1\n")
    write_wheel(folder, "tiny_base", "2", "VERSION = 2\n")
    write_wheel(folder, "tiny_extra", "1", "VERSION = 1\n")
    return folder


@pytest.fixture(scope="module")
def local_packages(packages: Path) -> Iterator[Path]:
    """pip finds these packages alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_NO_INDEX", "1")
        patch.setenv("PIP_FIND_LINKS", str(packages))
        yield packages


@pytest.fixture(scope="module")
def tiny(local_packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The environment of the tiny framework."""
    return Environments(tmp_path_factory.mktemp("frameworks")).ready(TINY)
