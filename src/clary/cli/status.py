"""`clary status`: what runs."""

from __future__ import annotations

import argparse
import datetime
from typing import Any

import psutil
from rich.console import Console

from clary.app.data_folder import DataFolder, Running
from clary.cli.client import client, folder_of, running_with_key
from clary.cli.document_status import print_document_jobs
from clary.cli.tables import console as standard_output
from clary.cli.tables import named_table
from clary.cli.text_status import print_text_jobs
from clary.cli.tuning_status import print_tuning_jobs
from clary.compute.costs import SCHEMA, Ledger, in_usd
from clary.storage.database import Database

_SHOWN = 20


def run(arguments: argparse.Namespace) -> int:
    """Prints the server's state, its latest jobs and its endpoints; exit code 1 when nothing runs."""
    folder = folder_of(arguments)
    running, key = running_with_key(folder)
    console = standard_output()
    console.print(
        f"Clary answers at [bold]{running.url}[/bold]  (process {running.pid}, {_memory(running)}, {folder.root})"
    )
    costs = _Costs(folder)
    sagemaker = client("sagemaker", running, key)
    jobs = sagemaker.list_training_jobs(MaxResults=_SHOWN, SortBy="CreationTime", SortOrder="Descending")
    for job in jobs["TrainingJobSummaries"]:
        if job["TrainingJobStatus"] == "InProgress":
            job["TrainingJobStatus"] = f"InProgress: {job['SecondaryStatus']}"  # Pending: the machine is full
    prices = costs.of("training")
    _print(console, "Training jobs", jobs["TrainingJobSummaries"], "TrainingJobName", "TrainingJobStatus", prices)
    print_tuning_jobs(console, sagemaker)
    for kind, title in (("transform", "Transform jobs"), ("processing", "Processing jobs")):
        listing = getattr(sagemaker, f"list_{kind}_jobs")(
            MaxResults=_SHOWN, SortBy="CreationTime", SortOrder="Descending"
        )
        member = f"{kind.title()}Job"
        if rows := listing[f"{member}Summaries"]:
            _print(console, title, rows, f"{member}Name", f"{member}Status", costs.of(kind))
    print_document_jobs(console, folder)
    print_text_jobs(console, folder)
    endpoints = sagemaker.list_endpoints(MaxResults=_SHOWN, SortBy="CreationTime", SortOrder="Descending")
    _print(console, "Endpoints", endpoints["Endpoints"], "EndpointName", "EndpointStatus", costs.of("hosting"))
    return 0


class _Costs:
    """What each job and endpoint of the data folder would have cost at AWS."""

    def __init__(self, folder: DataFolder) -> None:
        self._folder = folder

    def of(self, kind: str) -> dict[str, float]:
        """Of a kind of work ("training"): name -> USD, without those that have no known price."""
        database = Database(self._folder.records, SCHEMA)
        try:
            return Ledger(database).by_name(kind)
        finally:
            database.close()


def _print(
    console: Console, title: str, rows: list[dict[str, Any]], name: str, status: str, costs: dict[str, float]
) -> None:
    table = named_table(title, "name", "status", "created", "at AWS, USD")
    for row in rows:
        created = row["CreationTime"].astimezone().strftime("%Y-%m-%d %H:%M:%S")
        price = costs.get(row[name])
        table.add_row(row[name], row[status], created, "" if price is None else in_usd(price))
    console.print(table if rows else f"{title}: none")


def _memory(running: Running) -> str:
    try:
        server = psutil.Process(running.pid)
        total = sum(process.memory_info().rss for process in [server, *server.children(recursive=True)])
    except psutil.NoSuchProcess:
        return "ending"
    started = datetime.datetime.fromtimestamp(running.started).strftime("%Y-%m-%d %H:%M:%S")
    return f"{total >> 20} MiB, since {started}"
