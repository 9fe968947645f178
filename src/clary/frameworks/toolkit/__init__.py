"""What runs inside a framework's environment, with this folder alone on the path: standard library only."""

from pathlib import Path

TOOLKIT = Path(__file__).parent
"""The folder that holds `clary_toolkit` and the programs that start it."""

MARK = "{toolkit}"
"""Stands for `TOOLKIT` in the arguments of programs, which are kept in records: Clary may lie elsewhere later."""

TRAIN = f"{MARK}/train_program.py"
"""The program that runs a user's training script."""

SERVE = f"{MARK}/serve_program.py"
"""The program that serves a model."""
