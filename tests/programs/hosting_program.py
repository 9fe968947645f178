"""A Clary with nothing but hosting, for the tests that kill it.

hosting_program.py FOLDER            makes an endpoint and tells its replicas' pids
hosting_program.py FOLDER updates    updates it again and again, and tells each generation that is acknowledged
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from clary.compute.forking.server import ForkServer
from tests.unit.compute.houses import House, variant


async def main(folder: Path, updates: bool) -> None:
    """Makes the endpoint if there is none, and serves it until it is killed."""
    server = ForkServer(["clary.algorithms.serve"])
    house = House(folder, server)
    await house.hosting.start()
    if house.records.by_arn(house.plan().arn) is None:
        house.create(house.plan("e", 1, variant("All", replicas=2, word="kept")))
    await house.settled()
    pids = sorted({(await house.ask())["pid"] for _ in range(6)})
    print(json.dumps({"server": server.pid, "replicas": pids}), flush=True)
    generation = house.record().body["plan"]["generation"]
    while updates:
        generation += 1
        house.update(house.plan("e", generation, variant("All", word=f"{generation}")))
        print(json.dumps({"acknowledged": generation}), flush=True)
        await house.settled()
    await asyncio.sleep(600)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), updates=sys.argv[2:] == ["updates"]))
