"""Heavy work takes its share of the time and no more."""

from __future__ import annotations

from clary.services.personalize.programs.pace import Pace


def test_work_is_due_at_once_and_then_only_for_its_share_of_the_time() -> None:
    moment = 0.0

    def now() -> float:
        return moment

    pace = Pace(20.0, now)
    assert pace.due
    with pace.work():
        moment += 0.5
    moment += 9.4
    assert not pace.due
    moment += 0.2
    assert pace.due
    with pace.work():
        pass
    assert pace.due, "what takes no time need not wait"
