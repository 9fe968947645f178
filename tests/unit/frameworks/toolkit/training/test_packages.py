from __future__ import annotations

from pathlib import Path

import pytest

from clary.frameworks.environments import Environment
from clary.frameworks.layers import make_layer
from tests.unit.frameworks.toolkit.training.job import Folder, told

USE = "import json, tiny_base, tiny_extra\nprint(json.dumps([tiny_base.VERSION, tiny_extra.VERSION]))\n"


def test_requirements_are_installed_for_this_job_alone(tiny: Environment, tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"train.py": USE, "requirements.txt": "tiny_extra==1\n"})
    python = make_layer(tiny, tmp_path) / "bin/python3"
    assert told(folder.run(python)) == [1, 1]
    assert not list(tiny.site_packages.glob("tiny_extra*"))


def test_a_script_may_install_packages_itself(tiny: Environment, tmp_path: Path) -> None:
    script = (
        f"import subprocess, sys\nsubprocess.check_call([sys.executable, '-m', 'pip', 'install', 'tiny_extra'])\n{USE}"
    )
    folder = Folder(tmp_path, {"train.py": script})
    assert told(folder.run(make_layer(tiny, tmp_path) / "bin/python3")) == [1, 1]


def test_a_package_that_does_not_install_is_named_with_pips_reason(tiny: Environment, tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"train.py": USE, "requirements.txt": "tiny_extra==1\nno_such_thing==4.2\n"})
    assert folder.run(make_layer(tiny, tmp_path) / "bin/python3").returncode == 1
    assert folder.failure.startswith("InstallRequirementsError:\nExitCode 1\nErrorMessage")
    assert "no_such_thing==4.2 cannot be installed. pip: Could not find a version" in folder.failure


FAKE_PIP = """
import sys
versions = ", ".join(f"1.{n}.0" for n in range(200))
print("ERROR: Ignored the following versions that require a different python version: " + versions)
print(f"ERROR: Could not find a version that satisfies the requirement pandas==9.9 (from versions: {versions})")
print("ERROR: No matching distribution found for pandas==9.9")
sys.exit(1)
"""


def test_a_version_that_does_not_exist_is_told_with_the_latest_ones_and_not_with_all(tmp_path: Path) -> None:
    (tmp_path / "pip").mkdir()
    (tmp_path / "pip/__init__.py").touch()
    (tmp_path / "pip/__main__.py").write_text(FAKE_PIP)
    folder = Folder(tmp_path / "ml", {"train.py": USE, "requirements.txt": "pandas==9.9\n"})
    assert folder.run(PYTHONPATH=str(tmp_path)).returncode == 1
    assert "pandas==9.9 cannot be installed. pip: " in folder.failure
    assert "(from versions: 1.196.0, 1.197.0, 1.198.0, 1.199.0, and 196 earlier)" in folder.failure
    assert len(folder.failure) < 900


@pytest.mark.parametrize(
    ("isolated", "reason"),
    [("1", "EnableNetworkIsolation is set"), ("", "the package index cannot be reached from this machine")],
)
def test_no_way_to_the_package_index_is_told(tiny: Environment, tmp_path: Path, isolated: str, reason: str) -> None:
    folder = Folder(tmp_path, {"train.py": USE, "requirements.txt": "no_such_thing==4.2\n"})
    nowhere = {"PIP_INDEX_URL": "https://index.invalid/simple", "PIP_NO_INDEX": "0", "PIP_RETRIES": "1"}
    python = make_layer(tiny, tmp_path) / "bin/python3"
    assert folder.run(python, CLARY_NETWORK_ISOLATION=isolated, **nowhere).returncode == 1
    assert f"no_such_thing==4.2 cannot be installed: {reason}" in folder.failure


def test_a_source_that_is_a_package_is_installed_and_run_as_a_module(tiny: Environment, tmp_path: Path) -> None:
    setup = "from setuptools import setup\nsetup(name='mine', version='1', py_modules=['train'])\n"
    script = "import json, sys\nprint(json.dumps([__name__, sys.argv[1:]]))\n"
    folder = Folder(tmp_path, {"setup.py": setup, "train.py": script}, epochs=2)
    # The tiny framework has no setuptools; those of the tests' own environment stand in for it.
    setuptools = str(Path(pytest.importorskip("setuptools").__file__).parents[1])
    done = folder.run(make_layer(tiny, tmp_path) / "bin/python3", PYTHONPATH=setuptools)
    assert told(done) == ["__main__", ["--epochs", "2"]]
