"""What AWS asks for an instance: a dated table of facts, which its owner may replace.

The table is JSON: "region", "as_of", "currency" (USD), "source", and under "hourly" one table per use ("training",
"processing", "transform", "hosting", "spot"), instance type -> price of one instance for an hour. What a use does not
list is looked up under "any". A type that is listed nowhere has no price; nothing is guessed.

AWS publishes no spot prices of SageMaker's instances. Where "hourly" has none, a table's part "spot" says what EC2
asked for the instance of the same size, [spot, on-demand], with "as_of" and "source" of its own: the same part is
saved here.
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
class SpotMarket:
    """What EC2 asked for instances on its spot market and on demand.

    Attributes:
        as_of: when it did ("2026-08").
        source: where that is from.
        hourly: EC2's instance type ("m5.large") -> the spot and the on-demand price, USD.
    """

    as_of: str
    source: str
    hourly: Mapping[str, tuple[float, float]]

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> SpotMarket:
        """Checks the part "spot" of a table.

        Raises:
            ValueError: it breaks a rule.
            KeyError: a part is missing.
        """
        hourly = {}
        for kind, prices in value["ec2_hourly"].items():
            spot, on_demand = (_price(kind, "spot", price) for price in prices)
            if not on_demand:
                raise ValueError(f"the on-demand price of {kind} at EC2 is 0")
            hourly[kind] = (spot, on_demand)
        return cls(str(value["as_of"]), str(value["source"]), hourly)

    def share(self, instance_type: str) -> float | None:
        """The spot price of a SageMaker instance's EC2 counterpart as a part of its on-demand price."""
        prices = self.hourly.get(instance_type.removeprefix("ml."))
        return None if prices is None else prices[0] / prices[1]


@dataclass(frozen=True, slots=True)
class Prices:
    """A table of prices.

    Attributes:
        region: for which region of AWS they hold.
        as_of: when they held ("2025-01").
        source: where they are from.
        hourly: use -> instance type -> USD.
        spot_market: for the instance types that `hourly` has no spot price of; None for none.
    """

    region: str
    as_of: str
    source: str
    hourly: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    spot_market: SpotMarket | None = None

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
                _price(kind, use, price)
        market = SpotMarket.from_json(value["spot"]) if "spot" in value else None
        return cls(str(value["region"]), str(value["as_of"]), str(value["source"]), hourly, market)

    def of(self, instance_type: str, use: str) -> float | None:
        """The price of one instance for an hour, in USD; None where it is not known."""
        tables: Iterable[Mapping[str, float]] = (
            self.hourly.get(use, {}),
            {} if use == "spot" else self.hourly.get("any", {}),
        )
        return next((table[instance_type] for table in tables if instance_type in table), None)

    def spot_share(self, instance_type: str, use: str) -> float | None:
        """A spot instance's price as a part of the on-demand price, at most 1; None where it is not known."""
        spot, on_demand = self.of(instance_type, "spot"), self.of(instance_type, use)
        share = spot / on_demand if spot is not None and on_demand else None
        if share is None and self.spot_market is not None:
            share = self.spot_market.share(instance_type)
        return None if share is None else min(1.0, share)


def _price(kind: str, use: str, price: Any) -> float:
    """A price that was read.

    Raises:
        ValueError: it is none.
    """
    if isinstance(price, bool) or not isinstance(price, int | float) or not 0 <= price < float("inf"):
        raise ValueError(f"the price of {kind} for {use} is {price!r}; it must be a number of dollars")
    return float(price)
