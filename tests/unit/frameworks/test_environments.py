from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest

from clary.frameworks.environments import Cancelled, Environment, EnvironmentNotBuilt, Environments
from clary.frameworks.layers import make_layer
from tests.unit.frameworks.conftest import TINY


def output(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def test_an_environment_is_built_once_and_has_the_packages_of_its_lock(tiny: Environment) -> None:
    environments = Environments(tiny.folder.parent)
    assert output(tiny.python, "-c", "import tiny_base; print(tiny_base.VERSION)") == "1"
    told: list[str] = []
    assert environments.ready(TINY, told.append) == tiny
    assert told == []
    (installed,) = environments.installed()
    assert installed.name == "tiny"
    assert installed.size_bytes > 100_000


def test_an_environment_that_does_not_work_is_told_of_and_never_used(local_packages: Path, tmp_path: Path) -> None:
    broken = replace(TINY, modules=("no_such_module",))
    environments = Environments(tmp_path)
    with pytest.raises(EnvironmentNotBuilt, match=r"import failed[\s\S]*No module named 'no_such_module'"):
        environments.ready(broken)
    assert environments.find(broken) is None
    assert environments.installed() == []


def test_a_package_that_nobody_has_is_named(tiny: Environment, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PIP_FIND_LINKS", str(tmp_path))
        with pytest.raises(EnvironmentNotBuilt, match="No matching distribution found for tiny_base==1"):
            Environments(tmp_path).ready(TINY)


def test_a_build_that_is_given_up_leaves_nothing_that_would_be_used(local_packages: Path, tmp_path: Path) -> None:
    environments = Environments(tmp_path)
    with pytest.raises(Cancelled):
        environments.ready(TINY, cancelled=lambda: True)
    assert environments.find(TINY) is None


def test_an_interrupted_build_is_not_used_but_begun_anew(tiny: Environment, tmp_path: Path) -> None:
    half = tmp_path / tiny.folder.name
    shutil.copytree(tiny.folder, half, symlinks=True)
    (half / "ready.json").unlink()
    environments = Environments(tmp_path)
    assert environments.find(TINY) is None
    assert environments.ready(TINY).folder == half
    assert environments.find(TINY) is not None


def test_an_environment_whose_python_is_gone_is_not_used(tiny: Environment, tmp_path: Path) -> None:
    shutil.copytree(tiny.folder, tmp_path / tiny.folder.name, symlinks=True)
    python = tmp_path / tiny.folder.name / "bin/python3"
    python.unlink()
    python.symlink_to(tmp_path / "gone")
    assert Environments(tmp_path).find(TINY) is None


def _build(folder: Path, lines: list[str]) -> None:
    Environments(folder).ready(TINY, lines.append)


def test_two_processes_that_need_an_environment_at_once_build_it_once(local_packages: Path, tmp_path: Path) -> None:
    context = get_context("fork")
    with context.Manager() as manager:
        told = [manager.list(), manager.list()]
        processes = [context.Process(target=_build, args=(tmp_path, lines)) for lines in told]
        for process in processes:
            process.start()
        for process in processes:
            process.join(timeout=120)
            assert process.exitcode == 0
        # Whoever waited was told of the other's progress, and nobody began a second time.
        began = [[line for line in lines if line.startswith("Building")] for lines in told]
        assert max(len(lines) for lines in began) == 1
    assert len(Environments(tmp_path).installed()) == 1


def test_an_environment_can_be_removed(tiny: Environment, tmp_path: Path) -> None:
    shutil.copytree(tiny.folder, tmp_path / tiny.folder.name, symlinks=True)
    environments = Environments(tmp_path)
    assert environments.remove("tiny") == [tiny.folder.name]
    assert environments.remove("tiny") == []
    assert environments.find(TINY) is None


def test_what_is_installed_in_a_layer_stays_there(tiny: Environment, tmp_path: Path) -> None:
    layer = make_layer(tiny, tmp_path)
    python = layer / "bin/python3"
    assert output(python, "-c", "import sys, tiny_base; print(sys.prefix, tiny_base.VERSION)") == f"{layer} 1"
    output(python, "-m", "pip", "install", "-q", "tiny_extra")
    assert output(python, "-c", "import tiny_extra; print(tiny_extra.VERSION)") == "1"
    assert not list(tiny.site_packages.glob("tiny_extra*"))
    without = subprocess.run([tiny.python, "-c", "import tiny_extra"], capture_output=True, check=False)
    assert without.returncode == 1


def test_a_layer_may_hold_another_version_of_what_the_framework_has(tiny: Environment, tmp_path: Path) -> None:
    layer = make_layer(tiny, tmp_path)
    output(layer / "bin/python3", "-m", "pip", "install", "-q", "tiny_base==2")
    assert output(layer / "bin/python3", "-c", "import tiny_base; print(tiny_base.VERSION)") == "2"
    assert output(tiny.python, "-c", "import tiny_base; print(tiny_base.VERSION)") == "1"


def test_the_programs_of_a_layer_use_it_wherever_it_lies(tiny: Environment, tmp_path: Path) -> None:
    make_layer(tiny, tmp_path / "first")
    (tmp_path / "first").rename(tmp_path / "second")
    environment = {**os.environ, "PATH": f"{tmp_path / 'second/.environment/bin'}{os.pathsep}{os.environ['PATH']}"}
    told = subprocess.run(["pip", "--version"], env=environment, capture_output=True, text=True, check=True).stdout
    assert str(tiny.site_packages) in told
    assert f"(python {sys.version_info.major}.{sys.version_info.minor})" in told
