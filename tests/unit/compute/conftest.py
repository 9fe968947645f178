from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from clary.compute.forking.server import ForkServer
from tests.unit.compute.houses import House
from tests.unit.compute.job_world import World

PROGRAMS = Path(__file__).parents[2] / "programs"


@pytest.fixture(autouse=True)
def _programs_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PYTHONPATH", str(PROGRAMS))
    yield


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Waits until something holds; fails after a minute."""

    def wait(condition: Callable[[], bool], seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.005)

    return wait


@pytest.fixture(scope="module")
def hosting_server() -> Iterator[ForkServer]:
    """Starts replicas."""
    with pytest.MonkeyPatch.context() as changes:
        changes.setenv("PYTHONPATH", str(PROGRAMS))
        server = ForkServer(["clary.algorithms.serve"])
        server.start()
        yield server
        server.close()


@pytest.fixture(scope="module")
def job_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    """Starts the supervisors of a module's worlds, which takes less time than a server for each."""
    with pytest.MonkeyPatch.context() as changes:
        changes.setenv("PYTHONPATH", str(PROGRAMS))
        server = ForkServer(["job_stores"], log=tmp_path_factory.mktemp("server") / "log")
        server.start()
        yield server
        server.close()


@pytest.fixture
def shared_world(tmp_path: Path, job_server: ForkServer) -> Iterator[World]:
    """A small Clary of the test's own on the module's fork server."""
    (tmp_path / "log").touch()
    world = World(tmp_path, "stop_seconds=5", server=job_server, shared=True)
    yield world
    world.close()


@pytest_asyncio.fixture
async def house(tmp_path: Path, hosting_server: ForkServer) -> AsyncIterator[House]:
    """Hosting that runs."""
    house = House(tmp_path, hosting_server)
    await house.hosting.start()
    yield house
    await house.hosting.close()
    house.database.close()
