"""What every executor promises, whatever it runs programs with (see `compute.contract.Executor`)."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clary.compute import processes
from clary.compute.containers.access import ContainerAccess
from clary.compute.contract import Executor, Limits, Program, RunningProgram
from clary.compute.executors import EXECUTORS, executor, isolation, tree
from clary.compute.forking import confinement
from clary.compute.forking.server import ForkServer

from ..docker_engine import BASE_IMAGE, DockerEngine

PROGRAMS = Path(__file__).parents[1] / "programs"
LIMITS = Limits(cpus=1, memory_bytes=2 << 30)
confined = pytest.mark.skipif("NOT" in confinement.probe(), reason=confinement.probe())
isolated = pytest.mark.skipif(not isolation.probe().bubblewrap, reason=isolation.probe().description)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ForkServer]:
    monkeypatch.setenv("PYTHONPATH", str(PROGRAMS))
    server = ForkServer()
    server.start()
    yield server
    server.close()


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """A folder that stands for Clary's data."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "secret").write_text("the first key")
    return folder


@pytest.fixture(params=sorted(EXECUTORS))
def runner(request: pytest.FixtureRequest, server: ForkServer, secrets: Path) -> Executor:
    if request.param != "container":
        return executor(request.param, server, (secrets,))
    docker: DockerEngine = request.getfixturevalue("docker_engine")
    return _InImages(executor("container", server, (secrets,), ContainerAccess(str(docker.socket))))


class _InImages:
    """Runs the programs that users bring from an image with the same shell and Python."""

    def __init__(self, containers: Executor) -> None:
        self._containers = containers

    @property
    def isolation(self) -> str:
        return self._containers.isolation

    def start(self, program: Program, folder: Path, limits: Limits, log: Path) -> RunningProgram:
        if program.entry:
            pytest.skip("containers run images, not programs of Clary's own")
        environment = {"PYTHONUNBUFFERED": "1", **program.environment}
        return self._containers.start(replace(program, image=BASE_IMAGE, environment=environment), folder, limits, log)


@pytest.fixture
def by_process(runner: Executor) -> Executor:
    """For what only processes of this machine can do; test_containers.py has what containers do instead."""
    if isinstance(runner, _InImages):
        pytest.skip("of processes")
    return runner


@pytest.fixture
def root(secrets: Path) -> Path:
    """A job's `/opt/ml`, inside Clary's data as it really is."""
    folder = secrets / "jobs" / "one" / "algo-1"
    (folder / "input" / "config").mkdir(parents=True)
    return folder


def entry(name: str, *args: str) -> Program:
    return Program(entry=f"job_programs:{name}", args=args)


def shell(script: str) -> Program:
    return Program(argv=("/bin/sh", "-c", script))


def python(script: str) -> Program:
    # The interpreter itself, not the virtual environment's: that may lie in /tmp, which a program does not see.
    return Program(argv=(str(Path(sys.executable).resolve()), "-c", script))


def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.005)


def test_it_says_how_programs_are_isolated(runner: Executor) -> None:
    assert runner.isolation.endswith(".")


@pytest.mark.parametrize("program", [entry("leave_with", "3"), shell("exit 3")], ids=["entry", "argv"])
def test_the_exit_code_is_told_to_everybody_who_waits(runner: Executor, root: Path, program: Program) -> None:
    running = runner.start(program, root, LIMITS, root / "log")
    codes: list[int | None] = []
    waiting = [threading.Thread(target=lambda: codes.append(running.wait(20))) for _ in range(3)]
    for thread in waiting:
        thread.start()
    for thread in waiting:
        thread.join()
    assert codes == [3, 3, 3]
    assert running.wait(0) == 3
    running.terminate()  # nothing is left that could be hit
    running.kill()


@pytest.mark.parametrize("program", [entry("sleep"), shell("echo sleeping; exec sleep 600")], ids=["entry", "argv"])
def test_an_end_by_a_signal_is_told_as_a_negative_number(runner: Executor, root: Path, program: Program) -> None:
    running = runner.start(program, root, LIMITS, root / "log")
    until(lambda: (root / "log").exists() and "sleeping" in (root / "log").read_text())
    assert running.wait(0) is None
    running.terminate()
    assert running.wait(20) == -signal.SIGTERM


@pytest.mark.parametrize(
    "program",
    [
        entry("many_lines", "20000"),
        shell("i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done; printf 'an end without a newline'"),
    ],
    ids=["entry", "argv"],
)
def test_the_log_is_complete_when_the_exit_code_is_told(runner: Executor, root: Path, program: Program) -> None:
    running = runner.start(program, root, LIMITS, root / "log")
    assert running.wait(60) == 0
    lines = (root / "log").read_text().splitlines()
    assert lines == [*(f"line {number}" for number in range(20_000)), "an end without a newline"]


def test_the_log_may_be_a_pipe_that_ends_with_the_program(runner: Executor, root: Path) -> None:
    pipe = root / "pipe"
    os.mkfifo(pipe)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    running = runner.start(entry("many_lines", "10"), root, LIMITS, pipe)
    assert running.wait(20) == 0
    assert os.read(reading, 1 << 16).endswith(b"line 9\nan end without a newline")
    assert os.read(reading, 1) == b""
    os.close(reading)


@pytest.mark.parametrize(
    "program",
    [
        entry("polite"),
        python(
            "import signal,sys,time\n"
            "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
            "print('ready')\n"
            "while True: time.sleep(600)"
        ),
    ],
    ids=["entry", "argv"],
)
def test_a_program_may_leave_in_its_own_way_when_it_is_terminated(
    runner: Executor, root: Path, program: Program
) -> None:
    running = runner.start(program, root, LIMITS, root / "log")
    until(lambda: (root / "log").exists() and "ready" in (root / "log").read_text())
    running.terminate()
    assert running.wait(20) == 7


@pytest.mark.parametrize(
    "program",
    [
        entry("stubborn"),
        shell("trap '' TERM; setsid sh -c \"trap '' TERM; sleep 600\" & echo ready; sleep 600; sleep 600"),
    ],
    ids=["entry", "argv"],
)
def test_kill_ends_the_whole_tree(runner: Executor, root: Path, program: Program) -> None:
    running = runner.start(program, root, LIMITS, root / "log")
    until(lambda: (root / "log").exists() and "ready" in (root / "log").read_text())
    tree = [running.pid, *processes.descendants(running.pid)]
    assert len(tree) > 2
    running.terminate()
    assert running.wait(0.3) is None
    running.kill()
    assert running.wait(20) == -signal.SIGKILL
    assert all(processes.start_ticks(pid) is None for pid in tree)


def test_nothing_outlives_a_program_that_ends_by_itself(runner: Executor, root: Path) -> None:
    assert runner.start(entry("leave_orphan"), root, LIMITS, root / "log").wait(20) == 0
    assert processes.start_ticks(int((root / "orphan").read_text())) is None
    running = runner.start(shell("setsid sleep 600 & exit 0"), root, LIMITS, root / "log")
    tree = processes.descendants(running.pid)
    assert running.wait(20) == 0
    assert all(processes.start_ticks(pid) is None for pid in tree)


def test_two_programs_run_at_once_and_know_nothing_of_each_other(runner: Executor, secrets: Path) -> None:
    roots = [secrets / "jobs" / name for name in ("one", "two")]
    for root in roots:
        root.mkdir(parents=True)
    running = [runner.start(entry("sleep"), root, LIMITS, root / "log") for root in roots]
    until(lambda: all((root / "pid").exists() for root in roots))
    running[0].kill()
    assert running[0].wait(20) == -signal.SIGKILL
    assert running[1].wait(0.1) is None
    running[1].kill()
    assert running[1].wait(20) == -signal.SIGKILL


def test_programs_survive_the_start_of_another_executor_and_end_with_their_own(
    server: ForkServer, runner: Executor, root: Path, tmp_path: Path
) -> None:
    running = runner.start(entry("stubborn"), root, LIMITS, root / "log")
    until(lambda: (root / "pids").exists() and bool((root / "pids").read_text()))
    tree = [running.pid, *processes.descendants(running.pid)]
    other = ForkServer()
    other.start()
    other.close()
    assert running.wait(0.1) is None
    server.close()
    until(lambda: all(processes.start_ticks(pid) is None for pid in tree))


@pytest.mark.skipif(not processes.ON_LINUX, reason="needs Linux")
@pytest.mark.parametrize(
    "program", [entry("take_memory", "600"), python("bytearray(600 << 20)")], ids=["entry", "argv"]
)
def test_one_process_cannot_have_more_memory_than_the_limit(by_process: Executor, root: Path, program: Program) -> None:
    small = Limits(cpus=1, memory_bytes=400 << 20)
    assert by_process.start(program, root, small, root / "log").wait(20) == 1
    assert "MemoryError" in (root / "log").read_text()
    assert by_process.start(program, root, LIMITS, root / "log").wait(20) == 0


@pytest.mark.skipif(not processes.ON_LINUX, reason="needs Linux")
def test_several_processes_together_cannot_have_more_memory_than_the_limit(by_process: Executor, root: Path) -> None:
    limits = Limits(cpus=1, memory_bytes=400 << 20)
    held = python(
        "import os,time\n"
        "for _ in range(3):\n"
        "    if os.fork() == 0: held = b'x' * (200 << 20); time.sleep(600)\n"
        "time.sleep(600)"
    )
    running = by_process.start(held, root, limits, root / "log")
    assert running.wait(20) == -signal.SIGKILL
    assert "more than the 0.391 GiB of the instance" in (root / "log").read_text()


@pytest.mark.skipif(not processes.ON_LINUX, reason="needs Linux")
def test_a_program_that_starts_processes_without_end_is_ended_with_all_of_them(
    by_process: Executor, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "MOST_PROCESSES", 60)
    bomb = python("import os, time\nfor _ in range(200):\n    if os.fork() == 0: time.sleep(600)\ntime.sleep(600)")
    running = by_process.start(bomb, root, LIMITS, root / "log")
    assert running.wait(60) == -signal.SIGKILL
    assert "processes, more than the 60 it may have" in (root / "log").read_text()
    assert processes.descendants(running.pid) == []


def test_a_program_has_the_environment_that_was_asked_for_and_no_secrets_of_clary(
    runner: Executor, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of the gateway")
    program = Program(entry="job_programs:report", environment={"TRAINING_JOB_NAME": "a job"})
    assert runner.start(program, root, LIMITS, root / "log").wait(20) == 0
    told = json.loads((root / "log").read_text())
    assert told["environment"]["TRAINING_JOB_NAME"] == "a job"
    assert told["environment"]["OMP_NUM_THREADS"] == "1"
    assert told["environment"]["OMP_WAIT_POLICY"] == "PASSIVE"
    assert "AWS_SECRET_ACCESS_KEY" not in told["environment"]
    assert told["core"] == [0, 0]
    assert told["no_new_privileges"]


@isolated
def test_an_isolated_program_finds_its_folder_at_opt_ml(runner: Executor, root: Path) -> None:
    (root / "input/config/hyperparameters.json").write_text("{}")
    running = runner.start(
        shell("cat /opt/ml/input/config/hyperparameters.json && echo learned > /opt/ml/model"),
        root,
        LIMITS,
        root / "log",
    )
    assert running.wait(20) == 0, (root / "log").read_text()
    assert (root / "model").read_text() == "learned\n"
    assert (root / "log").read_text() == "{}"


@isolated
def test_an_isolated_program_sees_nothing_of_clary_and_cannot_change_the_system(
    by_process: Executor, root: Path, secrets: Path, tmp_path: Path
) -> None:
    marker = tmp_path / "marker"
    (tmp_path / "of-somebody-else").touch()
    script = f"""
        test ! -e {secrets}/secret || echo secret is there
        touch {marker} 2>/dev/null
        touch /usr/clary-was-here 2>/dev/null && echo the system can be changed
        test ! -e {tmp_path}/of-somebody-else || echo /tmp is shared
        kill -0 {os.getpid()} 2>/dev/null && test -d /proc/{os.getpid()} && echo processes are shared
        exit 0
    """
    assert by_process.start(shell(script), root, LIMITS, root / "log").wait(20) == 0
    assert (root / "log").read_text() == ""
    assert not marker.exists()


@confined
def test_a_built_in_program_can_write_to_its_folder_and_nowhere_else(
    runner: Executor, root: Path, secrets: Path, tmp_path: Path
) -> None:
    (tmp_path / "of-somebody-else").touch()
    attempts = [str(root / "model"), str(secrets / "left"), str(tmp_path / "left"), "/usr/left", "/etc/left"]
    looks = [str(secrets / "secret"), str(tmp_path / "of-somebody-else"), f"/proc/{os.getpid()}/root/etc"]
    running = runner.start(entry("try_files", json.dumps(attempts), json.dumps(looks)), root, LIMITS, root / "log")
    assert running.wait(20) == 0, (root / "log").read_text()
    told = json.loads((root / "log").read_text())
    assert told["seen"] == []
    assert (root / "model").read_text() == "written"
    assert not any(Path(path).exists() for path in attempts[1:])


@confined
def test_a_built_in_program_reads_what_is_shown_to_it_and_cannot_change_it(
    runner: Executor, root: Path, secrets: Path
) -> None:
    shown, other = secrets / "models/a", secrets / "models/b"
    for model in (shown, other):
        model.mkdir(parents=True)
        (model / "weights").touch()
    attempts = [str(shown / "weights"), str(shown / "left"), str(other / "weights")]
    looks = [str(shown / "weights"), str(other / "weights"), str(secrets / "secret")]
    program = replace(entry("try_files", json.dumps(attempts), json.dumps(looks)), visible=(str(shown),))
    assert runner.start(program, root, LIMITS, root / "log").wait(20) == 0, (root / "log").read_text()
    assert json.loads((root / "log").read_text())["seen"] == [str(shown / "weights")]
    assert [path for path in (secrets / "models").rglob("*") if path.is_file() and path.read_text()] == []
    assert not (shown / "left").exists()


@confined
def test_a_built_in_program_cannot_uncover_what_is_hidden_from_it(runner: Executor, root: Path, secrets: Path) -> None:
    running = runner.start(entry("try_to_uncover", str(secrets)), root, LIMITS, root / "log")
    assert running.wait(20) == 0, (root / "log").read_text()
    assert json.loads((root / "log").read_text()) == {"uncovered": False, "capabilities": 0}


@isolated
def test_hosts_of_a_job_resolve_and_the_program_knows_its_own_name(by_process: Executor, root: Path) -> None:
    resources = {"hosts": ["algo-1", "algo-2"], "current_host": "algo-1"}
    (root / "input/config/resourceconfig.json").write_text(json.dumps(resources))
    running = by_process.start(shell("hostname; getent hosts algo-2"), root, LIMITS, root / "log")
    assert running.wait(20) == 0
    assert (root / "log").read_text().split() == ["algo-1", "127.0.0.1", "algo-2"]


@isolated
@pytest.mark.parametrize("kind", ["entry", "argv", "offline entry"])
def test_without_network_a_program_reaches_not_even_this_machine(by_process: Executor, root: Path, kind: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        script = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5)"
        program = python(script) if kind == "argv" else entry("connect", str(port))
        assert by_process.start(program, root, LIMITS, root / "log").wait(20) == 0
        closed = Limits(cpus=1, memory_bytes=2 << 30, network=kind == "offline entry")
        program = replace(program, offline=kind == "offline entry")
        assert by_process.start(program, root, closed, root / "log").wait(20) == 1
    assert "ConnectionRefusedError" in (root / "log").read_text() or "unreachable" in (root / "log").read_text()


def test_where_isolation_is_impossible_it_says_so_and_names_the_reason(
    by_process: Executor, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation, "probe", lambda: isolation._without("bubblewrap is not installed"))
    assert "NOT isolated: bubblewrap is not installed" in by_process.isolation
    running = by_process.start(shell("echo /opt/ml $SAGEMAKER_BASE_DIR"), root, LIMITS, root / "log")
    assert running.wait(20) == 0
    assert (root / "log").read_text() == f"{root} {root}\n"
    with pytest.raises(OSError, match="cannot give"):
        by_process.start(shell("true"), root, Limits(network=False), root / "log")


@pytest.mark.parametrize("failures", [1, 99])
def test_a_machine_that_is_short_of_something_is_not_taken_for_one_that_cannot_isolate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: int
) -> None:
    script = f"""#!/bin/sh
echo x >> {tmp_path}/tries
[ $(wc -l < {tmp_path}/tries) -gt {failures} ] && exit 0
echo 'bwrap: Creating new namespace failed: Resource temporarily unavailable' >&2
exit 1
"""
    (tmp_path / "bwrap").write_text(script)
    (tmp_path / "bwrap").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    if failures == 1:
        assert isolation.probe.__wrapped__().bubblewrap == str(tmp_path / "bwrap")
    else:
        with pytest.raises(OSError, match="temporarily unavailable"):
            isolation.probe.__wrapped__()


def test_the_probe_really_runs_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "bwrap"
    broken.write_text("#!/bin/sh\necho 'bwrap: no permission to make namespaces' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    found = isolation.probe.__wrapped__()
    assert found.bubblewrap == ""
    assert "no permission to make namespaces" in found.description
    assert subprocess.run([broken], capture_output=True).returncode == 1
