from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from clary.cli.costs import summed
from clary.compute import prices
from clary.compute.contract import JobSpec, Program, Spot
from clary.compute.costs import TAG, Ledger
from clary.compute.hosting.serving_costs import ENDPOINT_KIND, ServingCosts
from clary.compute.instances import instance
from clary.compute.jobs import events as job_events
from clary.compute.jobs.queue import JobQueue
from clary.compute.prices import InvalidPrices, Prices, SpotMarket
from clary.core.clock import FixedClock
from clary.storage.records import Record
from tests.programs.job_stores import ACCOUNT, REGION, ROLE, Stores


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    stores = Stores(tmp_path)
    yield stores
    stores.close()


def table(**uses: dict[str, float]) -> Prices:
    return Prices("us-east-1", "2025-01", "a test", uses)


def run_job(stores: Stores, clock: FixedClock, name: str = "a", **changes: object) -> str:
    """A job of two instances that downloads and trains for 360 seconds."""
    kind = "sagemaker:training-job"
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/{name}"
    spec = JobSpec(name, kind, ACCOUNT, REGION, name, arn, ROLE, Program(entry="a:b"), hosts=2, **changes)  # type: ignore[arg-type]
    queue = JobQueue(stores.records, clock)
    queue.submit(Record(kind, ACCOUNT, REGION, name, arn), spec)
    (entry,) = queue.entries()
    queue.admit(entry, job_events.Admitted(clock.time()), (0,), 1)
    queue.apply(arn, job_events.SupervisorStarted(clock.time()))
    queue.apply(arn, job_events.InputsReady(clock.time()))
    clock.advance(360)
    queue.apply(arn, job_events.ProgramsEnded(clock.time(), ""))
    queue.apply(arn, job_events.Uploaded(clock.time(), {}))
    return arn


def test_clarys_own_prices_are_dated_sourced_and_of_real_instance_types() -> None:
    own = Prices.load()
    assert own.region and own.as_of and "aws.amazon.com/sagemaker/pricing" in own.source
    assert own.of("ml.m5.large", "training") == 0.115
    for name, price in own.hourly["any"].items():
        assert 0 < price < 100
        kind = instance(name)
        assert 0.005 < price / kind.cpus < 0.6, f"{name}: a price per CPU like no other"


def test_what_is_not_listed_has_no_price() -> None:
    assert Prices.load().of("ml.p6-b300.48xlarge", "training") is None
    assert table(training={"a": 1.0}).of("a", "hosting") is None
    assert table(any={"a": 1.0}, hosting={"a": 2.0}).of("a", "hosting") == 2.0
    assert table(any={"a": 1.0}).of("a", "spot") is None


def test_the_share_of_a_spot_price_is_not_known_where_one_of_the_two_is_missing() -> None:
    assert table(any={"a": 2.0}, spot={"a": 0.5}).spot_share("a", "training") == 0.25
    assert table(any={"a": 2.0}).spot_share("a", "training") is None
    assert table(spot={"a": 0.5}).spot_share("a", "training") is None
    assert table(any={"a": 0.1}, spot={"a": 0.5}).spot_share("a", "training") == 1.0


def test_where_there_is_no_spot_price_what_ec2_saved_on_the_same_size_counts() -> None:
    market = SpotMarket("2026-08", "a test", {"m5.large": (0.04, 0.1), "m5.xlarge": (0.3, 0.2)})
    prices = replace(table(any={"ml.m5.large": 0.12}, spot={}), spot_market=market)
    assert prices.spot_share("ml.m5.large", "training") == pytest.approx(0.4)
    assert prices.spot_share("ml.m5.xlarge", "training") == 1.0
    assert prices.spot_share("ml.m5.2xlarge", "training") is None
    own = replace(prices, hourly={"any": {"ml.m5.large": 0.12}, "spot": {"ml.m5.large": 0.03}})
    assert own.spot_share("ml.m5.large", "training") == 0.25


def test_clarys_own_spot_market_is_dated_sourced_and_fits_the_on_demand_prices() -> None:
    own = Prices.load()
    market = own.spot_market
    assert market is not None and market.as_of and "aws.amazon.com/ec2/spot/pricing" in market.source
    for name, on_demand in own.hourly["any"].items():
        spot, ec2 = market.hourly[name.removeprefix("ml.")]
        assert 0.1 < spot / ec2 < 1, name
        assert 1.1 < on_demand / ec2 < 1.45, f"{name}: SageMaker asks about a quarter more than EC2"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"currency": "EUR"}, "must be USD"),
        ({"hourly": {"lunch": {}}}, "'lunch' is no use of instances"),
        ({"hourly": {"any": {"ml.m5.large": "cheap"}}}, "must be a number of dollars"),
        ({"hourly": []}, "AttributeError"),
        ({"spot": {"as_of": "d", "source": "s", "ec2_hourly": {"m5.large": ["low", 1.0]}}}, "for spot is 'low'"),
        ({"spot": {"as_of": "d", "source": "s", "ec2_hourly": {"m5.large": [0.1, 0.0]}}}, "of m5.large at EC2 is 0"),
        ({"spot": {"ec2_hourly": {}}}, "KeyError: 'as_of'"),
        ({"region": None, "hourly": None}, "AttributeError"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_with_the_reason(
    tmp_path: Path, change: dict[str, object], told: str
) -> None:
    path = tmp_path / "prices.json"
    path.write_text(json.dumps({"currency": "USD", "region": "r", "as_of": "d", "source": "s", "hourly": {}} | change))
    with pytest.raises(InvalidPrices, match=told):
        Prices.load(path)
    with pytest.raises(InvalidPrices, match="FileNotFoundError"):
        Prices.load(tmp_path / "nothing.json")


def test_a_job_that_ends_is_written_into_the_ledger_and_tagged(stores: Stores) -> None:
    arn = run_job(stores, FixedClock(), hourly_usd=0.5)
    assert stores.records.tags(arn) == {TAG: "0.100000"}
    (line,) = Ledger(stores.database).lines()
    assert (line.kind, line.seconds, line.instances, line.usd, line.on_demand_usd) == ("training", 360.0, 2, 0.1, 0.1)


def test_a_spot_job_is_billed_for_its_share_and_the_rest_is_saved(stores: Stores) -> None:
    clock = FixedClock()
    run_job(stores, clock, hourly_usd=0.5, billed_share=0.25, spot=Spot())
    (line,) = Ledger(stores.database).lines()
    assert (line.usd, line.on_demand_usd, line.spot) == (pytest.approx(0.025), pytest.approx(0.1), True)
    (day,) = summed([line])
    assert (day.usd, day.saved_by_spot_usd, day.unpriced, day.spot_unpriced) == (0.025, 0.075, 0, 0)


def test_a_spot_job_without_a_spot_price_says_so_instead_of_a_saving_of_nothing(stores: Stores) -> None:
    arn = run_job(stores, FixedClock(), hourly_usd=0.5, price_note="There is no spot price of x", spot=Spot())
    record = stores.records.by_arn(arn)
    assert record is not None
    job = record.body["job"]
    assert job["billable_seconds"] == job["training_seconds"] == 360
    assert job["transitions"][-1]["message"] == "Training job completed. There is no spot price of x"
    (day,) = summed(Ledger(stores.database).lines())
    assert (day.saved_by_spot_usd, day.spot_unpriced) == (0.0, 1)


def test_a_job_without_a_known_price_is_counted_and_not_tagged(stores: Stores) -> None:
    arn = run_job(stores, FixedClock())
    assert stores.records.tags(arn) == {}
    (day,) = summed(Ledger(stores.database).lines())
    assert (day.count, day.instance_seconds, day.usd, day.unpriced) == (1, 720.0, 0.0, 1)


def test_a_job_that_never_started_costs_nothing(stores: Stores) -> None:
    kind, arn = "sagemaker:training-job", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:training-job/never"
    spec = JobSpec("n", kind, ACCOUNT, REGION, "never", arn, ROLE, Program(entry="a:b"), hourly_usd=1.0)
    queue = JobQueue(stores.records)
    queue.submit(Record(kind, ACCOUNT, REGION, "never", arn), spec)
    queue.apply(arn, job_events.StopRequested(1.0))
    assert Ledger(stores.database).lines() == []
    assert stores.records.tags(arn) == {}


def test_an_endpoint_costs_while_it_serves(stores: Stores, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = [100.0]
    monkeypatch.setattr("clary.compute.hosting.serving_costs.time.monotonic", lambda: moment[0])
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/e"
    variants = [{"name": "v", "replicas": 2}, {"name": "w", "replicas": 1}]
    body = {"plan": {"variants": variants}, "instance_types": {"v": "a", "w": "unheard-of"}}
    record = stores.records.insert(
        Record(ENDPOINT_KIND, ACCOUNT, REGION, "e", arn, "InService", created=1.0, body=body)
    )
    costs = ServingCosts(stores.records, table(any={"a": 36.0}))
    costs.note()
    for _ in range(3):
        moment[0] += 60
        costs.note()
    assert Ledger(stores.database).of_endpoint(arn) == pytest.approx(36.0 * 2 * 180 / 3600)
    assert stores.records.tags(arn) == {TAG: "3.600000"}
    (day,) = summed(Ledger(stores.database).lines())
    assert (day.kind, day.instance_seconds, day.unpriced) == ("hosting", 540.0, 1)
    stores.records.update(record, status="Failed")
    moment[0] += 60
    costs.note()
    assert Ledger(stores.database).by_name("hosting") == {"e": pytest.approx(3.6)}


def test_an_endpoint_that_is_deleted_within_the_minute_costs_what_it_served(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = [100.0]
    monkeypatch.setattr("clary.compute.hosting.serving_costs.time.monotonic", lambda: moment[0])
    arn = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/e"
    body = {"plan": {"variants": [{"name": "v", "replicas": 1}]}, "instance_types": {"v": "a"}}
    record = Record(ENDPOINT_KIND, ACCOUNT, REGION, "e", arn, "InService", created=1.0, body=body)
    costs = ServingCosts(stores.records, table(any={"a": 36.0}))
    costs.note()
    moment[0] += 20
    costs.close(record)
    costs.close(replace(record, status="Failed"))  # that served nobody
    assert Ledger(stores.database).of_endpoint(arn) == pytest.approx(36.0 * 20 / 3600)


def test_every_use_of_the_table_is_one_that_is_known() -> None:
    assert set(Prices.load().hourly) <= {"any", *prices.USES}
