"""An XGBoost endpoint, one CSV row a request: Clary against a hand-written ASGI server and three serving frameworks.

    make bench-peers && .venv/bin/python -m benchmarks.endpoint [--write]

Everybody serves the same model with one worker. Clary's requests are signed and its policies evaluated; the others
take anything. One server runs at a time, in turns, over several rounds.
"""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import statistics
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path

import numpy as np
import xgboost

from benchmarks.clary_server import free_port, running_clary
from benchmarks.load import Load, plain_request, run_load, signed_request
from benchmarks.report import machine, report, table

ROUNDS = 3
CONNECTIONS = 16
ROOT = Path(__file__).parents[1]
PEERS = Path(__file__).parent / "peers"
COLUMNS = 60
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"


def make_model(path: Path) -> list[str]:
    """Trains a model of 100 trees on made-up data; returns rows as CSV."""
    random = np.random.default_rng(5)
    features = random.normal(size=(4000, COLUMNS)).round(4)
    label = features[:, :5].sum(axis=1) + random.normal(size=4000) > 0
    parameters = {"objective": "binary:logistic", "max_depth": 6, "seed": 5, "nthread": 2}
    xgboost.train(parameters, xgboost.DMatrix(features, label), 100).save_model(path)
    return [",".join(f"{value:g}" for value in row) for row in features[:64]]


def measure(port: int, requests: list[bytes]) -> tuple[Load, Load]:
    """Throughput at 16 connections, and the time of a request at one."""
    many = run_load(port, requests, connections=CONNECTIONS, seconds=4)
    one = run_load(port, requests, connections=1, seconds=2)
    assert not many.failures, many
    return many, one


def answers(port: int, request: bytes) -> bool:
    """Whether the server answers the request with 200."""
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as connection:
            connection.settimeout(5)
            connection.sendall(request)
            return connection.recv(4096)[9:12] == b"200"
    except OSError:
        return False


def measured_peer(
    command: list[str], port: int, environment: dict[str, str], folder: Path, requests: list[bytes]
) -> tuple[Load, Load]:
    """Starts a server, waits until it answers, measures it and stops it."""
    log = folder / "peer.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            env={**os.environ, "MODEL": str(folder / "model.ubj"), "PORT": str(port), **environment},
            cwd=folder,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + 60
        while not answers(port, requests[0]):
            if time.monotonic() > deadline or process.poll() is not None:
                raise RuntimeError(f"{command[0]} did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.1)
        return measure(port, requests)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def csv_requests(port: int, path: str, rows: list[str]) -> list[bytes]:
    """Unsigned requests with one row each."""
    url = f"http://127.0.0.1:{port}{path}"
    return [plain_request("POST", url, row.encode(), {"Content-Type": "text/csv"}) for row in rows]


def json_requests(port: int, path: str, bodies: list[object]) -> list[bytes]:
    """Unsigned JSON requests."""
    url = f"http://127.0.0.1:{port}{path}"
    return [
        plain_request("POST", url, json.dumps(body).encode(), {"Content-Type": "application/json"}) for body in bodies
    ]


def raw_asgi(folder: Path, rows: list[str]) -> tuple[Load, Load]:
    """The hand-written server, on granian."""
    port = free_port()
    command = [str(ROOT / ".venv-granian" / "bin" / "granian"), "--interface", "asgi", "--loop", "uvloop", "--no-ws"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--log-level", "error", "raw_asgi:application"]
    return measured_peer(command, port, {"PYTHONPATH": str(PEERS)}, folder, csv_requests(port, "/", rows))


def litserve(folder: Path, rows: list[str]) -> tuple[Load, Load]:
    """LitServe."""
    port = free_port()
    command = [str(ROOT / ".venv-litserve" / "bin" / "python"), str(PEERS / "litserve_server.py")]
    requests = json_requests(port, "/predict", [{"row": row} for row in rows])
    return measured_peer(command, port, {}, folder, requests)


def bentoml(folder: Path, rows: list[str]) -> tuple[Load, Load]:
    """BentoML."""
    port = free_port()
    command = [str(ROOT / ".venv-bentoml" / "bin" / "bentoml"), "serve", "bentoml_service:Model"]
    command += ["--working-dir", str(PEERS), "--host", "127.0.0.1", "--port", str(port)]
    environment = {"BENTOML_DO_NOT_TRACK": "True", "BENTOML_HOME": str(folder / "bentoml")}
    requests = json_requests(port, "/predict", [{"row": row} for row in rows])
    return measured_peer(command, port, environment, folder, requests)


def mlserver(folder: Path, rows: list[str]) -> tuple[Load, Load]:
    """MLServer, without its parallel workers: they only add a hop."""
    port = free_port()
    settings = folder / "mlserver"
    settings.mkdir(exist_ok=True)
    ports = {"http_port": port, "grpc_port": free_port(), "metrics_port": free_port()}
    (settings / "settings.json").write_text(json.dumps({"host": "127.0.0.1", "parallel_workers": 0, **ports}))
    (settings / "model-settings.json").write_text(
        json.dumps({"name": "model", "implementation": "mlserver_runtime.Model"})
    )
    command = [str(ROOT / ".venv-mlserver" / "bin" / "mlserver"), "start", str(settings)]
    bodies = [
        {"inputs": [{"name": "x", "shape": [1, COLUMNS], "datatype": "FP32", "data": list(map(float, row.split(",")))}]}
        for row in rows
    ]
    requests = json_requests(port, "/v2/models/model/infer", list(bodies))
    return measured_peer(command, port, {"PYTHONPATH": str(PEERS)}, folder, requests)


def clary(folder: Path, rows: list[str]) -> tuple[Load, Load]:
    """Clary, with signed requests."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        tar.add(folder / "model.ubj", "xgboost-model")
    with running_clary() as server:
        s3, sagemaker = server.client("s3"), server.client("sagemaker")
        s3.create_bucket(Bucket="models")
        s3.put_object(Bucket="models", Key="model.tar.gz", Body=archive.getvalue())
        role = server.client("iam").get_role(RoleName="ClaryExecutionRole")["Role"]["Arn"]
        container = {"Image": IMAGE, "ModelDataUrl": "s3://models/model.tar.gz"}
        sagemaker.create_model(ModelName="m", PrimaryContainer=container, ExecutionRoleArn=role)
        variant = {"VariantName": "v", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
        sagemaker.create_endpoint_config(EndpointConfigName="c", ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName="e", EndpointConfigName="c")
        sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="e", WaiterConfig={"Delay": 1})
        url = f"{server.url}/endpoints/e/invocations"
        headers = {"Content-Type": "text/csv"}
        return measure(
            server.port,
            [signed_request("POST", url, row.encode(), dict(headers), "sagemaker", server.keys) for row in rows],
        )


SERVERS = {
    "raw ASGI on granian": raw_asgi,
    "**Clary**, signed": clary,
    "LitServe": litserve,
    "MLServer": mlserver,
    "BentoML": bentoml,
}


def main() -> None:
    """Measures every server in turns and reports medians."""
    results: dict[str, list[tuple[Load, Load]]] = {name: [] for name in SERVERS}
    with tempfile.TemporaryDirectory(prefix="clary-benchmark-") as name:
        folder = Path(name)
        rows = make_model(folder / "model.ubj")
        for _ in range(ROUNDS):
            for server, run in SERVERS.items():
                results[server].append(run(folder, rows))
                print(server, *results[server][-1], flush=True)
    median = {
        server: (
            statistics.median(many.rate for many, _ in loads),
            statistics.median(many.p99_seconds for many, _ in loads) * 1000,
            statistics.median(one.p50_seconds for _, one in loads) * 1000,
        )
        for server, loads in results.items()
    }
    base = median["raw ASGI on granian"][0]
    lines = [
        [server, f"{rate:,.0f}", f"{rate / base:.2f}", f"{p99:.1f}", f"{p50:.2f}"]
        for server, (rate, p99, p50) in median.items()
    ]
    head = ["server", f"requests/s at {CONNECTIONS} connections", "ratio", "p99 ms", "p50 ms at one connection"]
    text = table(head, lines)
    report("endpoint", f"{text}\n\n{machine()}; medians of {ROUNDS} rounds; 100 trees, {COLUMNS} columns.")


if __name__ == "__main__":
    main()
