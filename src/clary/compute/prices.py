"""What AWS asks for an instance: a dated table of facts, which its owner may replace.

The table is JSON: "region", "as_of", "currency" (USD), "source", and under "hourly" one table per use ("training",
"processing", "transform", "hosting", "spot"), instance type -> price of one instance for an hour. What a use does not
list is looked up under "any". A type that is listed nowhere has no price; nothing is guessed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from clary.core.errors import ClaryError

USES = ("training", "processing", "transform", "hosting", "spot")


class InvalidPrices(ClaryError):
    """A price table cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Prices:
    """A table of prices.

    Attributes:
        region: for which region of AWS they hold.
        as_of: when they held ("2025-01").
        source: where they are from.
        hourly: use -> instance type -> USD.
    """

    region: str
    as_of: str
    source: str
    hourly: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path | None = None) -> Prices:
        """Reads a table; by default the one that Clary has.

        Raises:
            InvalidPrices: it cannot be read, or is no such table.
        """
        try:
            if path is None:
                text = resources.files("clary.compute").joinpath("prices.json").read_text(encoding="utf-8")
            else:
                text = path.read_text(encoding="utf-8")
            return cls.from_json(json.loads(text))
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise InvalidPrices(
                f"the price table {path or 'of Clary'} cannot be used: {type(error).__name__}: {error}"
            ) from error

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Prices:
        """Checks a table that was read.

        Raises:
            ValueError: it breaks a rule.
            KeyError: a part is missing.
        """
        if value["currency"] != "USD":
            raise ValueError(f"currency is {value['currency']!r}; it must be USD")
        hourly = {use: dict(prices) for use, prices in value["hourly"].items()}
        for use, prices in hourly.items():
            if use not in ("any", *USES):
                raise ValueError(f"{use!r} is no use of instances: {', '.join(USES)} or any")
            for kind, price in prices.items():
                if isinstance(price, bool) or not isinstance(price, int | float) or not 0 <= price < float("inf"):
                    raise ValueError(f"the price of {kind} for {use} is {price!r}; it must be a number of dollars")
        return cls(str(value["region"]), str(value["as_of"]), str(value["source"]), hourly)

    def of(self, instance_type: str, use: str) -> float | None:
        """The price of one instance for an hour, in USD; None where it is not known."""
        tables: Iterable[Mapping[str, float]] = (
            self.hourly.get(use, {}),
            {} if use == "spot" else self.hourly.get("any", {}),
        )
        return next((table[instance_type] for table in tables if instance_type in table), None)

    def spot_share(self, instance_type: str, use: str) -> float:
        """A spot instance's price as a part of the on-demand price; 1 where one of them is not known."""
        spot, on_demand = self.of(instance_type, "spot"), self.of(instance_type, use)
        if spot is None or not on_demand:
            return 1.0
        return min(1.0, spot / on_demand)
