from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from clary.compute.forking.server import ForkServer
from tests.unit.compute.houses import House

PROGRAMS = Path(__file__).parents[2] / "programs"


@pytest.fixture(autouse=True)
def _programs_can_be_imported(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PYTHONPATH", str(PROGRAMS))
    yield


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Waits until something holds; fails after ten seconds."""

    def wait(condition: Callable[[], bool], seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.005)

    return wait


@pytest.fixture(scope="module")
def hosting_server() -> Iterator[ForkServer]:
    """Starts replicas."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(PROGRAMS)
    server = ForkServer(["clary.algorithms.serve"])
    server.start()
    yield server
    server.close()
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before


@pytest_asyncio.fixture
async def house(tmp_path: Path, hosting_server: ForkServer) -> AsyncIterator[House]:
    """Hosting that runs."""
    house = House(tmp_path, hosting_server)
    await house.hosting.start()
    yield house
    await house.hosting.close()
    house.database.close()
