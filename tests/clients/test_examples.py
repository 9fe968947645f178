"""The small programs in `examples/` that a user runs first."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

from tests.clients.conftest import RunningClary

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_a_shop_learns_from_its_orders_and_a_newcomers_clicks_count_at_once(clary: RunningClary) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "recommendations.py")],
        env=clary.environment(),
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    lines = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert float(lines["precision@10"]) > 0
    coffee = {str(item) for item in range(20, 40)}
    before, after = (set(ast.literal_eval(lines[name])) for name in ("after nothing", "after 31"))
    assert not before <= coffee
    assert len(after & coffee) >= 6
