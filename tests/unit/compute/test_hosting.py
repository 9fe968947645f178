from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import pytest_asyncio

from clary.compute.endpoint import PREVIOUS
from clary.compute.forkserver import ForkServer
from clary.compute.hosting import (
    EndpointGone,
    InvocationFailed,
    InvocationTimeout,
    InvokeRequest,
    NoSuchVariant,
)
from tests.unit.compute.houses import ACCOUNT, QUICK, REGION, House, archive, arn_of, eventually, variant


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    programs = Path(__file__).parents[2] / "programs"
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = str(programs)
    server = ForkServer(["clary.algorithms.serve"])
    server.start()
    yield server
    server.close()
    if before is None:
        del os.environ["PYTHONPATH"]
    else:
        os.environ["PYTHONPATH"] = before


@pytest_asyncio.fixture
async def house(tmp_path: Path, server: ForkServer) -> AsyncIterator[House]:
    house = House(tmp_path, server)
    await house.hosting.start()
    yield house
    await house.hosting.close()
    house.database.close()


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


async def test_an_endpoint_becomes_in_service_and_answers(house: House) -> None:
    house.create(house.plan(word="one"))
    assert await house.settled() == "InService"
    answer = await house.ask("1,2", accept="application/json")
    assert (answer["word"], answer["body"], answer["variant"]) == ("one", "1,2", "All")
    assert (answer["content_type"], answer["accept"]) == ("text/csv", "application/json")
    assert house.record().body["hosting"]["variants"] == [
        {"name": "All", "current_weight": 1.0, "desired_weight": 1.0, "current_instances": 1, "desired_instances": 1}
    ]


async def test_an_endpoint_that_was_never_made_is_gone(house: House) -> None:
    with pytest.raises(EndpointGone):
        await house.ask()


async def test_the_model_is_fetched_and_unpacked(house: House) -> None:
    house.source.objects["bucket", "a/model.tar.gz"] = archive(weights="42")
    house.create(house.plan("e", 1, variant("All", uri="s3://bucket/a/model.tar.gz")))
    assert await house.settled() == "InService"
    assert (await house.ask())["files"] == {"weights": "42"}


async def test_a_model_that_is_not_there_fails_the_endpoint_with_its_address(house: House) -> None:
    house.create(house.plan("e", 1, variant("All", uri="s3://bucket/gone.tar.gz")))
    assert await house.settled() == "Failed"
    assert house.reason().startswith('Failed to download model data from URL "s3://bucket/gone.tar.gz"')
    with pytest.raises(EndpointGone):
        await house.ask()


async def test_an_archive_that_is_none_fails_the_endpoint(house: House) -> None:
    house.source.objects["bucket", "m.tar.gz"] = b"\x1f\x8bthis is no archive"
    house.create(house.plan("e", 1, variant("All", uri="s3://bucket/m.tar.gz")))
    assert await house.settled() == "Failed"
    assert house.reason().startswith('Failed to extract model data archive from URL "s3://bucket/m.tar.gz"')


async def test_a_program_that_cannot_load_its_model_fails_the_endpoint_with_its_last_words(house: House) -> None:
    house.create(house.plan(entry="broken"))
    assert await house.settled() == "Failed"
    assert "production variant All did not pass the ping health check" in house.reason()
    assert "the model file is not a model" in house.reason()


async def test_a_program_that_never_answers_fails_the_endpoint_after_its_startup_time(house: House) -> None:
    house.create(house.plan("e", 1, variant("All", entry="never_healthy", startup_seconds=1)))
    assert await house.settled() == "Failed"
    assert "/ping did not answer 200 within 1 seconds" in house.reason()


async def test_nothing_of_a_failed_endpoint_goes_on_running(house: House) -> None:
    good, bad = variant("Good"), variant("Bad", entry="broken")
    house.create(house.plan("e", 1, good, bad))
    assert await house.settled() == "Failed"
    assert not list((house.folder / "hosting" / "sockets").iterdir())


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


async def test_a_crashed_replica_is_replaced_while_requests_wait(house: House) -> None:
    house.create(house.plan())
    await house.settled()
    pid = (await house.ask())["pid"]
    with pytest.raises(InvocationFailed):
        await house.ask("die")
    answers = await asyncio.gather(*[house.ask() for _ in range(5)])
    assert {answer["pid"] for answer in answers} != {pid}
    assert house.record().status == "InService"


async def test_requests_go_to_the_other_replica_while_one_is_replaced(house: House) -> None:
    house.create(house.plan("e", 1, variant("All", replicas=2)))
    await house.settled()
    assert len({(await house.ask())["pid"] for _ in range(4)}) == 2
    with pytest.raises(InvocationFailed):
        await house.ask("die")
    for _ in range(20):
        await house.ask()
    pids: set[int] = set()
    deadline = time.monotonic() + 10
    while len(pids) < 2:
        pids.add((await house.ask())["pid"])
        assert time.monotonic() < deadline


async def test_variants_share_requests_exactly_by_weight(house: House) -> None:
    house.create(house.plan("e", 1, variant("A", weight=3), variant("B", weight=1), variant("C", weight=0)))
    await house.settled()
    answers = [(await house.ask())["variant"] for _ in range(40)]
    assert Counter(answers) == {"A": 30, "B": 10}
    assert "A" in answers[:2]
    assert "B" in answers[:4]


async def test_a_request_may_name_its_variant(house: House) -> None:
    house.create(house.plan("e", 1, variant("A", weight=1, word="a"), variant("B", weight=0, word="b")))
    await house.settled()
    assert (await house.ask(variant="B"))["word"] == "b"
    with pytest.raises(NoSuchVariant):
        await house.ask(variant="C")


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
    assert not list((house.folder / "hosting" / "sockets").iterdir())
    assert not list((house.folder / "hosting" / "models").iterdir())
    with pytest.raises(EndpointGone):
        await house.ask()


async def test_a_replica_that_ignores_sigterm_is_killed(house: House) -> None:
    house.create(house.plan(entry="stubborn"))
    await house.settled()
    pid = (await house.ask())["pid"]
    began = time.monotonic()
    await house.hosting.close()
    assert not is_running(pid)
    assert time.monotonic() - began >= QUICK.grace


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


async def test_an_answer_that_takes_too_long_is_a_timeout(tmp_path: Path, server: ForkServer) -> None:
    house = House(tmp_path, server, times=replace(QUICK, invocation=0.5))
    await house.hosting.start()
    house.create(house.plan())
    await house.settled()
    with pytest.raises(InvocationTimeout):
        await house.ask("sleep 3")
    await house.hosting.close()
    house.database.close()


async def test_the_models_own_errors_are_answers(house: House) -> None:
    house.create(house.plan())
    await house.settled()
    for body, status in (("bad", 400), ("type", 415), ("raise", 500)):
        answer = await house.hosting.invoke(arn_of("e"), InvokeRequest(body.encode()))
        assert answer.status == status, answer
    await house.ask()


async def test_a_streamed_answer_keeps_its_replica_until_it_is_read(house: House) -> None:
    house.create(house.plan())
    await house.settled()
    answer = await house.hosting.invoke_stream(arn_of("e"), InvokeRequest(b"hello"))
    assert answer.stream is not None
    body = b"".join([chunk async for chunk in answer.stream])
    assert json.loads(body)["body"] == "hello"
    started = time.monotonic()
    await house.hosting.close()  # would wait for a request that is still counted
    assert time.monotonic() - started < QUICK.invocation


async def test_a_streamed_answer_that_is_given_up_frees_its_replica(house: House) -> None:
    house.create(house.plan())
    await house.settled()
    answer = await house.hosting.invoke_stream(arn_of("e"), InvokeRequest(b"hello"))
    assert answer.stream is not None
    await answer.stream.aclose()
    started = time.monotonic()
    await house.hosting.close()
    assert time.monotonic() - started < QUICK.invocation


async def test_an_endpoint_works_without_forking(tmp_path: Path) -> None:
    server = ForkServer(fork=False)
    house = House(tmp_path, server)
    await house.hosting.start()
    house.create(house.plan(word="plain"))
    assert await house.settled() == "InService"
    assert (await house.ask())["word"] == "plain"
    await house.hosting.close()
    house.database.close()
    server.close()


async def test_a_disk_that_takes_nothing_for_a_while_leaves_no_endpoint_half_made(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    update, failures = house.records.update, iter([sqlite3.OperationalError("database or disk is full")])

    def full_at_first(*args: object, **options: object) -> object:
        for failure in failures:
            raise failure
        return update(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(house.records, "update", full_at_first)
    house.create(house.plan())
    assert await house.settled() == "InService"


async def test_what_replicas_print_is_in_the_endpoints_log_group(house: House) -> None:
    house.create(house.plan())
    await house.settled()
    await house.ask("print a word to the wise")
    await house.hosting.close()
    rows = house.database.read().execute(
        "SELECT log_streams.name, message FROM log_events JOIN log_streams ON log_streams.id = stream_id"
    )
    found = [(stream, message) for stream, message in rows]
    assert [message for _, message in found] == ["serving starts", "a word to the wise"]
    assert all(stream.startswith("All/i-") and len(stream) == len("All/i-") + 17 for stream, _ in found)


async def test_invocations_are_counted_as_cloudwatch_metrics(house: House) -> None:
    house.create(house.plan())
    await house.settled()
    for body in ("hello", "hello", "bad", "raise"):
        await house.hosting.invoke(arn_of("e"), InvokeRequest(body.encode()))
    await house.hosting.close()

    def total(name: str) -> tuple[float, float]:
        metric = house.metrics.metric(
            ACCOUNT, REGION, "AWS/SageMaker", name, {"EndpointName": "e", "VariantName": "All"}
        )
        assert metric is not None, name
        buckets = house.metrics.query(metric, 0, time.time() + 60, 3600 * 24 * 365)
        return sum(bucket.count for bucket in buckets), sum(bucket.total for bucket in buckets)

    assert total("Invocations") == (4, 4)
    assert total("Invocation4XXErrors") == (4, 1)
    assert total("Invocation5XXErrors") == (4, 1)
    count, microseconds = total("ModelLatency")
    assert count == 4
    assert 0 < microseconds < 5e6
    assert total("OverheadLatency")[0] == 4
    assert total("ModelSetupTime")[0] == 1


async def test_many_requests_at_once_are_all_answered(house: House) -> None:
    house.create(house.plan("e", 1, variant("All", replicas=2)))
    await house.settled()
    answers = await asyncio.gather(*[house.ask(f"{number}") for number in range(600)])
    assert [answer["body"] for answer in answers] == [str(number) for number in range(600)]
