"""Models that answer for resources of other services."""

from __future__ import annotations

from pathlib import Path

import pytest

from clary.compute.contract import EndpointPlan, Program
from clary.compute.hosting import endpoint_states
from clary.compute.hosting.served_models import ServedModels, Serving, failure_of
from clary.storage.database import Database
from clary.storage.records import SCHEMA, Record, RecordChanged, RecordExists, Records

OWNER = Record(
    "shop:campaign", "123456789012", "us-east-1", "spring", "arn:aws:shop:us-east-1:123456789012:campaign/spring"
)


class Switchboard:
    """Stands in for Hosting: remembers what it was told."""

    def __init__(self) -> None:
        self.applied: list[EndpointPlan] = []
        self.removed: list[str] = []

    def apply(self, plan: EndpointPlan) -> None:
        self.applied.append(plan)

    def remove(self, arn: str) -> None:
        self.removed.append(arn)


@pytest.fixture
def records(tmp_path: Path):
    database = Database(tmp_path / "records.db", SCHEMA)
    yield Records(database)
    database.close()


@pytest.fixture
def board() -> Switchboard:
    return Switchboard()


@pytest.fixture
def served(records: Records, board: Switchboard) -> ServedModels:
    return ServedModels("shop", records, board)  # type: ignore[arg-type]


def serving(model: str, replicas: int = 1) -> Serving:
    return Serving(Program(entry="shop:main", args=(model,)), 1 << 30, "/aws/shop/spring", replicas)


def in_service(records: Records, served: ServedModels, owner: Record) -> None:
    record = served.of(owner)
    assert record is not None
    records.update(record, status=endpoint_states.IN_SERVICE)


def test_an_owner_and_what_answers_for_it_come_together(
    records: Records, served: ServedModels, board: Switchboard
) -> None:
    owner = served.start(OWNER, serving("a", replicas=2), {"weight": 3}, {"team": "shop"})
    assert records.by_arn(OWNER.arn) == owner
    assert owner.body["weight"] == 3
    assert records.tags(owner.arn) == {"team": "shop"}
    record = served.of(owner)
    assert record is not None
    assert (record.kind, record.status, record.parent) == ("shop:serving", "Creating", owner.arn)
    (plan,) = board.applied
    assert (plan.arn, plan.generation, plan.variants[0].replicas) == (owner.body["serving"], 1, 2)
    assert EndpointPlan.from_json(record.body["plan"]) == plan


def test_nothing_runs_for_an_owner_whose_name_is_taken(
    records: Records, served: ServedModels, board: Switchboard
) -> None:
    records.insert(OWNER)
    with pytest.raises(RecordExists):
        served.start(OWNER, serving("a"), {})
    assert board.applied == []
    assert records.of_kind("shop:serving") == []


def test_an_owner_that_is_there_gets_what_answers_for_it(records: Records, served: ServedModels) -> None:
    owner = served.start(records.insert(OWNER), serving("a"), {"units": 1})
    assert owner.version == 2
    assert owner.body == {"units": 1, "serving": owner.body["serving"]}


def test_a_replacement_keeps_the_address_and_what_ran_before(
    records: Records, served: ServedModels, board: Switchboard
) -> None:
    owner = served.start(OWNER, serving("a"), {})
    in_service(records, served, owner)
    changed = served.replace(owner, serving("b"), {"weight": 4}, parent="arn:of:b")
    assert changed.body == {"weight": 4, "serving": owner.body["serving"]}
    assert changed.parent == "arn:of:b"
    record = served.of(changed)
    assert record is not None
    assert record.status == endpoint_states.UPDATING
    assert record.body["previous"]["plan"]["variants"][0]["plan"]["program"]["args"] == ["a"]
    assert [plan.generation for plan in board.applied] == [1, 2]


def test_a_replacement_waits_for_the_one_under_way(records: Records, served: ServedModels, board: Switchboard) -> None:
    owner = served.start(OWNER, serving("a"), {})
    in_service(records, served, owner)
    changed = served.replace(owner, serving("b"), {})
    with pytest.raises(RecordChanged):
        served.replace(changed, serving("c"), {})
    assert len(board.applied) == 2


def test_a_failure_is_told(records: Records, served: ServedModels) -> None:
    owner = served.start(OWNER, serving("a"), {})
    record = served.of(owner)
    assert record is not None
    assert failure_of(record) == ""
    failed = records.update(record, body={**record.body, "hosting": {"failure_reason": "no memory"}})
    assert failure_of(failed) == "no memory"


def test_ending_concerns_owners_that_have_something_running(
    records: Records, served: ServedModels, board: Switchboard
) -> None:
    served.end(records.insert(OWNER))
    assert board.removed == []
    owner = served.start(records.by_arn(OWNER.arn) or OWNER, serving("a"), {})
    served.end(owner)
    assert board.removed == [owner.body["serving"]]
