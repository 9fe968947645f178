from __future__ import annotations

from pathlib import Path

import pytest

from clary.app.platform import PRELOADED
from clary.compute import processes
from clary.compute.forking.server import ForkServer


@pytest.mark.skipif(not processes.ON_LINUX, reason="counts threads in /proc")
def test_all_that_the_fork_server_loads_is_there_and_starts_no_thread(tmp_path: Path) -> None:
    log = tmp_path / "log"
    server = ForkServer(PRELOADED, log=log)
    server.start()
    try:
        assert server.spawn(argv=["/bin/true"]).wait(60) == 0
        assert len(list(Path(f"/proc/{server.pid}/task").iterdir())) == 1
        assert "cannot preload" not in log.read_text()
    finally:
        server.close()
