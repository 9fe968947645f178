"""What was tried: the whole memory of a search. Strategies are functions of it, so it can be read back at any time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clary.engines.tuning.spaces import Values


@dataclass(frozen=True, slots=True)
class Trial:
    """One point that was tried.

    Attributes:
        values: where it lies in its space.
        running: whether its result is still to come.
        objective: its result; None while it runs, and for one that ended without.
        curve: the objective after each unit of resource (epoch, round) so far, oldest first.
        cut_short: whether it was stopped before it was done.
    """

    values: Values
    running: bool = False
    objective: float | None = None
    curve: tuple[float, ...] = ()
    cut_short: bool = False

    def to_json(self) -> dict[str, Any]:
        """As JSON-compatible values; what strategies do not read (the curve) is left out."""
        return {
            "values": self.values,
            "running": self.running,
            "objective": self.objective,
            "cut_short": self.cut_short,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Trial:
        """Reads what `to_json` wrote."""
        return cls(**value)


def best_of(trials: Sequence[Trial], *, maximize: bool) -> Trial | None:
    """The trial with the best objective; of equals the first."""
    known = [trial for trial in trials if trial.objective is not None]
    sign = -1.0 if maximize else 1.0
    return min(known, key=lambda trial: sign * (trial.objective or 0.0), default=None)
