"""The README's quick start, as a reader would run it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np

from tests.clients.conftest import ROOT, RunningClary, client_python


def quick_start() -> str:
    """The program of the README."""
    (program,) = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    return str(program)


def test_the_quick_start_trains_deploys_and_answers(clary: RunningClary, tmp_path: Path) -> None:
    features = np.random.default_rng(7).uniform(size=(500, 2))
    labels = features[:, 0] > features[:, 1]
    np.savetxt(tmp_path / "train.csv", np.column_stack([labels, features]), delimiter=",", fmt="%.6f")
    done = subprocess.run(
        [str(client_python("sdk2")), "-c", quick_start()],
        cwd=tmp_path,
        env=clary.environment(),
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Training - " in done.stdout or "Training" in done.stdout
    answer = re.search(r"b'([0-9.]+)'", done.stdout.splitlines()[-1])
    assert answer is not None
    assert float(answer[1]) > 0.9  # 0.5 is far above 0.1: the model has learned which side is which
