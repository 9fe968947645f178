from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clary.compute import processes
from clary.compute.forking.program import EXIT_UNKNOWN
from clary.compute.forking.server import ForkServer

Until = Callable[[Callable[[], bool]], None]
on_linux = pytest.mark.skipif(not processes.ON_LINUX, reason="needs /proc and process descriptors")


@pytest.fixture(params=["forked", "plain"])
def server(request: pytest.FixtureRequest) -> Iterator[ForkServer]:
    server = ForkServer(fork=request.param == "forked")
    server.start()
    yield server
    server.close()


@pytest.fixture
def forking() -> Iterator[ForkServer]:
    server = ForkServer(["json"], fork=True)
    server.start()
    yield server
    server.close()


def facts(server: ForkServer, where: Path, **options: Any) -> dict[str, Any]:
    log = where / f"facts-{time.monotonic_ns()}.json"
    assert server.spawn("job_programs:report", [where], output=log, **options).wait(20) == 0, log.read_text()
    return json.loads(log.read_text())


def test_an_entry_runs_with_its_arguments_and_its_output_goes_to_the_file(server: ForkServer, tmp_path: Path) -> None:
    program = server.spawn("job_programs:hello", [tmp_path, "a", "b c"], output=tmp_path / "log")
    assert program.wait(20) == 0
    assert (tmp_path / "log").read_text() == f"hello {tmp_path} a b c\nto stderr\n"


def test_an_argv_program_runs(server: ForkServer, tmp_path: Path) -> None:
    program = server.spawn(argv=["/bin/sh", "-c", "echo $X; exit 3"], environment={"X": "y"}, output=tmp_path / "log")
    assert program.wait(20) == 3
    assert (tmp_path / "log").read_text() == "y\n"


@pytest.mark.parametrize("contain", [False, True])
def test_a_program_answers_on_the_socket_it_was_given_until_it_ends(
    server: ForkServer, tmp_path: Path, *, contain: bool
) -> None:
    answer = "import socket; socket.socket(fileno=3).accept()[0].sendall(b'hello')"
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as client:
        listening.bind(str(tmp_path / "s"))
        listening.listen()
        program = server.spawn(
            argv=[sys.executable, "-c", answer], output=tmp_path / "log", contain=contain, listening=listening.fileno()
        )
        client.connect(str(tmp_path / "s"))
        client.settimeout(20)
        assert client.recv(10) == b"hello"
    assert program.wait(20) == 0, (tmp_path / "log").read_text()
    with socket.socket(socket.AF_UNIX) as late, pytest.raises(ConnectionRefusedError):
        late.connect(str(tmp_path / "s"))


def test_a_program_that_does_not_exist_ends_with_127_and_says_so(server: ForkServer, tmp_path: Path) -> None:
    program = server.spawn(argv=["/no/such/program"], output=tmp_path / "log")
    assert program.wait(20) == 127
    assert "No such file" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("contain", [False, True])
def test_exit_codes_arrive(server: ForkServer, tmp_path: Path, contain: bool) -> None:
    assert server.spawn("job_programs:leave_with", [tmp_path, "42"], contain=contain).wait(20) == 42
    log = tmp_path / "log"
    assert server.spawn("job_programs:fail", [tmp_path], output=log, contain=contain).wait(20) == 1
    assert "RuntimeError: the data is bad" in log.read_text()


@pytest.mark.parametrize("contain", [False, True])
def test_an_end_by_a_signal_is_told_as_a_negative_number(
    server: ForkServer, tmp_path: Path, until: Until, contain: bool
) -> None:
    program = server.spawn("job_programs:sleep", [tmp_path], output=tmp_path / "log", contain=contain)
    until((tmp_path / "pid").exists)
    assert program.wait(0.0) is None
    program.terminate()
    assert program.wait(20) == -signal.SIGTERM


def test_the_environment_is_exactly_the_one_given(server: ForkServer, tmp_path: Path) -> None:
    environment = {"ONLY": "this", "PYTHONPATH": os.environ["PYTHONPATH"]}
    told = facts(server, tmp_path, environment=environment)["environment"]
    assert {name: told[name] for name in told if name not in ("LC_CTYPE",)} == environment


def test_a_program_has_its_folder_session_and_no_core_dumps(server: ForkServer, tmp_path: Path) -> None:
    told = facts(server, tmp_path, folder=tmp_path)
    assert told["cwd"] == str(tmp_path)
    assert told["session"] == told["pid"] != os.getsid(0)
    assert told["core"] == [0, 0]
    assert told["argument"] == "PosixPath"


def test_two_programs_do_not_share_random_numbers(forking: ForkServer, tmp_path: Path) -> None:
    assert facts(forking, tmp_path)["random"] != facts(forking, tmp_path)["random"]


def test_preloaded_modules_are_there(tmp_path: Path) -> None:
    server = ForkServer(["colorsys", "no.such.module"], fork=True, log=tmp_path / "server.log")
    try:
        assert "colorsys" in facts(server, tmp_path)["modules"]
        assert "cannot preload no.such.module" in (tmp_path / "server.log").read_text()
    finally:
        server.close()


def test_start_does_not_wait_for_the_preload(tmp_path: Path) -> None:
    slow = tmp_path / "slow_module.py"
    slow.write_text("import time; time.sleep(1.5)")
    os.environ["PYTHONPATH"] += f":{tmp_path}"  # the fixture restores it
    server = ForkServer(["slow_module"], fork=True)
    try:
        before = time.monotonic()
        server.start()
        assert time.monotonic() - before < 0.75
        assert server.spawn("job_programs:leave_with", [tmp_path, "0"]).wait(20) == 0
    finally:
        server.close()


def test_threads_that_wait_for_work_do_not_keep_a_finished_program_alive(server: ForkServer, tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert server.spawn("job_programs:leave_threads", [tmp_path], output=log).wait(20) == 0
    assert log.read_text() == "work done\nslow thread done\n"


@on_linux
def test_a_memory_limit_holds(server: ForkServer, tmp_path: Path) -> None:
    log = tmp_path / "log"
    arguments = [tmp_path, "600"]
    assert server.spawn("job_programs:take_memory", arguments, output=log, memory_bytes=500 << 20).wait(20) == 1
    assert "MemoryError" in log.read_text()
    assert server.spawn("job_programs:take_memory", arguments, memory_bytes=1000 << 20).wait(20) == 0


@on_linux
def test_nothing_of_a_contained_tree_outlives_its_program(forking: ForkServer, tmp_path: Path, until: Until) -> None:
    assert forking.spawn("job_programs:leave_orphan", [tmp_path], contain=True).wait(20) == 0
    assert processes.start_ticks(int((tmp_path / "orphan").read_text())) is None


@on_linux
@pytest.mark.parametrize("contain", [False, True])
def test_kill_ends_the_whole_tree(forking: ForkServer, tmp_path: Path, until: Until, contain: bool) -> None:
    log = tmp_path / "log"
    program = forking.spawn("job_programs:stubborn", [tmp_path], output=log, contain=contain)
    until(lambda: log.exists() and "ready" in log.read_text())
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    program.terminate()
    assert program.wait(0.2) is None
    program.kill()
    assert program.wait(20) == -signal.SIGKILL
    until(lambda: all(processes.start_ticks(pid) is None for pid in pids))


@on_linux
def test_a_killed_server_is_replaced_and_lasting_programs_go_on(
    forking: ForkServer, tmp_path: Path, until: Until
) -> None:
    lasting, dying = tmp_path / "lasting", tmp_path / "dying"
    lasting.mkdir()
    dying.mkdir()
    survivor = forking.spawn("job_programs:sleep", [lasting])
    victim = forking.spawn("job_programs:sleep", [dying], die_with_parent=True)
    contained = forking.spawn("job_programs:stubborn", [dying], die_with_parent=True, contain=True)
    until(lambda: (lasting / "pid").exists() and (dying / "pid").exists() and (dying / "pids").exists())
    first = forking.pid
    os.kill(first, signal.SIGKILL)
    assert victim.wait(20) == EXIT_UNKNOWN
    assert contained.wait(20) == EXIT_UNKNOWN
    until(lambda: all(processes.start_ticks(int(p)) is None for p in (dying / "pids").read_text().split()))
    assert forking.spawn("job_programs:leave_with", [tmp_path, "5"]).wait(20) == 5
    assert forking.pid != first
    assert survivor.wait(0) is None
    survivor.kill()
    assert survivor.wait(20) == EXIT_UNKNOWN


@on_linux
def test_the_end_of_the_asking_process_ends_the_server_and_what_dies_with_it(tmp_path: Path, until: Until) -> None:
    script = f"""
import sys, time
from pathlib import Path
from clary.compute.forking.server import ForkServer
server = ForkServer(fork=True)
for name, dies in (("lasting", False), ("dying", True)):
    folder = Path({str(tmp_path)!r}) / name
    folder.mkdir()
    server.spawn("job_programs:sleep", [folder], die_with_parent=dies)
Path({str(tmp_path)!r}, "server").write_text(str(server.pid))
time.sleep(600)
"""
    asking = subprocess.Popen([sys.executable, "-c", script])
    files = [tmp_path / "lasting/pid", tmp_path / "dying/pid", tmp_path / "server"]
    until(lambda: all(file.exists() and file.read_text() for file in files))
    lasting, dying, server = (int(file.read_text()) for file in files)
    asking.kill()
    asking.wait()
    until(lambda: processes.start_ticks(server) is None and processes.start_ticks(dying) is None)
    assert processes.start_ticks(lasting) is not None
    os.kill(lasting, signal.SIGKILL)


@on_linux
def test_a_server_that_keeps_dying_is_given_up_for_plain_interpreters(
    forking: ForkServer, tmp_path: Path, until: Until
) -> None:
    for _ in range(3):
        until(lambda: forking.pid != 0)
        forking.spawn("job_programs:leave_with", [tmp_path, "0"]).wait(20)
        pid = forking.pid
        os.kill(pid, signal.SIGKILL)
        until(lambda pid=pid: forking.pid != pid)
    assert forking.spawn("job_programs:leave_with", [tmp_path, "9"]).wait(20) == 9
    assert forking.pid == 0


@on_linux
def test_a_server_that_is_buried_late_takes_nothing_of_its_successor_along(forking: ForkServer, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    assert forking.spawn("job_programs:leave_with", [tmp_path, "0"]).wait(20) == 0
    dead, forking._line = forking._line, None  # whoever asks it first finds that it is dead, and starts another
    assert dead is not None
    program = forking.spawn("job_programs:wait_for_file", [tmp_path, "go"])
    forking._bury(dead)
    (tmp_path / "go").touch()
    assert program.wait(20) == 0  # told by its server; only a server that is dead cannot tell the code
    assert forking.spawn("job_programs:leave_with", [tmp_path, "9"]).wait(20) == 9
    dead.control.shutdown(socket.SHUT_RDWR)


@on_linux
def test_the_learning_libraries_are_preloaded_without_a_thread_and_use_threads_after_the_fork(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("xgboost")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)  # the tests of algorithms set it for their process
    modules = ["threadpoolctl", "numpy", "scipy.sparse", "sklearn.metrics", "pyarrow.parquet", "xgboost"]
    server = ForkServer(modules, fork=True)
    try:
        programs = [
            server.spawn("job_programs:train_xgboost", [tmp_path], output=tmp_path / str(number), cpus=2)
            for number in range(2)
        ]
        assert len(list(Path(f"/proc/{server.pid}/task").iterdir())) == 1
        assert [program.wait(60) for program in programs] == [0, 0]
        told = json.loads((tmp_path / "0").read_text())
        assert told["rounds"] == 10
        assert told["threads"] > 1
    finally:
        server.close()
