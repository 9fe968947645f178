from __future__ import annotations

import pytest

from clary.compute.hosting import endpoint_states as states
from clary.compute.hosting.endpoint_states import Event, ImpossibleTransition, accepts, following


def course(status: str, *events: Event) -> str:
    for event in events:
        status = following(status, event)
    return status


def test_an_endpoint_is_made_updated_and_removed() -> None:
    assert course("Creating", Event.READY) == "InService"
    assert course("InService", Event.UPDATE, Event.READY) == "InService"
    assert course("InService", Event.REMOVE) == "Deleting"


def test_what_cannot_be_made_has_failed() -> None:
    assert following("Creating", Event.BROKEN) == "Failed"


def test_a_bad_update_is_rolled_back() -> None:
    assert course("InService", Event.UPDATE, Event.BROKEN) == "RollingBack"
    assert course("RollingBack", Event.ROLLED_BACK) == "InService"
    assert course("RollingBack", Event.ROLLBACK_BROKEN) == "UpdateRollbackFailed"


def test_a_failed_endpoint_can_only_be_removed() -> None:
    assert [event for event in Event if accepts("Failed", event)] == [Event.REMOVE]


def test_only_settled_endpoints_take_an_update() -> None:
    assert not any(accepts(status, Event.UPDATE) for status in states.CHANGING)
    assert accepts("InService", Event.UPDATE)


def test_every_status_can_be_removed_and_a_removed_one_stays_so() -> None:
    for status in ("Creating", "InService", "Updating", "RollingBack", "Failed", "UpdateRollbackFailed", "Deleting"):
        assert following(status, Event.REMOVE) == "Deleting"
    assert [event for event in Event if accepts("Deleting", event)] == [Event.REMOVE]


def test_an_event_that_cannot_happen_is_an_error_that_names_both() -> None:
    with pytest.raises(ImpossibleTransition, match="ROLLED_BACK while Creating"):
        following("Creating", Event.ROLLED_BACK)
