"""VADER (Hutto and Gilbert 2014), asked in its own environment."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[2]
VADER = _ROOT / ".venv-vader/bin/python"


def asked_of_vader(texts: Sequence[str]) -> dict[str, Any] | None:
    """What VADER says of texts and how long it takes; None where its environment was not made."""
    if not VADER.exists():
        return None
    program = _ROOT / "benchmarks/peers/vader_sentiment.py"
    asked = json.dumps(list(texts)).encode()
    answered = subprocess.run([str(VADER), str(program)], input=asked, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(answered.stdout)
    return found
