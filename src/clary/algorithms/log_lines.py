"""Lines for the job's log: written at once, so that they are in CloudWatch Logs while training runs."""

from __future__ import annotations

import sys
import time


def line(text: str) -> None:
    """Writes one line to the log."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def info(text: str) -> None:
    """Writes a line of information with its time, in the form of AWS's containers."""
    line(f"[{time.strftime('%Y-%m-%d:%H:%M:%S')}:INFO] {text}")


def warning(text: str) -> None:
    """Writes a warning with its time."""
    line(f"[{time.strftime('%Y-%m-%d:%H:%M:%S')}:WARNING] {text}")
