from __future__ import annotations

import asyncio
from dataclasses import asdict, replace

import pytest

from clary.compute.hosting.endpoint import PREVIOUS
from clary.compute.hosting.endpoints import (
    EndpointGone,
    socket_folder,
)
from tests.unit.compute.houses import House, archive, arn_of, eventually, is_running, variant


async def test_an_update_loses_no_request(house: House) -> None:
    house.create(house.plan(word="old"))
    await house.settled()
    seen: list[str] = []
    done = False

    async def ask_all_the_time() -> None:
        while not done:
            seen.append((await house.ask())["word"])

    asking = [asyncio.create_task(ask_all_the_time()) for _ in range(8)]
    await eventually(lambda: len(seen) > 50)
    house.update(house.plan("e", 2, word="new"))
    assert await house.settled() == "InService"
    switched = len(seen)
    await eventually(lambda: len(seen) > switched + 50)
    done = True
    await asyncio.gather(*asking)
    assert set(seen[:20]) == {"old"}
    assert set(seen[-20:]) == {"new"}
    assert seen.index("new") > seen[:50].count("old") - 1
    assert PREVIOUS not in house.record().body


async def test_a_request_under_way_is_answered_by_the_replica_that_an_update_retires(house: House) -> None:
    house.create(house.plan(word="old"))
    await house.settled()
    old = (await house.ask())["pid"]
    slow = asyncio.create_task(house.ask("sleep 1"))
    await asyncio.sleep(0.1)
    house.update(house.plan("e", 2, word="new"))
    assert await house.settled() == "InService"
    assert not slow.done()
    assert (await house.ask())["word"] == "new"
    assert (await slow)["word"] == "old"
    await eventually(lambda: not is_running(old))
    await eventually(lambda: len(list((house.folder / "hosting" / "models").glob("*/*"))) == 1)


async def test_a_failed_update_leaves_the_old_replicas_in_service_and_tells_why(house: House) -> None:
    house.create(house.plan(word="old"))
    await house.settled()
    pid = (await house.ask())["pid"]
    house.update(house.plan("e", 2, entry="broken"))
    assert await house.settled() == "InService"
    assert "the model file is not a model" in house.reason()
    assert house.record().body["plan"]["generation"] == 1
    assert PREVIOUS not in house.record().body
    answer = await house.ask()
    assert (answer["word"], answer["pid"]) == ("old", pid)


async def test_the_next_good_update_forgets_the_reason(house: House) -> None:
    house.create(house.plan())
    await house.settled()
    house.update(house.plan("e", 2, entry="broken"))
    await house.settled()
    house.update(house.plan("e", 3))
    assert await house.settled() == "InService"
    assert "failure_reason" not in house.record().body["hosting"]


async def test_weights_and_instances_change_without_new_replicas(house: House) -> None:
    plan = house.plan("e", 1, variant("A", weight=1), variant("B", weight=0))
    house.create(plan)
    await house.settled()
    pid = (await house.ask(variant="A"))["pid"]
    changed = replace(plan, variants=(variant("A", weight=0, replicas=2), variant("B", weight=1)))
    house.update(changed)
    assert await house.settled() == "InService"
    assert {(await house.ask())["variant"] for _ in range(4)} == {"B"}
    pids = {(await house.ask(variant="A"))["pid"] for _ in range(4)}
    assert len(pids) == 2
    assert pid in pids
    house.update(plan)
    assert await house.settled() == "InService"
    assert {(await house.ask())["pid"] for _ in range(4)} == {pid}


async def test_scaling_down_lets_the_replicas_finish(house: House) -> None:
    plan = house.plan("e", 1, variant("All", replicas=2))
    house.create(plan)
    await house.settled()
    slow = [asyncio.create_task(house.ask("sleep 0.6")) for _ in range(4)]
    await asyncio.sleep(0.1)
    house.update(replace(plan, variants=(variant("All"),)))
    assert len({(answer)["pid"] for answer in await asyncio.gather(*slow)}) == 2
    assert await house.settled() == "InService"


async def test_scaling_up_that_fails_keeps_what_there_is(house: House) -> None:
    house.source.objects["bucket", "m.tar.gz"] = archive(weights="1")
    plan = house.plan("e", 1, variant("All", uri="s3://bucket/m.tar.gz", entry="fails_where_told"))
    house.create(plan)
    await house.settled()
    next((house.folder / "hosting" / "models").glob("*/1/All/model")).joinpath("FAIL").touch()
    house.update(replace(plan, variants=(replace(plan.variants[0], replicas=3),)))
    assert await house.settled() == "InService"
    assert "the model file is not a model" in house.reason()
    assert house.record().body["hosting"]["variants"][0]["current_instances"] == 1
    await house.ask()


async def test_a_removed_endpoint_leaves_nothing(house: House) -> None:
    house.create(house.plan())
    await house.settled()
    pid = (await house.ask())["pid"]
    house.records.update(house.record(), status="Deleting")
    house.hosting.remove(arn_of("e"))
    await eventually(lambda: house.records.by_arn(arn_of("e")) is None)
    assert not is_running(pid)
    assert not list(socket_folder(house.folder / "hosting").iterdir())
    assert not list((house.folder / "hosting" / "models").iterdir())
    with pytest.raises(EndpointGone):
        await house.ask()


async def test_endpoints_come_back_after_a_restart_without_their_models_objects(house: House) -> None:
    house.source.objects["bucket", "m.tar.gz"] = archive(weights="1")
    house.create(house.plan("e", 1, variant("All", uri="s3://bucket/m.tar.gz", word="kept")))
    await house.settled()
    house.source.objects.clear()
    await house.restart()
    answer = await house.ask()  # waits until a replica is there
    assert (answer["word"], answer["files"]) == ("kept", {"weights": "1"})
    assert house.record().status == "InService"
    assert house.source.downloads == 1


async def test_an_endpoint_that_does_not_come_back_at_once_is_tried_again(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.source.objects["bucket", "m.tar.gz"] = archive(weights="1")
    house.create(house.plan("e", 1, variant("All", entry="fails_where_told", uri="s3://bucket/m.tar.gz", word="kept")))
    assert await house.settled() == "InService"
    (model,) = [path for path in (house.folder / "hosting" / "models").rglob("model") if path.is_dir()]
    (model / "FAIL").touch()
    await house.restart()
    await eventually(lambda: caplog.text.count("does not come back") >= 2)
    assert house.record().status == "InService"
    (model / "FAIL").unlink()
    assert (await house.ask())["word"] == "kept"
    assert house.record().status == "InService"


async def test_an_endpoint_that_was_being_created_is_finished_after_a_restart(house: House) -> None:
    house.store(house.plan(word="late"))
    await house.restart()
    assert await house.settled() == "InService"
    assert (await house.ask())["word"] == "late"


async def test_an_update_under_way_is_finished_after_a_restart(house: House) -> None:
    old, new = house.plan(word="old"), house.plan("e", 2, word="new")
    body = {"plan": asdict(old), "hosting": {}}
    house.store(new, "Updating", **{PREVIOUS: body})
    await house.restart()
    assert (await house.ask())["word"] in ("old", "new")
    assert await house.settled() == "InService"
    assert (await house.ask())["word"] == "new"


async def test_a_bad_update_under_way_is_rolled_back_after_a_restart(house: House) -> None:
    old, new = house.plan(word="old"), house.plan("e", 2, entry="broken")
    house.store(new, "Updating", **{PREVIOUS: {"plan": asdict(old), "hosting": {}}})
    await house.restart()
    assert await house.settled() == "InService"
    assert (await house.ask())["word"] == "old"
    assert "the model file is not a model" in house.reason()


async def test_an_endpoint_that_was_being_deleted_goes_after_a_restart(house: House) -> None:
    house.store(house.plan(), "Deleting")
    await house.restart()
    await eventually(lambda: house.records.by_arn(arn_of("e")) is None)


async def test_folders_that_no_record_needs_are_removed_at_the_start(house: House) -> None:
    orphan = house.folder / "hosting" / "models" / "0123" / "7"
    orphan.mkdir(parents=True)
    await house.restart()
    assert not orphan.exists()


async def test_an_endpoint_whose_old_and_new_plan_do_not_run_is_said_to_be_so(house: House) -> None:
    old, new = house.plan(entry="broken"), house.plan("e", 2, entry="broken")
    house.store(new, "Updating", **{PREVIOUS: {"plan": asdict(old), "hosting": {}}})
    await house.restart()
    assert await house.settled() == "UpdateRollbackFailed"
