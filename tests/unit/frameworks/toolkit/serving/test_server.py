"""The serving program as a process: a server, its workers, and a user's handlers that misbehave."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clary.frameworks.toolkit import MARK, SERVE, TOOLKIT

LONG_SECONDS = 30.0
JSON = {"Content-Type": "application/json"}
HANDLERS = """
import os, signal, sys, threading, time
def model_fn(model_dir): return os.getpid()
def predict_fn(data, model):
    if data == "sleep": time.sleep(60)
    if data == "nap": time.sleep(0.5)
    if data == "exit": os._exit(3)
    if data == "crash": os.kill(os.getpid(), signal.SIGSEGV)
    if data == "big": return "x" * 20_000_000
    if data == "fail": raise ValueError("no")
    return model
"""


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("replica", timeout=LONG_SECONDS)
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(LONG_SECONDS)
        self.sock.connect(self._path)


class Serving:
    """A running serving program."""

    def __init__(self, root: Path, source: str, framework: str = "python", **environment: str) -> None:
        code = root / "model" / "code"
        code.mkdir(parents=True, exist_ok=True)
        (code / "inference.py").write_text(source)
        self.log = root / "log"
        self.socket = root / "s"
        program = SERVE.replace(MARK, str(TOOLKIT))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, program, framework, "--socket", str(self.socket), "--root", str(root)],
                env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
                stdout=log,
                stderr=log,
            )

    def connect(self) -> UnixConnection:
        """A connection, once there is a server."""
        deadline = time.monotonic() + LONG_SECONDS
        while True:
            connection = UnixConnection(self.socket)
            try:
                connection.connect()
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline
                time.sleep(0.01)
            else:
                return connection

    def request(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Any:
        """The response with its body read, as `.content`."""
        connection = self.connect()
        connection.request(method, path, body or None, headers or {})
        response: Any = connection.getresponse()
        response.content = response.read()
        connection.close()
        return response

    def ask(self, value: Any) -> Any:
        """The answer of the handlers to a value."""
        return self.request("POST", "/invocations", json.dumps(value).encode(), JSON)

    def healthy(self) -> Serving:
        """Waits until the model is loaded."""
        while self.request("GET", "/ping").status != 200:
            assert self.process.poll() is None, self.log.read_text()
        return self

    def end(self) -> int:
        """Stops it; returns the exit code."""
        self.process.terminate()
        return self.process.wait(LONG_SECONDS)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Serving]]:
    started: list[Serving] = []

    def start(source: str = HANDLERS, *arguments: str, **environment: str) -> Serving:
        started.append(Serving(tmp_path, source, *arguments, **environment))
        return started[-1]

    yield start
    for serving in started:
        with contextlib.suppress(ProcessLookupError):
            serving.process.kill()
        serving.process.wait()


def test_it_answers_pings_invocations_and_execution_parameters(serve: Callable[..., Serving]) -> None:
    serving = serve().healthy()
    assert serving.ask(1).status == 200
    parameters = json.loads(serving.request("GET", "/execution-parameters").content)
    assert parameters == {"MaxConcurrentTransforms": 1, "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": 6}
    statuses = [
        serving.request(method, path).status
        for method, path in (("GET", "/invocations"), ("POST", "/ping"), ("GET", "/nothing"))
    ]
    assert statuses == [405, 405, 404]
    assert serving.end() == 0


def test_a_ping_is_answered_when_the_model_has_been_loaded_and_not_before(serve: Callable[..., Serving]) -> None:
    serving = serve("import time\ndef model_fn(d): time.sleep(0.4); return 1")
    began = time.monotonic()
    assert serving.request("GET", "/ping").status == 200
    assert time.monotonic() - began > 0.3


def test_a_ping_is_refused_when_loading_takes_longer_than_who_asks_would_wait(serve: Callable[..., Serving]) -> None:
    assert serve("import time\ndef model_fn(d): time.sleep(60)").request("GET", "/ping").status == 503


def test_the_health_check_is_answered_while_a_handler_computes(serve: Callable[..., Serving]) -> None:
    serving = serve().healthy()
    asking = threading.Thread(target=serving.ask, args=("nap",))
    asking.start()
    began = time.monotonic()
    assert serving.request("GET", "/ping").status == 200
    assert asking.is_alive() or time.monotonic() - began > 0.4
    asking.join()


def test_several_workers_answer_at_the_same_time(serve: Callable[..., Serving]) -> None:
    serving = serve(SAGEMAKER_MODEL_SERVER_WORKERS="3").healthy()
    assert json.loads(serving.request("GET", "/execution-parameters").content)["MaxConcurrentTransforms"] == 3
    found: list[bytes] = []
    deadline = time.monotonic() + LONG_SECONDS
    while len(set(found)) < 3:
        assert time.monotonic() < deadline
        asking = [threading.Thread(target=lambda: found.append(serving.ask("nap").content)) for _ in range(3)]
        for thread in asking:
            thread.start()
        for thread in asking:
            thread.join()


def test_a_handler_that_hangs_costs_its_request_alone_and_the_log_says_where(serve: Callable[..., Serving]) -> None:
    serving = serve(SAGEMAKER_MODEL_SERVER_TIMEOUT="1").healthy()
    before = serving.ask(1).content
    response = serving.ask("sleep")
    assert response.status == 500
    assert "did not answer within 1 seconds" in json.loads(response.content)["message"]
    assert serving.ask(1).content != before
    assert 'inference.py", line 5 in predict_fn' in serving.log.read_text()


@pytest.mark.parametrize(("how", "told"), [("exit", "exit code 3"), ("crash", "SIGSEGV")])
def test_a_worker_that_dies_costs_its_request_alone(serve: Callable[..., Serving], how: str, told: str) -> None:
    serving = serve().healthy()
    before = serving.ask(1).content
    response = serving.ask(how)
    assert (response.status, json.loads(response.content)["message"]) == (500, "Worker died.")
    assert serving.ask(1).content != before
    assert f"A worker ended with {told}; another takes its place." in serving.log.read_text()


def test_big_bodies_go_both_ways(serve: Callable[..., Serving]) -> None:
    serving = serve().healthy()
    assert len(serving.ask("big").content) == 20_000_000
    assert serving.ask("y" * 20_000_000).status == 200


def test_a_generators_pieces_arrive_while_it_goes_on(serve: Callable[..., Serving]) -> None:
    source = """
import os, time
def model_fn(d): return d
def transform_fn(model, body, kind, accept):
    if body == '"fail"': raise ValueError("before the first piece")
    yield "first"
    while not os.path.exists(model + "/go"): time.sleep(0.01)
    yield "second"
    if body == '"break"': raise ValueError("in the middle")
"""
    serving = serve(source).healthy()
    connection = serving.connect()
    connection.request("POST", "/invocations", b"1", JSON)
    response = connection.getresponse()
    assert response.read(5) == b"first"
    (serving.socket.parent / "model" / "go").touch()
    assert response.read() == b"second"
    assert serving.ask("fail").status == 500
    with pytest.raises(http.client.IncompleteRead):
        serving.ask("break")
    assert serving.ask(1).content == b"firstsecond"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("def model_fn(d): return 1 / 0", "ZeroDivisionError"),
        ("import no_such_module", "No module named 'no_such_module'"),
        ("def model_fn(d, e, f): pass", "model_fn takes 3 arguments but 1 were given"),
        ("import os\nos._exit(7)", ""),
    ],
)
def test_a_model_that_cannot_be_loaded_ends_the_program_with_the_reason(
    serve: Callable[..., Serving], source: str, told: str
) -> None:
    serving = serve(source)
    assert serving.process.wait(LONG_SECONDS) not in (0, None)
    assert told in serving.log.read_text()


def test_a_bad_setting_ends_the_program_with_its_name(serve: Callable[..., Serving]) -> None:
    serving = serve(SAGEMAKER_MODEL_SERVER_WORKERS="none")
    assert serving.process.wait(LONG_SECONDS) == 1
    assert "SAGEMAKER_MODEL_SERVER_WORKERS must be a whole number" in serving.log.read_text()


def test_sigterm_lets_what_is_asked_be_answered(serve: Callable[..., Serving]) -> None:
    serving = serve().healthy()
    answers: list[Any] = []
    connection = serving.connect()
    connection.request("POST", "/invocations", b'"nap"', JSON)
    thread = threading.Thread(target=lambda: answers.append(connection.getresponse()))
    thread.start()
    assert serving.request("GET", "/ping").status == 200  # it came later: the other request is being answered
    assert serving.end() == 0
    thread.join()
    assert answers[0].status == 200


def test_no_worker_outlives_the_server(serve: Callable[..., Serving]) -> None:
    serving = serve().healthy()
    worker = int(serving.ask(1).content)
    serving.process.send_signal(signal.SIGKILL)
    serving.process.wait()
    deadline = time.monotonic() + LONG_SECONDS
    while Path(f"/proc/{worker}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_scikit_learn_serves_a_pickled_model(serve: Callable[..., Serving], tmp_path: Path) -> None:
    import joblib
    from sklearn.linear_model import LinearRegression

    (tmp_path / "model").mkdir()
    joblib.dump(LinearRegression().fit([[0.0], [1.0]], [0.0, 2.0]), tmp_path / "model" / "model.joblib")
    source = "import joblib, os\ndef model_fn(d): return joblib.load(os.path.join(d, 'model.joblib'))"
    serving = serve(source, "scikit-learn").healthy()
    response = serving.request("POST", "/invocations", b"1\n2\n", {"Content-Type": "text/csv", "Accept": "text/csv"})
    assert [float(line) for line in response.content.split()] == pytest.approx([2, 4])


def test_handlers_find_the_modules_of_awss_toolkits(serve: Callable[..., Serving]) -> None:
    source = """
from sagemaker_containers.beta.framework import content_types, encoders, env, modules, transformer, worker
from sagemaker_inference import decoder, encoder, errors
from sagemaker_xgboost_container import encoder as xgb_encoders

def model_fn(model_dir):
    assert xgb_encoders.csv_to_dmatrix("1,2").num_col() == 2
    return encoders

def input_fn(body, content_type):
    if content_type != content_types.CSV:
        raise errors.GenericInferenceToolkitError(422, "csv only")
    return decoder.decode(body, content_type)

def output_fn(prediction, accept):
    return worker.Response(encoder.encode(prediction, accept), mimetype="text/x-numbers", status=201)

def predict_fn(data, model):
    return data + 1
"""
    serving = serve(source).healthy()
    response = serving.request("POST", "/invocations", b"1,2", {"Content-Type": "text/csv", "Accept": "text/csv"})
    assert (response.status, response.content, response.headers["content-type"]) == (
        201,
        b"2.0\n3.0\n",
        "text/x-numbers",
    )
    refused = serving.ask(1)
    assert (refused.status, refused.content.partition(b"\n")[0]) == (422, b"csv only")
