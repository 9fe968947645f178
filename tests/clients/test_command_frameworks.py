"""`clary frameworks` as a user types it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from clary.frameworks.catalog import FRAMEWORKS
from tests.clients.conftest import CLARY


def frameworks(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CLARY_FRAMEWORKS_FOLDER": str(folder), "COLUMNS": "200"}
    return subprocess.run([str(CLARY), "frameworks", *arguments], env=environment, capture_output=True, text=True)


def test_every_framework_is_listed_with_its_state(tmp_path: Path) -> None:
    listed = frameworks(tmp_path, "list").stdout
    for framework in FRAMEWORKS:
        assert framework.name in listed
    assert listed.count("not installed") == len(FRAMEWORKS)


def test_an_unknown_framework_is_refused_with_those_there_are(tmp_path: Path) -> None:
    for action in ("install", "remove"):
        refused = frameworks(tmp_path, action, "mxnet")
        assert refused.returncode == 1
        assert "mxnet" in refused.stderr
    assert "pytorch-2.13" in frameworks(tmp_path, "install", "mxnet").stderr


def test_an_environment_that_cannot_be_built_is_told_with_pips_reason(tmp_path: Path) -> None:
    nowhere = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "CLARY_FRAMEWORKS_FOLDER": str(tmp_path / "f")}
    refused = subprocess.run(
        [str(CLARY), "frameworks", "install", "python-3"],
        env={**os.environ, **nowhere},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert refused.returncode == 1
    assert "the environment python-3 could not be built: pip failed" in refused.stderr
    assert "No matching distribution found for boto3==" in refused.stderr
    assert not list((tmp_path / "f").glob("*/ready.json"))
