"""What is asked of an advisor: a search and all that was tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from clary.engines.tuning.spaces import Space, Values
from clary.engines.tuning.trials import Trial


@dataclass(frozen=True, slots=True)
class Question:
    """What should be tried next?

    Attributes:
        strategy: "bayesian", "random" or "grid".
        trials: all of the search, in the order they were started.
        transferred: finished trials of earlier searches whose results are worth as much as the search's own.
        hints: points to try before the strategy is asked, the most promising first.
    """

    strategy: str
    space: Space
    seed: int
    maximize: bool
    trials: tuple[Trial, ...] = ()
    transferred: tuple[Trial, ...] = ()
    hints: tuple[Values, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As JSON-compatible values."""
        return {
            "strategy": self.strategy,
            "space": self.space.to_json(),
            "seed": self.seed,
            "maximize": self.maximize,
            "trials": [trial.to_json() for trial in self.trials],
            "transferred": [trial.to_json() for trial in self.transferred],
            "hints": list(self.hints),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Question:
        """Reads what `to_json` wrote."""
        return cls(
            value["strategy"],
            Space.from_json(value["space"]),
            value["seed"],
            value["maximize"],
            tuple(Trial.from_json(trial) for trial in value["trials"]),
            tuple(Trial.from_json(trial) for trial in value["transferred"]),
            tuple(value["hints"]),
        )
