from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from clary.compute.forking import confinement
from clary.compute.forking.server import ForkServer
from clary.compute.hosting.endpoints import (
    EndpointGone,
    InvocationFailed,
    InvocationTimeout,
    InvokeRequest,
    NoSuchVariant,
    socket_folder,
)
from tests.unit.compute.houses import ACCOUNT, QUICK, REGION, House, archive, arn_of, is_running, variant


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


@pytest.mark.skipif("NOT" in confinement.probe(), reason=confinement.probe())
async def test_a_serving_program_of_clarys_own_sees_none_of_clarys_data_but_its_folder(house: House) -> None:
    house.create(house.plan())
    assert await house.settled() == "InService"
    assert (house.folder / "clary.db").exists()
    answers = [await house.ask(f"look at {path}") for path in (house.folder / "clary.db", "/usr")]
    assert [answer["exists"] for answer in answers] == [False, True]


@pytest.mark.skipif("NOT" in confinement.probe(), reason=confinement.probe())
async def test_a_replica_cannot_put_itself_in_the_place_of_another(house: House) -> None:
    house.create(house.plan())
    assert await house.settled() == "InService"
    (own,) = socket_folder(house.folder / "hosting").iterdir()
    other = own.with_name("other")
    other.mkdir()
    assert [(await house.ask(f"look at {path}"))["exists"] for path in (own, other)] == [True, False]


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
    assert house.reason().count("the model file is not a model") == 1  # though it was started three times


async def test_a_program_that_never_answers_fails_the_endpoint_after_its_startup_time(house: House) -> None:
    house.create(house.plan("e", 1, variant("All", entry="never_healthy", startup_seconds=1)))
    assert await house.settled() == "Failed"
    assert "/ping did not answer 200 within 1 seconds" in house.reason()


async def test_nothing_of_a_failed_endpoint_goes_on_running(house: House) -> None:
    good, bad = variant("Good"), variant("Bad", entry="broken")
    house.create(house.plan("e", 1, good, bad))
    assert await house.settled() == "Failed"
    assert not list(socket_folder(house.folder / "hosting").iterdir())


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


async def test_a_replica_that_ignores_sigterm_is_killed(house: House) -> None:
    house.create(house.plan(entry="stubborn"))
    await house.settled()
    pid = (await house.ask())["pid"]
    began = time.monotonic()
    await house.hosting.close()
    assert not is_running(pid)
    assert time.monotonic() - began >= QUICK.grace


async def test_an_answer_that_takes_too_long_is_a_timeout(tmp_path: Path, hosting_server: ForkServer) -> None:
    house = House(tmp_path, hosting_server, times=replace(QUICK, invocation=0.5))
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
