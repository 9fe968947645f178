from __future__ import annotations

import random
from collections.abc import Mapping

from clary.compute.contract import JobSpec, KeepAlive, Limits, Program, Spot
from clary.compute.jobs.life import State
from clary.compute.jobs.placement import (
    BEHIND,
    BEHIND_ON_DEMAND,
    Action,
    EndPool,
    Interrupt,
    Start,
    Wait,
    decide,
    fewest,
)
from clary.compute.jobs.queue import Entry
from clary.compute.jobs.warm_pools import WarmPool
from clary.compute.machine import Machine

GIB = 1 << 30
EIGHT = Machine(tuple(range(8)), 64 * GIB)


def job(
    position: int, cpus: int, *, spot: bool = False, at: int | None = None, gib: int = 1, matches: str = ""
) -> Entry:
    """A job that waits, or one that runs on the CPUs from `at` on."""
    name = f"{'spot' if spot else 'job'}-{position}"
    limits = Limits(cpus=cpus, memory_bytes=gib * GIB)
    spec = JobSpec(
        name, "sagemaker:training-job", "1", "us-east-1", name, f"arn:{name}", "role", Program(entry="a:b"), limits,
        spot=Spot() if spot else None, keep_alive=KeepAlive(matches) if matches else None,
    )  # fmt: skip
    held = () if at is None else tuple(range(at, at + cpus))
    return Entry(position, spec, at is not None, 0.0, held, gib * GIB if held else 0, 0)


def pool(name: str, cpus: tuple[int, ...], until: float = 100.0) -> WarmPool:
    return WarmPool(f"id-{name}", f"arn:{name}", name, cpus, GIB, 0.0, until, 0.0)


def decided(
    *entries: Entry, pools: tuple[WarmPool, ...] = (), machine: Machine = EIGHT, states: Mapping[str, State] = {}
) -> list[Action]:
    return list(decide(entries, pools, machine, lambda entry: states.get(entry.spec.name, State.TRAINING)))


def told(actions: list[Action]) -> list[str]:
    """The decisions in short."""
    lines = []
    for action in actions:
        match action:
            case Start(entry, cpus):
                lines.append(f"{entry.spec.name} on {cpus[0]}-{cpus[-1]}")
            case Wait(entry):
                lines.append(f"{entry.spec.name} waits")
            case Interrupt(entry, to):
                lines.append(f"{entry.spec.name} gives way to {to.spec.name}")
            case EndPool(pool):
                lines.append(f"pool {pool.matches} ends")
    return lines


def test_on_demand_jobs_start_before_spot_jobs_that_came_earlier() -> None:
    actions = decided(job(1, 4, spot=True), job(2, 4), job(3, 2, spot=True))
    assert told(actions) == ["job-2 on 0-3", "spot-1 on 4-7", "spot-3 waits"]


def test_nobody_overtakes_a_job_of_its_own_kind() -> None:
    actions = decided(job(1, 6, at=0), job(2, 4), job(3, 1))
    assert told(actions) == ["job-2 waits", "job-3 waits"]
    assert [action.message for action in actions if isinstance(action, Wait)] == [
        "Pending: waiting for capacity, 6 of 8 CPUs in use by job job-1",
        BEHIND,
    ]


def test_no_spot_job_starts_while_an_on_demand_job_waits() -> None:
    actions = decided(job(1, 6, at=0), job(2, 1, spot=True), job(3, 4))
    assert told(actions) == ["job-3 waits", "spot-2 waits"]
    assert isinstance(actions[1], Wait)
    assert actions[1].message == BEHIND_ON_DEMAND


def test_the_youngest_spot_job_that_suffices_alone_gives_way() -> None:
    running = (job(1, 4, spot=True, at=0), job(2, 2, spot=True, at=4), job(3, 1, spot=True, at=6))
    assert told(decided(*running, job(9, 1))) == ["job-9 on 7-7"]
    assert told(decided(*running, job(9, 2))) == ["spot-3 gives way to job-9", "job-9 waits"]
    assert told(decided(*running, job(9, 3))) == ["spot-2 gives way to job-9", "job-9 waits"]
    assert told(decided(*running, job(9, 5))) == ["spot-1 gives way to job-9", "job-9 waits"]
    assert told(decided(*running, job(9, 6)))[:2] == ["spot-3 gives way to job-9", "spot-1 gives way to job-9"]


def test_nobody_gives_way_to_a_job_that_would_not_fit_even_then() -> None:
    assert told(decided(job(1, 6, at=0), job(2, 2, spot=True, at=6), job(3, 3))) == ["job-3 waits"]


def test_memory_is_made_room_for_too() -> None:
    running = (job(1, 1, spot=True, at=0, gib=40), job(2, 1, spot=True, at=1, gib=10))
    assert told(decided(*running, job(3, 1, gib=30)))[0] == "spot-1 gives way to job-3"


def test_a_spot_job_never_gives_way_to_a_spot_job() -> None:
    assert told(decided(job(1, 8, spot=True, at=0), job(2, 2, spot=True))) == ["spot-2 waits"]


def test_those_that_are_leaving_already_are_waited_for() -> None:
    running = (job(1, 4, spot=True, at=0), job(2, 4, spot=True, at=4))
    actions = decided(*running, job(3, 4), states={"spot-2": State.INTERRUPTING})
    assert told(actions) == ["job-3 waits"]
    assert isinstance(actions[0], Wait)
    assert actions[0].message == "Pending: waiting for capacity, which job spot-2 on spot gives back"
    actions = decided(*running, job(3, 6), states={"spot-2": State.INTERRUPTING})
    assert told(actions) == ["spot-1 gives way to job-3", "job-3 waits"]


def test_a_spot_job_that_stores_its_model_is_left_alone() -> None:
    running = (job(1, 4, spot=True, at=0), job(2, 4, spot=True, at=4))
    actions = decided(*running, job(3, 4), states={"spot-2": State.UPLOADING})
    assert told(actions) == ["spot-1 gives way to job-3", "job-3 waits"]


def test_a_matching_job_starts_in_the_pool_and_others_beside_it() -> None:
    warm = pool("mine", (2, 3))
    actions = decided(job(1, 2), job(2, 2, matches="mine"), pools=(warm,))
    assert told(actions) == ["job-1 on 0-1", "job-2 on 2-3"]
    assert isinstance(actions[1], Start)
    assert actions[1].pool == warm


def test_pools_end_for_jobs_that_need_their_room_the_shortest_lived_first_and_no_more_than_needed() -> None:
    pools = (pool("later", (0, 1), until=50), pool("soon", (2, 3), until=20), pool("last", (4, 5), until=90))
    assert told(decided(job(1, 4), pools=pools)) == ["pool soon ends", "job-1 on 2-7"]


def test_pools_end_before_spot_jobs_give_way_and_not_for_nothing() -> None:
    running = job(1, 4, spot=True, at=0)
    assert told(decided(running, job(2, 4), pools=(pool("a", (4, 5)),))) == ["pool a ends", "job-2 on 4-7"]
    assert told(decided(job(1, 6, at=0), job(2, 8), pools=(pool("a", (6, 7)),))) == ["job-2 waits"]


def test_a_job_larger_than_the_machine_gets_all_of_it() -> None:
    assert told(decided(job(1, 96, gib=384))) == ["job-1 on 0-7"]


def test_whatever_waits_nobody_gets_more_than_there_is_and_all_start_in_order() -> None:
    for seed in range(200):
        choice = random.Random(seed)
        waiting = [
            job(n, choice.randint(1, 9), spot=choice.random() < 0.5, gib=choice.randint(1, 80)) for n in range(12)
        ]
        started = [action for action in decided(*waiting) if isinstance(action, Start)]
        cpus = [cpu for start in started for cpu in start.cpus]
        assert len(cpus) == len(set(cpus))
        assert sum(start.memory_bytes for start in started) <= EIGHT.memory_bytes
        for spot in (False, True):
            of_kind = [entry for entry in waiting if (entry.spec.spot is not None) is spot]
            names = [start.entry.spec.name for start in started if (start.entry.spec.spot is not None) is spot]
            assert names == [entry.spec.name for entry in of_kind][: len(names)]


def test_the_fewest_are_found_and_of_many_a_choice_that_leaves_nobody_out_needlessly() -> None:
    few = [job(1, 1, at=0), job(2, 3, at=1), job(3, 2, at=4)]
    assert [entry.position for entry in fewest(few, (3, 0))] == [2]
    assert [entry.position for entry in fewest(few, (4, 0))] == [1, 2]
    assert fewest(few, (7, 0)) == []
    many = [job(n, 1 + n % 3, at=0) for n in range(60)]
    chosen = fewest(many, (60, 0))
    assert sum(len(entry.cpus) for entry in chosen) >= 60
    assert all(sum(len(other.cpus) for other in chosen if other is not entry) < 60 for entry in chosen)
