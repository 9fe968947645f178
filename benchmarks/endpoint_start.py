"""From CreateEndpoint to InService for three frameworks, and how fast a scikit-learn endpoint answers then.

    .venv/bin/python -m benchmarks.endpoint_start [--write]

The environments of the frameworks are built before, where they are not there yet. Each round makes a new endpoint: its
model is fetched and unpacked, its program started in isolation, its libraries imported. The rate is compared with a
hand-written ASGI server on uvicorn around the same model, both with one worker; Clary's requests are signed and its
policies evaluated.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.clary_server import Server, free_port, running_clary
from benchmarks.endpoint import COLUMNS, CONNECTIONS, PEERS, csv_requests, make_model, measure, measured_peer
from benchmarks.load import Load, signed_request
from benchmarks.report import machine, report, table
from clary.app.settings import Settings
from clary.frameworks.catalog import framework
from clary.frameworks.environments import Environments

ROUNDS = 7
LOAD_ROUNDS = 3
REGISTRY = "683313688378.dkr.ecr.us-east-1.amazonaws.com"
HANDLERS = """
import os, joblib
def model_fn(model_dir):
    return joblib.load(os.path.join(model_dir, "model.joblib"))
"""
SCIKIT_LEARN = f"""
import joblib, numpy
from sklearn.linear_model import LogisticRegression
random = numpy.random.default_rng(5)
rows = random.normal(size=(4000, {COLUMNS}))
joblib.dump(LogisticRegression().fit(rows, rows[:, 0] > 0), "model.joblib")
"""
PYTORCH = f"""
import torch
layers = torch.nn.Sequential(torch.nn.Linear({COLUMNS}, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1))
torch.jit.script(layers).save("model.pth")
"""


@dataclass(frozen=True)
class Case:
    """One kind of endpoint.

    Attributes:
        framework: whose environment makes the model; "" for the built-in algorithm.
        wanted_seconds: the aim.
    """

    title: str
    image: str
    framework: str
    source: str
    wanted_seconds: float


CASES = (
    Case("XGBoost, built in", "sagemaker-xgboost:1.7-1", "", "", 2),
    Case("scikit-learn", "sagemaker-scikit-learn:1.4-2", "scikit-learn-1.9", SCIKIT_LEARN, 2),
    Case("PyTorch", "pytorch-inference:2.3-cpu-py311", "pytorch-2.13", PYTORCH, 4),
)


def make_archive(case: Case, folder: Path) -> Path:
    """The model.tar.gz of a case."""
    files = folder / case.title
    (files / "code").mkdir(parents=True)
    if not case.framework:
        make_model(files / "xgboost-model.ubj")
        (files / "xgboost-model.ubj").rename(files / "xgboost-model")
    else:
        python = Environments(Settings.load({}).frameworks_folder).ready(framework(case.framework), print).python
        subprocess.run([python, "-c", case.source], cwd=files, check=True)
    if case.framework.startswith("scikit-learn"):
        (files / "code" / "inference.py").write_text(HANDLERS)
    archive = folder / f"{case.title}.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for path in files.iterdir():
            tar.add(path, path.name)
    return archive


def make_models(server: Server, archives: dict[Case, Path]) -> None:
    """A model and an endpoint configuration for each case, named by its image's repository."""
    s3, sagemaker = server.client("s3"), server.client("sagemaker")
    role = server.client("iam").get_role(RoleName="ClaryExecutionRole")["Role"]["Arn"]
    s3.create_bucket(Bucket="models")
    for case, archive in archives.items():
        name = name_of(case)
        s3.put_object(Bucket="models", Key=name, Body=archive.read_bytes())
        container = {"Image": f"{REGISTRY}/{case.image}", "ModelDataUrl": f"s3://models/{name}"}
        sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=role)
        variant = {"VariantName": "v", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])


def name_of(case: Case) -> str:
    """The name of a case's model and configuration."""
    return case.image.partition(":")[0]


def seconds_to_service(sagemaker: Any, case: Case, endpoint: str) -> float:
    """How long an endpoint takes to be InService."""
    began = time.perf_counter()
    sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=name_of(case))
    while (told := sagemaker.describe_endpoint(EndpointName=endpoint))["EndpointStatus"] == "Creating":
        time.sleep(0.01)
    seconds = time.perf_counter() - began
    if told["EndpointStatus"] != "InService":
        raise RuntimeError(told["FailureReason"])
    return seconds


def starts(server: Server) -> dict[Case, list[float]]:
    """The seconds of every round; the endpoint of one is deleted before the next."""
    sagemaker = server.client("sagemaker")
    found: dict[Case, list[float]] = {case: [] for case in CASES}
    for number in range(ROUNDS):
        for case in CASES:
            endpoint = f"{name_of(case)}-{number}"
            found[case].append(seconds_to_service(sagemaker, case, endpoint))
            sagemaker.delete_endpoint(EndpointName=endpoint)
            sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=endpoint, WaiterConfig={"Delay": 1})
            print(case.title, found[case][-1], flush=True)
    return found


def clary_load(server: Server, rows: list[str], endpoint: str) -> tuple[Load, Load]:
    """Clary, with signed requests."""
    url = f"{server.url}/endpoints/{endpoint}/invocations"
    headers = {"Content-Type": "text/csv"}
    requests = [signed_request("POST", url, row.encode(), dict(headers), "sagemaker", server.keys) for row in rows]
    return measure(server.port, requests)


def asgi_load(rows: list[str], folder: Path, model: Path) -> tuple[Load, Load]:
    """The hand-written server, on uvicorn."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "scikit_learn_asgi:application", "--host", "127.0.0.1"]
    command += ["--port", str(port), "--loop", "uvloop", "--http", "httptools", "--log-level", "error"]
    environment = {"PYTHONPATH": str(PEERS), "MODEL": str(model), "OMP_NUM_THREADS": str(os.cpu_count() or 1)}
    return measured_peer(command, port, environment, folder, csv_requests(port, "/", rows))


def loads(server: Server, folder: Path, rows: list[str]) -> dict[str, list[tuple[Load, Load]]]:
    """Both servers in turns."""
    case = CASES[1]
    sagemaker = server.client("sagemaker")
    seconds_to_service(sagemaker, case, "load")
    runs: dict[str, Callable[[], tuple[Load, Load]]] = {
        "hand-written ASGI on uvicorn": lambda: asgi_load(rows, folder, folder / case.title / "model.joblib"),
        "**Clary**, signed": lambda: clary_load(server, rows, "load"),
    }
    found: dict[str, list[tuple[Load, Load]]] = {name: [] for name in runs}
    for _ in range(LOAD_ROUNDS):
        for name, run in runs.items():
            found[name].append(run())
            print(name, *found[name][-1], flush=True)
    return found


def main() -> None:
    """Measures starts, then answers, and reports medians."""
    with tempfile.TemporaryDirectory(prefix="clary-benchmark-") as name:
        folder = Path(name)
        rows = make_model(folder / "any.ubj")
        archives = {case: make_archive(case, folder) for case in CASES}
        with running_clary() as server:
            make_models(server, archives)
            seconds = starts(server)
            answered = loads(server, folder, rows)
    start_rows = [
        [case.title, f"{statistics.median(found):.2f}", f"{max(found):.2f}", f"{case.wanted_seconds:g}"]
        for case, found in seconds.items()
    ]
    load_rows = [
        [
            server_name,
            f"{statistics.median(many.rate for many, _ in found):,.0f}",
            f"{statistics.median(many.p99_seconds for many, _ in found) * 1000:.1f}",
            f"{statistics.median(one.p50_seconds for _, one in found) * 1000:.2f}",
        ]
        for server_name, found in answered.items()
    ]
    start_table = table(["endpoint", "seconds to InService", "slowest", "aim"], start_rows)
    load_head = ["scikit-learn model", f"requests/s at {CONNECTIONS} connections", "p99 ms", "p50 ms at one connection"]
    text = f"{start_table}\n\n{table(load_head, load_rows)}"
    report("endpoint_start", f"{text}\n\n{machine()}; medians of {ROUNDS} starts and {LOAD_ROUNDS} loads.")


if __name__ == "__main__":
    main()
