"""`clary models`: the weights of models that come from packages: which there are, fetched ahead, verified."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TaskID, TextColumn
from rich.progress import Progress as Bars
from rich.table import Table

from clary.app.settings import Settings
from clary.cli.tables import console as standard_output
from clary.storage.weights import Entry, NoSuchWeights, Progress, Weights

_MEBIBYTE = 1 << 20


def run(arguments: argparse.Namespace) -> int:
    """Lists, fetches or verifies weights; works whether Clary runs or not."""
    settings = Settings.load(data=arguments.data)
    weights = Weights(settings.weights)
    actions: dict[str, Callable[[Weights, list[str]], None]] = {"list": _list, "pull": _pull, "verify": _verify}
    actions[arguments.action](weights, arguments.names)
    return 0


def _chosen(weights: Weights, names: list[str]) -> list[Entry]:
    """The entries that names of entries and families mean, each once; all where none is named."""
    found = {entry.name: entry for name in names or [""] for entry in weights.entries(name)}
    return list(found.values())


def _list(weights: Weights, names: list[str]) -> None:
    table = Table("name", "family", "for", "licence", "package", "MiB", "state", box=None)
    for entry in _chosen(weights, names):
        state = "here" if weights.is_ready(entry) else "not here"
        size = f"{entry.download_bytes / _MEBIBYTE:,.1f}"
        source = f"{entry.kind}: {entry.package} {entry.version}"
        table.add_row(entry.name, entry.family, ", ".join(entry.tasks), entry.licence, source, size, state)
    standard_output().print(table)
    standard_output().print(f"They are kept in {weights.folder}; what is not here is fetched at its first use.")


def _pull(weights: Weights, names: list[str]) -> None:
    """Fetches what is missing of the named entries and families."""
    if not names:
        families = sorted({entry.family for entry in weights.entries()})
        raise NoSuchWeights(f"say which: clary models pull {' '.join(families)}, or names from `clary models list`")
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        rows: dict[str, TaskID] = {}

        def told(progress: Progress) -> None:
            name = progress.entry.name
            if name not in rows:
                rows[name] = bars.add_task(name, total=progress.total_bytes)
            bars.update(rows[name], completed=progress.done_bytes, description=f"{name}: {progress.step}")

        for name in names:
            weights.ready(name, told)
    for entry in _chosen(weights, names):
        if weights.is_ready(entry):
            print(f"{entry.name} is here: {weights.folder / entry.name}")


def _verify(weights: Weights, names: list[str]) -> None:
    """Reads every file of the named entries, or of all that are here."""
    entries = _chosen(weights, names)
    for entry in entries if names else [one for one in entries if weights.is_ready(one)]:
        weights.verify(entry)
        print(f"{entry.name} is what the catalogue names")
