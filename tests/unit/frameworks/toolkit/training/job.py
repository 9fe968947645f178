"""A training job's folder, and the toolkit's program run on it."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

from clary.frameworks.toolkit import TOOLKIT

Files = dict[str, str]


class Folder:
    """The `/opt/ml` of a job.

    Args:
        files: the user's source.
        program: its entry point.
        hyperparameters: for the script; values become JSON, as the SDK writes them.
    """

    def __init__(self, root: Path, files: Files, program: str = "train.py", **hyperparameters: Any) -> None:
        self.root = root
        for name in ("input/config", "input/source", "input/data/train", "model", "output/data", "code"):
            (root / name).mkdir(parents=True)
        source = {"sagemaker_program": program, "sagemaker_submit_directory": "s3://bucket/job/sourcedir.tar.gz"}
        written = {name: json.dumps(value) for name, value in (source | hyperparameters).items()}
        self.write("hyperparameters", written)
        self.write("inputdataconfig", {"train": {"TrainingInputMode": "File"}})
        group = {"instance_group_name": "homogeneousCluster", "instance_type": "ml.m5.large", "hosts": ["algo-1"]}
        resources = {"current_host": "algo-1", "hosts": ["algo-1"], "instance_groups": [group]}
        self.write("resourceconfig", resources | {"current_instance_type": "ml.m5.large"})
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w:gz") as packed:
            for name, text in files.items():
                entry = tarfile.TarInfo(name)
                entry.size = len(text.encode())
                packed.addfile(entry, io.BytesIO(text.encode()))
        (root / "input/source/sourcedir.tar.gz").write_bytes(archive.getvalue())

    def write(self, name: str, value: Any) -> None:
        """Writes one of the configuration files."""
        (self.root / f"input/config/{name}.json").write_text(json.dumps(value))

    def run(self, python: str | Path = sys.executable, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs the toolkit's program to its end."""
        return subprocess.run(
            [str(python), str(TOOLKIT / "train_program.py")],
            env={**os.environ, "SAGEMAKER_BASE_DIR": str(self.root), **environment},
            capture_output=True,
            text=True,
            timeout=60,
        )

    @property
    def failure(self) -> str:
        """The failure file."""
        return (self.root / "output/failure").read_text()


def told(done: subprocess.CompletedProcess[str]) -> Any:
    """What a script printed as JSON in its last line."""
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])
