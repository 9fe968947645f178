"""Checkpoints: the whole model every second or so, so that a stopped job goes on as if nothing had happened."""

from __future__ import annotations

import re
import time
from pathlib import Path

import xgboost

from clary.algorithms import log_lines
from clary.algorithms.contract import AlgorithmError
from clary.algorithms.xgboost import model_files

KEPT = 5
SECONDS_BETWEEN = 1.0
"""A checkpoint holds the whole model, so that one after each quick round would cost more than the round."""
SECONDS_BETWEEN_UNASKED = 30.0
"""Where the user asked for none: training must not pay for what is read only after a crash of the machine."""

_NAME = re.compile(r"xgboost-checkpoint\.(\d+)")


class Checkpoints:
    """The checkpoints of one job: `xgboost-checkpoint.N`, where N rounds had been trained.

    Args:
        folder: exists.
        wanted: whether the user asked for them.
    """

    def __init__(self, folder: Path, *, wanted: bool) -> None:
        self._folder = folder
        self._saved_rounds = 0
        self._seconds_between = SECONDS_BETWEEN if wanted else SECONDS_BETWEEN_UNASKED
        self._due = time.monotonic() + self._seconds_between

    def _numbers(self) -> list[int]:
        """The rounds of all checkpoints, lowest first."""
        matches = (_NAME.fullmatch(path.name) for path in self._folder.iterdir())
        return sorted(int(match[1]) for match in matches if match)

    def after_round(self, booster: xgboost.Booster, rounds: int) -> None:
        """Keeps the model when the last checkpoint is old enough."""
        if time.monotonic() >= self._due:
            self.save(booster, rounds)

    def save(self, booster: xgboost.Booster, rounds: int) -> None:
        """Keeps the model of `rounds` rounds, unless it is kept already, and drops all but the last few."""
        if rounds == self._saved_rounds:
            return
        model_files.write(model_files.to_bytes(booster), self._folder / f"xgboost-checkpoint.{rounds}", durable=True)
        for number in self._numbers()[:-KEPT]:
            (self._folder / f"xgboost-checkpoint.{number}").unlink(missing_ok=True)
        self._saved_rounds, self._due = rounds, time.monotonic() + self._seconds_between

    def latest(self) -> bytes | None:
        """The newest checkpoint that loads, or None; broken ones are left where they are."""
        for number in reversed(self._numbers()):
            path = self._folder / f"xgboost-checkpoint.{number}"
            data = path.read_bytes()
            try:
                model_files.to_booster(data, path.name)
            except AlgorithmError as error:
                log_lines.warning(f"The checkpoint is left out: {error}")
                continue
            log_lines.info(f"Checkpoint loaded from {path.name}")
            return data
        return None
