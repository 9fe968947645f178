"""`kill -9` during imports, training and PutEvents: no acknowledged event is lost, nothing half-made is visible."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import psutil
from botocore.exceptions import BotoCoreError, ClientError

from tests.clients.conftest import RunningClary, start_clary
from tests.clients.personalize_shop import INTERACTIONS, Shop, interactions
from tests.live_folder import below


def kill(clary: RunningClary) -> None:
    """Ends the server and all that belongs to it, supervisors and programs too, at once."""
    server = next(
        process
        for process in psutil.process_iter(["cmdline"])
        if str(clary.data) in (process.info["cmdline"] or []) and "up" in process.info["cmdline"]
    )
    family = [server, *server.children(recursive=True)]
    family += [
        process
        for process in psutil.process_iter()
        if process not in family and str(clary.data) in " ".join(_command(process))
    ]
    for process in family:
        try:
            os.kill(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    psutil.wait_procs(family, timeout=20)


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_nothing_acknowledged_is_lost_and_nothing_half_made_is_visible(tmp_path: Path) -> None:
    clary = start_clary(tmp_path / "data")
    port = int(clary.url.rsplit(":", 1)[1])
    try:
        shop = Shop(clary, "killed")
        shop.group = shop.personalize.create_dataset_group(name=shop.name)["datasetGroupArn"]
        log = shop.dataset("Interactions", INTERACTIONS)
        assert shop.imported(shop.start_import("first", log, shop.put("a.csv", interactions())))["status"] == "ACTIVE"
        tracking_id = shop.personalize.create_event_tracker(name="t", datasetGroupArn=shop.group)["trackingId"]
        version = shop.start_version("aws-popularity-count")
        second = shop.start_import("second", log, shop.put("b.csv", interactions()), importMode="INCREMENTAL")
        acknowledged: list[str] = []

        def put_events() -> None:
            for number in range(100_000):
                try:
                    shop.click(tracking_id, f"event-{number}", "s", "u")
                except (BotoCoreError, ClientError, ConnectionError):
                    return
                acknowledged.append(f"event-{number}")

        clicking = threading.Thread(target=put_events)
        clicking.start()
        deadline = time.monotonic() + 60
        while len(acknowledged) < 20 and time.monotonic() < deadline:
            time.sleep(0.01)
        kill(clary)
        clicking.join()

        clary = start_clary(tmp_path / "data", port)
        assert shop.imported(second)["status"] == "ACTIVE"
        assert shop.trained(version)["status"] == "ACTIVE"
        assert shop.personalize.get_solution_metrics(solutionVersionArn=version)["metrics"]
        campaign = shop.campaign(version)
        assert len(shop.items(campaign, numResults=5)) == 5
        export = shop.personalize.create_dataset_export_job(
            jobName="after",
            datasetArn=log,
            ingestionMode="ALL",
            roleArn=shop.role,
            jobOutput={"s3DataDestination": {"path": f"s3://{shop.bucket}/after"}},
        )["datasetExportJobArn"]
        describe = shop.personalize.describe_dataset_export_job
        shop.ended(lambda: describe(datasetExportJobArn=export)["datasetExportJob"])
        put = shop.s3.get_object(Bucket=shop.bucket, Key="after/after-put.csv")["Body"].read().decode()
        bulk = shop.s3.get_object(Bucket=shop.bucket, Key="after/after-bulk.csv")["Body"].read().decode()
        assert len(acknowledged) >= 20
        assert set(acknowledged) <= {line.split(",")[1].strip('"') for line in put.splitlines()}
        assert len(bulk.splitlines()) - 1 == 2 * (len(interactions().splitlines()) - 1), "each import counts once"
        drafts = [path.name for path in below(tmp_path / "data/personalize") if path.suffix == ".draft"]
        assert drafts == []
    finally:
        clary.command("down")
