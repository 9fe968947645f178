from __future__ import annotations

from pathlib import Path

import pytest

from clary.app.platform import PRELOADED, WITH_OPENMP
from clary.compute import processes
from clary.compute.forking.child import EAGER_THREADS, PATIENT_THREADS
from clary.compute.forking.server import ForkServer


@pytest.mark.skipif(not processes.ON_LINUX, reason="counts threads in /proc")
def test_all_that_the_fork_servers_load_is_there_and_starts_no_thread(tmp_path: Path) -> None:
    log = tmp_path / "log"
    trunk = ForkServer(PRELOADED, log=log)
    servers = [trunk, *(trunk.branch(WITH_OPENMP, threads) for threads in (PATIENT_THREADS, EAGER_THREADS))]
    try:
        for server in servers:
            server.start()
        for server in servers:
            assert server.spawn(argv=["/bin/true"]).wait(60) == 0
            assert len(list(Path(f"/proc/{server.pid}/task").iterdir())) == 1
        assert "cannot preload" not in log.read_text()
        loaded = ["libgomp" in Path(f"/proc/{server.pid}/maps").read_text() for server in servers]
        assert loaded == [False, True, True]  # or the branches would have been given the trunk's way of waiting
    finally:
        for server in servers:
            server.close()
