"""What hosting promises of models that are served by a program which a user brought."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from clary.compute.contract import Limits, Program, ReplicaPlan, VariantPlan
from clary.compute.executors import isolation
from clary.compute.forking.server import ForkServer
from clary.compute.hosting.endpoints import InvocationFailed, InvokeRequest, socket_folder
from clary.compute.preparation import PreparationCancelled, PreparationFailed
from clary.frameworks.toolkit import MARK, SERVE, TOOLKIT
from tests.unit.compute.houses import House, archive, arn_of, eventually

HANDLERS = (Path(__file__).parents[1] / "programs" / "isolated_handlers.py").read_text()
ARGV = (sys.executable, SERVE.replace(MARK, str(TOOLKIT)), "python", "--descriptor", "3")
NAP_SECONDS = 86_399.5

pytestmark = pytest.mark.skipif(not isolation.probe().bubblewrap, reason=isolation.probe().description)


class Building:
    """A preparation whose end the test decides."""

    def __init__(self) -> None:
        self.is_built = threading.Event()
        self.was_cancelled = threading.Event()
        self.problem = ""

    def is_ready(self, program: Program) -> bool:
        return self.is_built.is_set()

    def prepare(
        self, program: Program, root: Path, tell: Callable[[str], None], cancelled: Callable[[], bool]
    ) -> Program:
        if not self.is_built.is_set():
            tell("Building the environment (3 packages).")
        while not self.is_built.wait(0.02):
            if self.problem:
                raise PreparationFailed(self.problem)
            if cancelled():
                self.was_cancelled.set()
                raise PreparationCancelled
        return replace(program, environment={"PREPARED": "yes", **program.environment})


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    server = ForkServer()
    server.start()
    yield server
    server.close()


@pytest.fixture
def building() -> Building:
    building = Building()
    building.is_built.set()
    return building


@pytest_asyncio.fixture
async def house(tmp_path: Path, server: ForkServer, building: Building) -> AsyncIterator[House]:
    house = House(tmp_path, server, preparation=building)
    house.source.objects["bucket", "m.tar.gz"] = archive(**{"code/inference.py": HANDLERS, "weights": "42"})
    await house.hosting.start()
    yield house
    building.is_built.set()
    await house.hosting.close()
    house.database.close()


def isolated(
    *argv: str,
    replicas: int = 1,
    network: bool = True,
    memory_bytes: int = 4 << 30,
    startup_seconds: int = 30,
    code_uri: str = "",
    **environment: str,
) -> VariantPlan:
    program = Program(argv=argv or ARGV, environment=environment, visible=(str(TOOLKIT),))
    limits = Limits(network=network, memory_bytes=memory_bytes)
    plan = ReplicaPlan(program, "s3://bucket/m.tar.gz", "role", limits, startup_seconds, code_uri)
    return VariantPlan("All", plan, replicas=replicas)


async def serve(house: House, variant: VariantPlan) -> None:
    house.create(house.plan("e", 1, variant))
    assert await house.settled() == "InService", house.reason()


async def do(house: House, what: str, *arguments: Any) -> Any:
    body = json.dumps({"do": what, "with": arguments}).encode()
    answer = await house.hosting.invoke(arn_of("e"), InvokeRequest(body, "application/json"))
    assert answer.status == 200, answer.body.decode()
    return json.loads(answer.body) if answer.body.startswith((b"[", b"{", b'"', b"n")) else answer.body.decode()


def lines_of(house: House) -> list[str]:
    """What the replicas have printed, as far as it is stored."""
    return [
        row[0] for row in house.database.read().execute("SELECT message FROM log_events ORDER BY time_ms, sequence")
    ]


async def logged(house: House, text: str) -> None:
    """Waits until a line of the log holds a text."""
    await eventually(lambda: any(text in line for line in lines_of(house)))


def processes_with(text: str) -> list[int]:
    """The processes of this machine whose command line holds a text."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if text in path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"):
                found.append(int(path.parent.name))
    return found


async def test_a_program_answers_with_its_model_at_opt_ml(house: House) -> None:
    await serve(house, isolated())
    assert (await do(house, "hello")).startswith("hello from")
    assert await do(house, "listing", "/opt/ml/model") == ["code", "weights"]
    assert await do(house, "variable", "PREPARED") == "yes"


async def test_it_sees_nothing_of_clarys_data_and_writes_only_where_it_may(house: House) -> None:
    await serve(house, isolated())
    assert await do(house, "listing", str(house.folder)) == "FileNotFoundError"
    assert await do(house, "listing", str(socket_folder(house.folder / "hosting"))) == "FileNotFoundError"
    assert await do(house, "write", "/opt/ml/mine") == "written"
    assert await do(house, "write", "/tmp/mine") == "written"
    for path in (
        "/opt/ml/model/weights",
        "/opt/ml/model/new",
        "/etc/new",
        "/usr/new",
        str(Path.home() / "new"),
    ):
        assert await do(house, "write", path) in ("OSError", "PermissionError", "FileNotFoundError"), path
    assert not (Path.home() / "new").exists()


async def test_each_replica_has_a_folder_of_its_own_that_goes_with_it(house: House) -> None:
    await serve(house, isolated(replicas=2))
    folder = next((house.folder / "hosting").glob("models/*/*/All/replicas"))
    assert len(list(folder.iterdir())) == 2
    house.hosting.remove(arn_of("e"))
    await eventually(lambda: house.records.by_arn(arn_of("e")) is None)
    assert not folder.exists()


async def test_the_users_code_comes_from_an_archive_of_its_own(house: House) -> None:
    house.source.objects["bucket", "code.tar.gz"] = archive(
        **{"entry.py": "def model_fn(d): return 'from entry'\ndef predict_fn(data, model): return model"}
    )
    where = "s3://bucket/code.tar.gz"
    await serve(house, isolated(code_uri=where, SAGEMAKER_PROGRAM="entry.py", SAGEMAKER_SUBMIT_DIRECTORY=where))
    assert await do(house, "hello") == "from entry"


async def test_an_archive_of_code_that_is_not_there_fails_the_endpoint_with_its_address(house: House) -> None:
    house.create(house.plan("e", 1, isolated(code_uri="s3://bucket/gone.tar.gz")))
    assert await house.settled() == "Failed"
    assert house.reason().startswith('Failed to download user code from URL "s3://bucket/gone.tar.gz"')


@pytest.mark.parametrize(("network", "told"), [(True, "reached"), (False, "ConnectionRefusedError")])
async def test_an_isolated_model_reaches_no_network(house: House, *, network: bool, told: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        await serve(house, isolated(network=network))
        assert await do(house, "reach", server.getsockname()[1]) == told


async def test_a_program_that_dies_is_started_again(house: House) -> None:
    await serve(house, isolated())
    first = next((house.folder / "hosting").glob("models/*/*/All/replicas/*"))
    with pytest.raises(InvocationFailed):
        await do(house, "end_everything")
    assert (await do(house, "hello")).startswith("hello from")
    assert not first.exists()


async def test_a_program_that_never_answers_pings_fails_the_endpoint_with_its_last_lines(house: House) -> None:
    program = "import time; print('waiting for nothing', flush=True); time.sleep(600)"
    house.create(house.plan("e", 1, isolated(sys.executable, "-c", program, startup_seconds=1)))
    assert await house.settled() == "Failed"
    assert "/ping did not answer 200 within 1 seconds" in house.reason()
    assert house.reason().endswith("Last log lines: waiting for nothing")


async def test_a_model_that_cannot_be_loaded_fails_the_endpoint_with_file_line_and_reason(house: House) -> None:
    house.source.objects["bucket", "m.tar.gz"] = archive(**{"code/inference.py": "def model_fn(d):\n    return 1 / 0"})
    house.create(house.plan("e", 1, isolated()))
    assert await house.settled() == "Failed"
    assert 'File "/opt/ml/model/code/inference.py", line 2, in model_fn' in house.reason()
    assert house.reason().endswith("ZeroDivisionError: division by zero")


async def test_a_program_that_does_not_exist_fails_the_endpoint(house: House) -> None:
    house.create(house.plan("e", 1, isolated("/no/such/program")))
    assert await house.settled() == "Failed"
    assert "/no/such/program: No such file or directory" in house.reason()


async def test_a_program_that_ignores_sigterm_is_killed(house: House) -> None:
    ignoring = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); marker = {NAP_SECONDS}"
    serving = f"import sys, runpy; sys.argv = {list(ARGV[1:])!r}; sys.path.insert(0, {str(TOOLKIT)!r})"
    never = "import asyncio.unix_events as u; u._UnixSelectorEventLoop.add_signal_handler = lambda *a: None"
    run = "runpy.run_path(sys.argv[0], run_name='__main__')"
    await serve(house, isolated(sys.executable, "-c", "; ".join((ignoring, serving, never, run))))
    assert processes_with(f"marker = {NAP_SECONDS}")
    house.hosting.remove(arn_of("e"))
    await eventually(lambda: house.records.by_arn(arn_of("e")) is None)
    assert not processes_with(f"marker = {NAP_SECONDS}")


async def test_nothing_that_a_program_hid_outlives_it(house: House) -> None:
    await serve(house, isolated())
    assert await do(house, "hide_a_child", NAP_SECONDS) == "hidden"
    await eventually(lambda: bool(processes_with(f"sleep {NAP_SECONDS}")))
    house.hosting.remove(arn_of("e"))
    await eventually(lambda: house.records.by_arn(arn_of("e")) is None)
    assert not processes_with(f"sleep {NAP_SECONDS}")


async def test_output_without_end_stops_neither_the_model_nor_its_end(house: House) -> None:
    endless = """
import threading
def shout():
    while True:
        print("x" * 1000)
threading.Thread(target=shout, daemon=True).start()
"""
    house.source.objects["bucket", "m.tar.gz"] = archive(**{"code/inference.py": HANDLERS, "at_start": endless})
    await serve(house, isolated())
    assert (await do(house, "hello")).startswith("hello from")
    house.hosting.remove(arn_of("e"))
    await eventually(lambda: house.records.by_arn(arn_of("e")) is None)


async def test_a_handler_that_allocates_without_end_gets_an_error_and_the_model_goes_on(house: House) -> None:
    await serve(house, isolated(memory_bytes=512 << 20))
    with pytest.raises(AssertionError, match="MemoryError"):
        await do(house, "take_memory", 2048)
    assert (await do(house, "hello")).startswith("hello from")


async def test_children_that_hold_too_much_together_end_the_replica_and_its_log_says_so(house: House) -> None:
    await serve(house, isolated(memory_bytes=512 << 20))
    assert await do(house, "take_memory_in_children", 200, 4) == "taken"
    await logged(house, "Killed: the replica's processes hold")
    await eventually(lambda: not processes_with("bytearray(os.urandom(1 << 20) * 200)"))
    assert (await do(house, "hello")).startswith("hello from")


async def test_an_endpoint_is_creating_while_its_environment_is_built_and_its_log_tells_of_it(
    house: House, building: Building
) -> None:
    building.is_built.clear()
    house.create(house.plan("e", 1, isolated()))
    await logged(house, "Building the environment (3 packages).")
    assert house.record().status == "Creating"
    building.is_built.set()
    assert await house.settled() == "InService"


async def test_an_environment_that_cannot_be_built_fails_the_endpoint_with_the_reason(
    house: House, building: Building
) -> None:
    building.is_built.clear()
    building.problem = "the environment x could not be built: no such package"
    house.create(house.plan("e", 1, isolated()))
    assert await house.settled() == "Failed"
    assert house.reason().startswith("Production variant All: the environment x could not be built: no such package")


async def test_an_endpoint_that_is_deleted_while_its_environment_is_built_gives_the_build_up(
    house: House, building: Building
) -> None:
    building.is_built.clear()
    house.create(house.plan("e", 1, isolated()))
    await logged(house, "Building the environment")
    house.hosting.remove(arn_of("e"))
    await eventually(lambda: house.records.by_arn(arn_of("e")) is None)
    assert building.was_cancelled.is_set()


async def test_an_update_that_does_not_become_healthy_is_rolled_back(house: House) -> None:
    await serve(house, isolated())
    house.update(house.plan("e", 2, isolated("/bin/false")))
    assert await house.settled() == "InService"
    assert "exit code 1" in house.reason()
    assert (await do(house, "hello")).startswith("hello from")


async def test_endpoints_come_back_after_a_restart_without_what_the_replicas_left(house: House) -> None:
    await serve(house, isolated())
    left = next((house.folder / "hosting").glob("models/*/*/All")) / "replicas" / "left"
    await house.hosting.close()
    left.mkdir(parents=True)
    house.hosting = house.new_hosting()
    await house.hosting.start()
    assert (await do(house, "hello")).startswith("hello from")
    assert not left.exists()


async def test_a_handlers_pieces_are_streamed_on(house: House) -> None:
    streaming = "def model_fn(d): return d\ndef transform_fn(m, body, kind, accept):\n    yield 'one '\n    yield body"
    house.source.objects["bucket", "m.tar.gz"] = archive(**{"code/inference.py": streaming})
    await serve(house, isolated())
    answer = await house.hosting.invoke_stream(arn_of("e"), InvokeRequest(b"two", "text/csv"))
    assert answer.stream is not None
    assert b"".join([piece async for piece in answer.stream]) == b"one two"


async def test_many_requests_at_once_are_all_answered(house: House) -> None:
    await serve(house, isolated(replicas=2, SAGEMAKER_MODEL_SERVER_WORKERS="2"))
    answers = await asyncio.gather(*[do(house, "hello") for _ in range(200)])
    assert len(set(answers)) >= 2
    assert all(answer.startswith("hello from") for answer in answers)
