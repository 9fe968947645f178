from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clary.compute.engine_hosts.hosts import EngineBusy, EngineFailed, EngineHosts, HostSurroundings
from clary.compute.forking.server import ForkServer
from clary.core.acting import acting_for
from clary.engines.refusals import Refused
from tests.unit.compute.conftest import PROGRAMS


@pytest.fixture(scope="module")
def server() -> Iterator[ForkServer]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(PROGRAMS))
        server = ForkServer()
        server.start()
        yield server
        server.close()


@pytest.fixture
def make(server: ForkServer, tmp_path: Path) -> Iterator[Callable[..., EngineHosts]]:
    made: list[EngineHosts] = []

    def build(environment: Callable[[str], dict[str, str]] | None = None, **options: object) -> EngineHosts:
        secret = tmp_path / "secret"
        secret.mkdir(exist_ok=True)
        (secret / "key").write_text("xyz")
        surroundings = HostSurroundings(
            tmp_path / "engines",
            tmp_path / "log",
            hidden=(secret,),
            environment=environment or (lambda family: {"OF_FAMILY": family}),
        )
        modules = dict.fromkeys(("echo", "slow"), "engine_of_tests")
        hosts = EngineHosts(server, surroundings, modules=modules, **options)
        made.append(hosts)
        return hosts

    yield build
    for hosts in made:
        hosts.close()


def test_values_go_to_the_engine_and_come_back_as_they_were(make) -> None:
    values = {"text": "ü", "bytes": b"\0\xff", "list": [1, 2.5, None, True], "dict": {"a": {"b": []}}}
    assert make().call("echo", "echo", value=values) == values


def test_large_bytes_pass(make) -> None:
    data = os.urandom(20 << 20)
    assert make().call("echo", "echo", value=data) == data


def test_one_process_answers_until_it_ends(make) -> None:
    hosts = make()
    first = hosts.call("echo", "pid")
    assert hosts.call("echo", "pid") == first
    assert first != os.getpid()


def test_a_refusal_arrives_with_its_reason_and_details(make) -> None:
    with pytest.raises(Refused) as refused:
        make().call("echo", "refuse")
    assert (refused.value.reason, refused.value.message, refused.value.details) == (
        "too-odd",
        "It is odd.",
        {"page": 3},
    )


def test_an_error_in_the_engine_is_told_and_ends_nothing(make) -> None:
    hosts = make()
    before = hosts.call("echo", "pid")
    with pytest.raises(EngineFailed, match="ZeroDivisionError"):
        hosts.call("echo", "divide")
    assert hosts.call("echo", "pid") == before


def test_an_answer_that_is_no_plain_value_is_a_failure_not_a_silence(make) -> None:
    with pytest.raises(EngineFailed):
        make().call("echo", "thread")


@pytest.mark.parametrize("method", ["absent", "__init__", "_private"])
def test_only_public_methods_can_be_called(make, method: str) -> None:
    with pytest.raises(EngineFailed, match="no call"):
        make().call("echo", method)


def test_a_call_whose_process_dies_once_is_answered_by_the_next(make, tmp_path: Path) -> None:
    hosts = make()
    first = hosts.call("echo", "pid")
    assert hosts.call("echo", "die_unless", marker=str(tmp_path / "engines" / "echo" / "marker")) != first


def test_input_that_kills_every_process_is_given_up_and_the_next_call_is_answered(make) -> None:
    hosts = make()
    with pytest.raises(EngineFailed, match="died 2 times"):
        hosts.call("echo", "die")
    assert hosts.call("echo", "echo", value=1) == 1


def test_a_call_that_hangs_is_ended_and_others_in_its_process_are_repeated(make) -> None:
    hosts = make()
    before = hosts.call("echo", "pid")
    innocent: list[object] = []

    def hang() -> None:
        with pytest.raises(EngineFailed):
            hosts.call("echo", "hang", timeout_seconds=1)

    # On one CPU calls come one after the other: the innocent one may wait behind the one that hangs.
    thread = threading.Thread(target=lambda: innocent.append(hosts.call("echo", "echo", value=7)))
    hanging = threading.Thread(target=hang)
    hanging.start()
    thread.start()
    hanging.join(20)
    thread.join(20)
    assert innocent == [7]
    assert hosts.call("echo", "pid") != before


def test_calls_beyond_the_limit_are_turned_away_at_once(make) -> None:
    hosts = make(most_calls=1)
    hosts.call("echo", "echo", value=0)
    started = threading.Event()

    def occupy() -> None:
        started.set()
        hosts.call("echo", "sleep", seconds=2)

    thread = threading.Thread(target=occupy)
    thread.start()
    started.wait()
    deadline = time.monotonic() + 2
    turned_away = False
    while not turned_away and time.monotonic() < deadline:
        try:
            hosts.call("echo", "echo", value=1)
        except EngineBusy:
            turned_away = True
    thread.join()
    assert turned_away
    assert hosts.call("echo", "echo", value=2) == 2


def test_one_account_leaves_places_for_others(make) -> None:
    fetching, answers, refused = Fetching(), [], []
    hosts = make(environment=fetching, most_calls=8)  # a family has six places, an account four of them

    def ask(account: str) -> None:
        with acting_for(account):
            try:
                answers.append(hosts.call("slow", "echo", value=account))
            except EngineBusy:
                refused.append(account)

    burst = [threading.Thread(target=ask, args=("111111111111",)) for _ in range(5)]
    for thread in burst:
        thread.start()
    deadline = time.monotonic() + 60
    while not refused and time.monotonic() < deadline:
        time.sleep(0.01)
    other = threading.Thread(target=ask, args=("222222222222",))
    other.start()
    fetching.done.set()
    for thread in (*burst, other):
        thread.join(60)
    assert refused == ["111111111111"]
    assert sorted(answers) == [*["111111111111"] * 4, "222222222222"]


def test_what_a_call_took_is_given_back_to_its_account(make) -> None:
    hosts = make(most_calls=2)
    with acting_for("111111111111"):
        assert [hosts.call("echo", "echo", value=number) for number in range(5)] == list(range(5))


class Fetching:
    """What a family needs, which arrives when the test says so."""

    def __init__(self) -> None:
        self.begun, self.done = threading.Event(), threading.Event()
        self.times = 0

    def __call__(self, family: str) -> dict[str, str]:
        if family == "slow":
            self.times += 1
            self.begun.set()
            assert self.done.wait(60)
        return {}


def test_other_families_answer_while_one_fetches_what_it_needs(make) -> None:
    fetching, answers = Fetching(), []
    hosts = make(environment=fetching, most_calls=4)

    def ask() -> None:  # until it is let in
        while len(answers) < 3:
            with contextlib.suppress(EngineBusy):
                answers.append(hosts.call("slow", "pid"))
                return
            time.sleep(0.01)

    waiting = [threading.Thread(target=ask) for _ in range(3)]
    waiting[0].start()
    assert fetching.begun.wait(60)
    for thread in waiting[1:]:
        thread.start()
    turned_away, deadline = False, time.monotonic() + 60
    while not turned_away and time.monotonic() < deadline:
        try:
            hosts.call("slow", "pid", timeout_seconds=0.01)
        except EngineBusy as error:  # too late, or the last place of the family is taken
            turned_away = "too many" in str(error)
    assert turned_away and hosts.call("echo", "echo", value=1) == 1
    fetching.done.set()
    for thread in waiting:
        thread.join(60)
    assert len(answers) == 3 and len(set(answers)) == 1 and fetching.times == 1


def test_closing_does_not_wait_for_what_is_fetched(make) -> None:
    fetching, told = Fetching(), []
    hosts = make(environment=fetching)

    def ask() -> None:
        with pytest.raises(EngineFailed) as caught:
            hosts.call("slow", "pid")
        told.append(caught)

    thread = threading.Thread(target=ask)
    thread.start()
    assert fetching.begun.wait(60)
    hosts.close()
    fetching.done.set()
    thread.join(60)
    assert told


def test_calls_run_at_the_same_time(make) -> None:
    if (os.cpu_count() or 1) < 2:
        pytest.skip("needs two CPUs")
    hosts = make()
    hosts.call("echo", "echo", value=0)
    answers: list[object] = []
    # Each waits for the other to have arrived.
    threads = [threading.Thread(target=lambda: answers.append(hosts.call("echo", "meet"))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert answers == [True, True]


def test_an_idle_process_ends_and_the_next_call_starts_another(make) -> None:
    hosts = make(idle_seconds=0.0)
    before = hosts.call("echo", "pid")
    time.sleep(0.01)  # makes it idle for longer than nothing
    hosts.end_idle()
    assert hosts.call("echo", "pid") != before


def test_a_call_that_cannot_be_sent_keeps_no_process_busy(make) -> None:
    hosts = make(idle_seconds=0.0)
    before = hosts.call("echo", "pid")
    with pytest.raises(UnicodeEncodeError):
        hosts.call("echo", "echo", value="\ud800")
    time.sleep(0.01)  # makes it idle for longer than nothing
    hosts.end_idle()
    assert hosts.call("echo", "pid") != before


def test_a_process_that_was_called_lately_does_not_end(make) -> None:
    hosts = make(idle_seconds=1000.0)
    before = hosts.call("echo", "pid")
    hosts.end_idle()
    assert hosts.call("echo", "pid") == before


def test_the_process_finds_the_variables_of_its_family(make) -> None:
    assert make().call("echo", "variable", name="OF_FAMILY") == "echo"


def test_an_engine_neither_sees_what_is_hidden_nor_reaches_the_network(make, tmp_path: Path) -> None:
    hosts = make()
    if not hosts.call("echo", "is_confined"):
        pytest.skip("this machine gives no user namespaces")
    assert hosts.call("echo", "listing", folder=str(tmp_path / "secret")) == []
    assert hosts.call("echo", "interfaces") == ["lo"]
    hosts.call("echo", "can_write", folder=str(tmp_path))
    assert not (tmp_path / "probe").exists()
    assert hosts.call("echo", "can_write", folder="/etc") is False
    assert hosts.call("echo", "can_write", folder=str(tmp_path / "engines" / "echo")) is True
    assert (tmp_path / "engines" / "echo" / "probe").exists()


def test_an_engine_neither_sees_nor_changes_what_another_keeps(make, tmp_path: Path) -> None:
    other = tmp_path / "engines" / "other"
    other.mkdir(parents=True)
    (other / "faces").touch()
    hosts = make()
    if not hosts.call("echo", "is_confined"):
        pytest.skip("this machine gives no user namespaces")
    assert hosts.call("echo", "listing", folder=str(other)) == []
    hosts.call("echo", "can_write", folder=str(other))
    assert not (other / "probe").exists()
