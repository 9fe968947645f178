"""A Clary with nothing but hosting, for the tests that kill it: makes an endpoint and tells its replicas' pids."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from clary.compute.forkserver import ForkServer
from tests.unit.compute.houses import House, variant


async def main(folder: Path) -> None:
    """Makes the endpoint if there is none, and serves it until it is killed."""
    server = ForkServer(["clary.algorithms.serve"])
    house = House(folder, server)
    await house.hosting.start()
    if house.records.by_arn(house.plan().arn) is None:
        house.create(house.plan("e", 1, variant("All", replicas=2, word="kept")))
    await house.settled()
    pids = sorted({(await house.ask())["pid"] for _ in range(6)})
    print(json.dumps({"server": server.pid, "replicas": pids}), flush=True)
    await asyncio.sleep(600)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
