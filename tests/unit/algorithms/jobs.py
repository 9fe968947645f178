"""Job folders and small data for the tests of the algorithms."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet

from clary.algorithms.readers import recordio
from clary.algorithms.readers.record_message import Record

# The learning libraries' threads spin while they wait for each other; on a busy machine one thread is the quickest.
os.environ.setdefault("OMP_NUM_THREADS", "1")


def tiny_rows(rows=400, classes=2, seed=0):
    """A learnable table: float64, shape (rows, 5), the label first, some values missing in the last column."""
    random = np.random.default_rng(seed)
    features = random.random((rows, 4)).round(4)
    score = features[:, 0] + features[:, 1] * features[:, 2]
    edges = np.quantile(score, np.linspace(0, 1, classes + 1)[1:-1])
    features[random.random(rows) < 0.1, 3] = np.nan
    return np.column_stack([np.searchsorted(edges, score), features])


def as_csv(table, delimiter=","):
    lines = (delimiter.join("" if np.isnan(cell) else f"{cell:.6g}" for cell in row) for row in table)
    return "\n".join(lines).encode() + b"\n"


def as_libsvm(table):
    lines = []
    for row in table:
        cells = " ".join(f"{index}:{cell:.6g}" for index, cell in enumerate(row[1:]) if not np.isnan(cell))
        lines.append(f"{row[0]:.6g} {cells}")
    return "\n".join(lines).encode() + b"\n"


def as_parquet(table):
    sink = pyarrow.BufferOutputStream()
    columns = {f"c{index}": table[:, index] for index in range(table.shape[1])}
    pyarrow.parquet.write_table(pyarrow.table(columns), sink)
    return sink.getvalue().to_pybytes()


def as_recordio(table, labelled=True):
    frames = []
    for row in table:
        record = Record()
        features = row
        if labelled:
            record.label["values"].float32_tensor.values.extend([row[0]])
            features = row[1:]
        record.features["values"].float32_tensor.values.extend(features)
        frames.append(recordio.framed(record.SerializeToString()))
    return b"".join(frames)


WRITERS = {
    "text/csv": as_csv,
    "text/libsvm": as_libsvm,
    "application/x-parquet": as_parquet,
    "application/x-recordio-protobuf": as_recordio,
}


def make_job(
    root: Path,
    hyperparameters: Mapping[str, str],
    channels: Mapping[str, bytes | Mapping[str, bytes]],
    content_type: str | None = "text/csv",
    hosts=("algo-1",),
    host="algo-1",
    checkpoints=False,
) -> Path:
    """Lays out a training job's folder; a channel is one file's bytes, or names with bytes."""
    config = root / "input" / "config"
    config.mkdir(parents=True, exist_ok=True)
    described = {}
    for channel, files in channels.items():
        folder = root / "input" / "data" / channel
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in (files if isinstance(files, Mapping) else {"part-0": files}).items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        described[channel] = {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated"}
        if content_type and channel != "model":
            described[channel]["ContentType"] = content_type
    (config / "hyperparameters.json").write_text(json.dumps(dict(hyperparameters)))
    (config / "inputdataconfig.json").write_text(json.dumps(described))
    (config / "resourceconfig.json").write_text(json.dumps({"current_host": host, "hosts": list(hosts)}))
    if checkpoints:
        (root / "checkpoints").mkdir(exist_ok=True)
        described = {"S3Uri": "s3://bucket/checkpoints", "LocalPath": "/opt/ml/checkpoints"}
        (config / "checkpointconfig.json").write_text(json.dumps(described))
    return root


def start_training(root: Path, name="sagemaker-xgboost", **environment: str) -> subprocess.Popen:
    """Starts the training program in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "clary.algorithms.train", str(root), name],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
    )


def terminated_after(program: subprocess.Popen, text: str) -> str:
    """Sends SIGTERM once a line of the program's log contains `text`; the whole log when it has ended."""
    lines = []
    for line in program.stdout:
        lines.append(line)
        if text in line:
            program.send_signal(signal.SIGTERM)
            break
    rest, _ = program.communicate(timeout=60)
    return "".join(lines) + rest
