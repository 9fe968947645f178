"""`clary costs`: what the work would have cost at AWS."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Table

from clary.app.settings import Settings
from clary.cli.client import folder_of
from clary.cli.tables import console as standard_output
from clary.compute import costs
from clary.compute.costs import Cost, Ledger
from clary.compute.prices import Prices
from clary.storage.database import Database


@dataclass(frozen=True, slots=True)
class Sum:
    """The work of one kind on one day.

    Attributes:
        instance_seconds: of all instances together.
        usd: of what has a known price.
        saved_by_spot_usd: what on-demand instances would have cost more.
        unpriced: how many jobs or endpoints ran on instance types without a known price.
        spot_unpriced: how many spot jobs ran on instance types without a known spot price.
    """

    day: str
    kind: str
    count: int
    instance_seconds: float
    usd: float
    saved_by_spot_usd: float
    unpriced: int
    spot_unpriced: int


def run(arguments: argparse.Namespace) -> int:
    """Prints the costs per day and kind, and their total."""
    folder = folder_of(arguments)
    prices = Prices.load(path_of(Settings.load(data=arguments.data).prices_file))
    lines: list[Cost] = []
    if folder.records.exists():
        database = Database(folder.records, costs.SCHEMA)
        lines = Ledger(database).lines()
        database.close()
    sums = summed(lines)
    if arguments.format == "json":
        print(json.dumps(_report(sums, prices), indent=2))
    elif arguments.format == "csv":
        _print_csv(sums)
    else:
        _print_table(sums, prices)
    return 0


def path_of(setting: str) -> Path | None:
    """The file that the setting `prices_file` names; None for Clary's own."""
    return Path(setting).expanduser() if setting else None


def summed(lines: Sequence[Cost]) -> list[Sum]:
    """The lines of a ledger, added up per day and kind."""
    groups: dict[tuple[str, str], list[Cost]] = defaultdict(list)
    for line in lines:
        groups[line.day, line.kind].append(line)
    return [_sum(day, kind, group) for (day, kind), group in sorted(groups.items())]


def _sum(day: str, kind: str, lines: Sequence[Cost]) -> Sum:
    return Sum(
        day,
        kind,
        len({line.name for line in lines}),
        round(sum(line.seconds * line.instances for line in lines), 1),
        round(sum(line.usd or 0.0 for line in lines), 6),
        round(sum((line.on_demand_usd or 0.0) - (line.usd or 0.0) for line in lines), 6),
        sum(line.usd is None for line in lines),
        sum(line.spot and line.usd is not None and line.usd == line.on_demand_usd for line in lines),
    )


def _report(sums: Sequence[Sum], prices: Prices) -> dict[str, object]:
    return {
        "prices": {"region": prices.region, "as_of": prices.as_of, "source": prices.source},
        "spot": None if (market := prices.spot_market) is None else {"as_of": market.as_of, "source": market.source},
        "days": [asdict(entry) for entry in sums],
        "total_usd": round(sum(entry.usd for entry in sums), 6),
        "total_saved_by_spot_usd": round(sum(entry.saved_by_spot_usd for entry in sums), 6),
    }


def _print_csv(sums: Sequence[Sum]) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(Sum.__slots__)
    for entry in sums:
        writer.writerow(asdict(entry).values())


def _print_table(sums: Sequence[Sum], prices: Prices) -> None:
    table = Table("day", "kind", "count", "instance seconds", "USD", "saved by spot", "without a price")
    for entry in sums:
        table.add_row(
            entry.day,
            entry.kind,
            str(entry.count),
            f"{entry.instance_seconds:.0f}",
            f"{entry.usd:.4f}",
            f"{entry.saved_by_spot_usd:.4f}",
            str(entry.unpriced or ""),
        )
    total, saved = sum(entry.usd for entry in sums), sum(entry.saved_by_spot_usd for entry in sums)
    table.add_section()
    table.add_row("total", "", "", "", f"{total:.4f}", f"{saved:.4f}", "")
    console = standard_output()
    console.print(table if sums else "Nothing has run that AWS would have sent a bill for.")
    console.print(f"Estimated with the prices of {prices.region} as of {prices.as_of}; nobody sends a bill.")
    if prices.spot_market is not None and any(entry.saved_by_spot_usd for entry in sums):
        console.print(f"Spot: what it saved on EC2's instances of the same sizes in {prices.spot_market.as_of}.")
    if unpriced := sum(entry.spot_unpriced for entry in sums):
        console.print(f"No spot price is known for the instances of {unpriced} spot jobs: they count as on demand.")
