"""A script of the kind that the Hugging Face workshops use, trained, deployed and asked with the SageMaker SDK v2."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

import pytest

from clary.app.settings import Settings
from clary.frameworks.catalog import framework
from clary.frameworks.environments import Environments
from tests.clients.conftest import RunningClary, client_python
from tests.clients.frameworks import SCRIPTS

PROGRAMS = Path(__file__).parent / "programs"


def write_sentences(path: Path) -> None:
    """Made-up sentences whose label stands in one of their words."""
    choose = random.Random(3).choice
    lines = ["text,label"]
    for number in range(320):
        label = number % 2
        word = choose(["lovely", "warm", "moving"] if label else ["awful", "cold", "dull"])
        lines.append(f"a {word} {choose(['old', 'long', 'short'])} {choose(['film', 'play', 'story'])},{label}")
    path.write_text("\n".join(lines) + "\n")


@pytest.mark.slow
@pytest.mark.parametrize("library", ["pytorch", "tensorflow"])
def test_the_sdk_v2_trains_and_deploys_a_hugging_face_script(clary: RunningClary, tmp_path: Path, library: str) -> None:
    name = f"huggingface-{library}"
    if Environments(Settings.load({}).frameworks_folder).find(framework(name)) is None:
        pytest.skip(f"needs 2 GB that only this test uses: clary frameworks install {name}")
    write_sentences(tmp_path / "train.csv")
    command = [str(client_python("sdk2")), str(PROGRAMS / "hugging_face_v2.py"), str(tmp_path), str(SCRIPTS), library]
    done = subprocess.run(command, env=clary.environment(), capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["status"] == "Completed", answer
    assert 0 < answer["metrics"]["loss"] < 0.5
    assert [line["label"] for line in answer["good"]] == ["POSITIVE"]
    assert [line["label"] for line in answer["bad"]] == ["NEGATIVE", "POSITIVE"]
    assert answer["bad"][0]["score"] > 0.8
