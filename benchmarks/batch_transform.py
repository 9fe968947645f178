"""What batch transform of a CSV file costs beside a bare `predict` over the same file, and how much memory it takes.

    .venv/bin/python -m benchmarks.batch_transform [--write]

The bare script reads the file, predicts with the same model on all cores and writes a score a line; it runs in a new
Python, as a user would run it. The job is counted from the CreateTransformJob call to Completed: it is queued, its
model is fetched and loaded, the file is split, sent, answered, assembled and stored.
"""

from __future__ import annotations

import io
import statistics
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import xgboost

from benchmarks.clary_server import Server, running_clary
from benchmarks.report import machine, report, table

ROUNDS = 7
ROWS, LARGE_ROWS = 100_000, 500_000
COLUMNS = 30
TREES = 100
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
SCRIPT = """
import sys
import numpy as np
import pyarrow.csv
import xgboost
table = pyarrow.csv.read_csv(sys.argv[1], read_options=pyarrow.csv.ReadOptions(autogenerate_column_names=True))
rows = np.column_stack([column.to_numpy() for column in table.columns])
scores = xgboost.Booster(model_file=sys.argv[2]).inplace_predict(rows)
with open(sys.argv[3], "w") as file:
    file.write("\\n".join(map(str, scores.tolist())) + "\\n")
"""
JOINED = {"InputFilter": "$[1:]", "JoinSource": "Input", "OutputFilter": "$[0,-1]"}


def make_data(folder: Path) -> None:
    """Writes a model of 100 trees, and rows without and with an id before them."""
    random = np.random.default_rng(1)
    rows = random.normal(size=(ROWS, COLUMNS))
    label = (rows[:, :5].sum(axis=1) > 0).astype(float)
    parameters = {"objective": "binary:logistic", "max_depth": 6}
    xgboost.train(parameters, xgboost.DMatrix(rows[:20_000], label[:20_000]), TREES).save_model(folder / "model.json")
    with io.StringIO() as text:
        np.savetxt(text, rows, delimiter=",", fmt="%.6g")
        lines = text.getvalue().splitlines()
    (folder / "rows.csv").write_text("\n".join(lines) + "\n")
    (folder / "large.csv").write_text("\n".join(lines * (LARGE_ROWS // ROWS)) + "\n")
    (folder / "joined.csv").write_text("".join(f"{number},{line}\n" for number, line in enumerate(lines)))
    with tarfile.open(folder / "model.tar.gz", "w:gz") as archive:
        archive.add(folder / "model.json", "xgboost-model")


def bare_script_seconds(folder: Path) -> float:
    """The whole run of the script, imports included."""
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-c", SCRIPT, *(str(folder / name) for name in ("rows.csv", "model.json", "scores.csv"))],
        check=True,
    )
    return time.perf_counter() - started


def job_seconds(sagemaker: Any, name: str, key: str, processing: dict[str, str] | None = None) -> float:
    """Seconds from the CreateTransformJob call to Completed."""
    started = time.perf_counter()
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://batch/{key}"}}
    sagemaker.create_transform_job(
        TransformJobName=name,
        ModelName="model",
        TransformInput={"DataSource": source, "ContentType": "text/csv", "SplitType": "Line"},
        TransformOutput={"S3OutputPath": f"s3://batch/{name}", "AssembleWith": "Line", "Accept": "text/csv"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **({"DataProcessing": processing} if processing else {}),
    )
    while (job := sagemaker.describe_transform_job(TransformJobName=name))["TransformJobStatus"] == "InProgress":
        time.sleep(0.02)
    seconds = time.perf_counter() - started
    assert job["TransformJobStatus"] == "Completed", job
    return seconds


class PeakMemory:
    """The most memory that a server's processes have held together, above what they held at first, in MiB."""

    def __init__(self, server: Server) -> None:
        self._server = psutil.Process(server.pid)
        self._ended = threading.Event()
        self.mebibytes = 0.0
        self._thread = threading.Thread(target=self._watch, args=(self._held(),))

    def __enter__(self) -> PeakMemory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self, before: float) -> None:
        while not self._ended.wait(0.02):
            self.mebibytes = max(self.mebibytes, self._held() - before)

    def _held(self) -> float:
        held = 0
        for process in [self._server, *self._server.children(recursive=True)]:
            try:
                held += process.memory_info().rss - process.memory_info().shared
            except psutil.NoSuchProcess:
                continue
        return held / (1 << 20)


def check(server: Server, folder: Path, name: str, key: str) -> None:
    """The job's scores are those of the script."""
    body = server.client("s3").get_object(Bucket="batch", Key=f"{name}/{key}.out")["Body"].read()
    wanted = np.loadtxt(folder / "scores.csv")
    found = np.loadtxt(io.BytesIO(body), delimiter=",", ndmin=2)[:, -1]
    assert np.allclose(found, wanted, atol=1e-6)


def main() -> None:
    """Measures in turns and reports medians."""
    with running_clary() as server, tempfile.TemporaryDirectory(prefix="clary-benchmark-") as name:
        folder = Path(name)
        make_data(folder)
        s3, sagemaker = server.client("s3"), server.client("sagemaker")
        s3.create_bucket(Bucket="batch")
        for file in ("rows.csv", "large.csv", "joined.csv", "model.tar.gz"):
            s3.upload_file(str(folder / file), "batch", file)
        role = server.client("iam").get_role(RoleName="ClaryExecutionRole")["Role"]["Arn"]
        container = {"Image": IMAGE, "ModelDataUrl": "s3://batch/model.tar.gz"}
        sagemaker.create_model(ModelName="model", PrimaryContainer=container, ExecutionRoleArn=role)
        job_seconds(sagemaker, "warm-up", "rows.csv")
        bare, whole, joined = [], [], []
        for number in range(ROUNDS):
            bare.append(bare_script_seconds(folder))
            whole.append(job_seconds(sagemaker, f"whole-{number}", "rows.csv"))
            joined.append(job_seconds(sagemaker, f"joined-{number}", "joined.csv", JOINED))
        check(server, folder, "whole-0", "rows.csv")
        check(server, folder, "joined-0", "joined.csv")
        with PeakMemory(server) as small:
            job_seconds(sagemaker, "small", "rows.csv")
        with PeakMemory(server) as large:
            job_seconds(sagemaker, "large", "large.csv")
    script = statistics.median(bare)
    rows = [
        [f"bare script over {ROWS:,} rows", f"{script:.2f}", "1.00", ""],
        ["batch transform", *_compared(whole, script), f"{small.mebibytes:.0f}"],
        ["batch transform, ids left out and joined", *_compared(joined, script), ""],
        [f"batch transform of {LARGE_ROWS:,} rows", "", "", f"{large.mebibytes:.0f}"],
    ]
    notes = f"{machine()}; medians of {ROUNDS}, in turns; {COLUMNS} columns, {TREES} trees."
    report("batch_transform", f"{table(['run', 'seconds', 'ratio', 'more memory, MiB'], rows)}\n\n{notes}")


def _compared(seconds: list[float], script: float) -> tuple[str, str]:
    median = statistics.median(seconds)
    return f"{median:.2f}", f"{median / script:.2f}"


if __name__ == "__main__":
    main()
