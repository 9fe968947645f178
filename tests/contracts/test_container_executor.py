"""What containers promise beside what every executor does."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from clary.compute.containers.access import ContainerAccess
from clary.compute.containers.engine import Engine
from clary.compute.containers.leftovers import remove_leftovers
from clary.compute.containers.ownership import take_over
from clary.compute.containers.program import DATA_LABEL
from clary.compute.contract import Limits, NoSuchImage, Program
from clary.compute.executors.container import ContainerExecutor
from clary.compute.forking.server import ForkServer

from ..docker_engine import BASE_IMAGE, PYTHON, DockerEngine
from .test_executors import until

LIMITS = Limits(cpus=1, memory_bytes=2 << 30)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def root(data: Path) -> Path:
    folder = data / "jobs" / "one" / "algo-1"
    for name in ("input/config", "model", "output"):
        (folder / name).mkdir(parents=True)
    return folder


@pytest.fixture
def server() -> Iterator[ForkServer]:
    server = ForkServer()
    server.start()
    yield server
    server.close()


@pytest.fixture
def runner(docker_engine: DockerEngine, server: ForkServer, data: Path) -> ContainerExecutor:
    return ContainerExecutor(server, (data,), ContainerAccess(str(docker_engine.socket)))


def shell(script: str) -> Program:
    return Program(image=BASE_IMAGE, argv=("/bin/sh", "-c", script))


def containers(engine: Engine, data: Path) -> list[str]:
    return [one["Id"] for one in engine.containers([f"{DATA_LABEL}={data}"])]


def test_memory_has_a_limit_for_all_processes_together_and_the_log_says_when_it_is_reached(
    runner: ContainerExecutor, root: Path
) -> None:
    script = (
        "import os,time\n"
        "held = [b'x' * (200 << 20)]\n"
        "if os.fork() == 0: held.append(b'y' * (200 << 20)); time.sleep(600)\n"
        "held.append(b'z' * (200 << 20)); time.sleep(600)"
    )
    program = Program(image=BASE_IMAGE, argv=("/bin/sh", "-c", f'exec {PYTHON} -c "$0"', script))
    running = runner.start(program, root, Limits(cpus=1, memory_bytes=400 << 20), root / "log")
    code = running.wait(60)
    if code is None:  # the kernel chose the child: the rest lives on within the limit
        running.kill()
        assert running.wait(20) == -signal.SIGKILL
    else:
        assert code == -signal.SIGKILL
        assert "more than the 0.391 GiB of memory of the instance" in (root / "log").read_text()


def test_without_network_there_is_a_loopback_and_nothing_else(runner: ContainerExecutor, root: Path) -> None:
    script = "ls /sys/class/net; cat /etc/hosts; hostname"
    running = runner.start(shell(script), root, Limits(memory_bytes=1 << 30, network=False), root / "log")
    assert running.wait(30) == 0
    lines = (root / "log").read_text().splitlines()
    assert lines[0] == "lo"
    assert lines[-1] == "algo-1"
    assert any(line.split() == ["127.0.0.1", "algo-1"] for line in lines)


def test_a_program_that_is_not_there_is_a_failure_with_the_reason(runner: ContainerExecutor, root: Path) -> None:
    running = runner.start(Program(image=BASE_IMAGE, args=("train",)), root, LIMITS, root / "log")
    assert running.wait(30) == 127
    assert "exec train failed" in (root / "log").read_text()
    with pytest.raises(NoSuchImage, match="Please ensure that the image exists"):
        runner.start(Program(image="clary-test/absent:1"), root, LIMITS, root / "log")


def test_a_container_of_a_user_of_its_own_can_write_its_model(
    runner: ContainerExecutor, docker_engine: DockerEngine, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM {BASE_IMAGE}\nUSER 1234\n")
    docker_engine.docker("build", "-q", "-t", "clary-test/user:1", str(tmp_path))
    program = Program(image="clary-test/user:1", argv=("/bin/sh", "-c", "id -u; echo x > /opt/ml/model/m"))
    assert runner.start(program, root, LIMITS, root / "log").wait(30) == 0, (root / "log").read_text()
    assert (root / "log").read_text() == "1234\n"
    assert (root / "model" / "m").stat().st_uid == 1234


def test_what_a_container_wrote_becomes_the_folders_owners_again(docker_engine: DockerEngine, root: Path) -> None:
    os.chown(root, 4321, 4322)
    (root / "model" / "deep").mkdir(mode=0o700)
    (root / "model" / "deep" / "file").write_text("x")
    (root / "model" / "link").symlink_to("/etc/passwd")
    take_over(docker_engine.engine, root)
    for name in ("model", "model/deep", "model/deep/file", "model/link"):
        found = (root / name).lstat()
        assert (found.st_uid, found.st_gid) == (4321, 4322)
    assert Path("/etc/passwd").stat().st_uid == 0


def test_a_container_whose_process_is_killed_outright_is_removed(
    runner: ContainerExecutor, docker_engine: DockerEngine, server: ForkServer, root: Path, data: Path
) -> None:
    running = runner.start(shell("echo here; sleep 600"), root, LIMITS, root / "log")
    until(lambda: "here" in (root / "log").read_text())
    os.kill(running._process.pid, signal.SIGKILL)
    assert running.wait(20) == -signal.SIGKILL
    until(lambda: not containers(docker_engine.engine, data))


def test_leftovers_of_an_earlier_life_are_removed_and_what_runs_is_left_alone(
    runner: ContainerExecutor, docker_engine: DockerEngine, root: Path, data: Path
) -> None:
    engine = docker_engine.engine
    labels = {DATA_LABEL: str(data), "clary.runner": f"{os.getpid()}/1"}
    left = engine.create("clary-left-behind", {"Image": BASE_IMAGE, "Cmd": ["true"], "Labels": labels})
    running = runner.start(shell("echo here; sleep 600"), root, LIMITS, root / "log")
    until(lambda: "here" in (root / "log").read_text())
    assert len(containers(engine, data)) == 2
    remove_leftovers(str(docker_engine.socket), data)
    assert left not in containers(engine, data)
    assert running.wait(0) is None
    running.kill()
    assert running.wait(20) == -signal.SIGKILL
    assert containers(engine, data) == []


def test_hosts_of_one_job_share_a_network_that_goes_with_the_last(
    runner: ContainerExecutor, docker_engine: DockerEngine, root: Path
) -> None:
    roots = [root, root.with_name("algo-2")]
    running = []
    for number, folder in enumerate(roots, 1):
        (folder / "input/config").mkdir(parents=True, exist_ok=True)
        resources = {"hosts": ["algo-1", "algo-2"], "current_host": f"algo-{number}"}
        (folder / "input/config/resourceconfig.json").write_text(json.dumps(resources))
        listen = "(while true; do /bin/busybox nc -l -p 9000 < /dev/null; done) &"
        reach = " && ".join(f"/bin/busybox nc -w 1 algo-{host} 9000 < /dev/null" for host in (1, 2))
        script = f"{listen} until {reach}; do sleep 0.2; done; hostname; sleep 2"
        running.append(runner.start(shell(script), folder, LIMITS, folder / "log"))
    assert [one.wait(60) for one in running] == [0, 0]
    assert [(folder / "log").read_text().splitlines()[-1] for folder in roots] == ["algo-1", "algo-2"]
    assert not [one for one in docker_engine.engine.networks() if one["Name"] == "clary-one"]


def test_hosts_that_want_a_network_at_once_get_one(docker_engine: DockerEngine) -> None:
    engine = Engine(str(docker_engine.socket))
    with ThreadPoolExecutor(8) as hosts:
        asked = [
            hosts.submit(engine.create_network, "clary-at-once", internal=True, labels={DATA_LABEL: "none"})
            for _ in range(16)
        ]
        for one in asked:
            one.result()
    try:
        assert [network["Name"] for network in engine.networks()].count("clary-at-once") == 1
    finally:
        engine.remove_network("clary-at-once")
