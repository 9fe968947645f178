"""The next best action with boto3: what users like this one take, learned, put and seen by the next answer."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from tests.clients.conftest import RunningClary
from tests.clients.personalize_shop import Shop

ACTIONS = [
    {"name": "ACTION_ID", "type": "string"},
    {"name": "CATEGORY", "type": "string", "categorical": True},
]
HAPPENED = [
    {"name": "USER_ID", "type": "string"},
    {"name": "ACTION_ID", "type": "string"},
    {"name": "EVENT_TYPE", "type": "string"},
    {"name": "TIMESTAMP", "type": "long"},
]
PEOPLE = [{"name": "USER_ID", "type": "string"}, {"name": "TIER", "type": "string", "categorical": True}]
NAMES = ("upgrade", "coupon", "survey", "app")
LIKES = {"gold": ("upgrade", "app"), "plain": ("coupon", "survey")}


def tier(user: int) -> str:
    return "gold" if user % 2 else "plain"


def happened() -> str:
    """Everybody is shown every action three times, and mostly takes those that their tier likes."""
    dice = random.Random(11)
    rows = ["USER_ID,ACTION_ID,EVENT_TYPE,TIMESTAMP"]
    for user in range(120):
        for step, name in enumerate(NAMES * 3):
            taken = dice.random() < (0.85 if name in LIKES[tier(user)] else 0.1)
            rows.append(f"u{user},{name},{'taken' if taken else 'not_taken'},{1_600_000_000 + step * 3600 + user}")
    return "\n".join(rows) + "\n"


@pytest.fixture(scope="module")
def shop(clary: RunningClary) -> Shop:
    """A group with actions, what became of them, and users."""
    found = Shop(clary, f"actions-{random.randrange(10**6)}")
    found.group = found.personalize.create_dataset_group(name=found.name)["datasetGroupArn"]
    texts = {
        "Actions": (ACTIONS, "ACTION_ID,CATEGORY\n" + "".join(f"{name},{name[0]}\n" for name in NAMES)),
        "Action_Interactions": (HAPPENED, happened()),
        "Users": (PEOPLE, "USER_ID,TIER\n" + "".join(f"u{user},{tier(user)}\n" for user in range(122))),
    }
    for kind, (fields, text) in texts.items():
        dataset = found.dataset(kind, fields)
        state = found.imported(found.start_import(kind.lower(), dataset, found.put(f"{kind}.csv", text)))
        assert state["status"] == "ACTIVE", state
    return found


def actions(shop: Shop, campaign: str, **request: object) -> list[str]:
    found = shop.runtime.get_action_recommendations(campaignArn=campaign, **request)
    scores = [entry["score"] for entry in found["actionList"]]
    assert scores == sorted(scores, reverse=True)
    assert found["recommendationId"]
    return [entry["actionId"] for entry in found["actionList"]]


def until(found: Callable[[], bool], seconds: float = 60) -> bool:
    """Whether it comes true within that time."""
    deadline = time.monotonic() + seconds
    while not found():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def test_users_get_the_actions_that_users_like_them_take(shop: Shop) -> None:
    version = shop.start_version("aws-next-best-action")
    assert shop.trained(version)["status"] == "ACTIVE"
    assert shop.personalize.get_solution_metrics(solutionVersionArn=version)["metrics"]
    campaign = shop.campaign(version)
    for user in (3, 4, 120, 121):  # the last two have features and no history
        assert set(actions(shop, campaign, userId=f"u{user}", numResults=2)) == set(LIKES[tier(user)]), user
    only = shop.personalize.create_filter(
        name=f"{shop.name}-u",
        datasetGroupArn=shop.group,
        filterExpression='INCLUDE ActionID WHERE Actions.CATEGORY IN ("u")',
    )["filterArn"]
    assert actions(shop, campaign, userId="u4", filterArn=only) == ["upgrade"]
    tracker = shop.personalize.create_event_tracker(name=shop.name, datasetGroupArn=shop.group)["trackingId"]
    before = shop.runtime.get_action_recommendations(campaignArn=campaign, userId="u120")["actionList"]
    told = {"actionId": "upgrade", "userId": "u120", "sessionId": "s", "timestamp": time.time(), "eventType": "Taken"}
    shop.events.put_action_interactions(trackingId=tracker, actionInteractions=[told])
    assert before != shop.runtime.get_action_recommendations(campaignArn=campaign, userId="u120")["actionList"]
    dataset = next(
        entry["datasetArn"]
        for entry in shop.personalize.list_datasets(datasetGroupArn=shop.group)["datasets"]
        if entry["datasetType"].upper() == "ACTIONS"
    )
    properties = json.dumps({"category": "z"})
    shop.events.put_actions(datasetArn=dataset, actions=[{"actionId": "zoom", "properties": properties}])
    assert until(lambda: "zoom" in actions(shop, campaign, userId="u4"))
    with pytest.raises(ClientError) as refused:
        shop.runtime.get_recommendations(campaignArn=campaign, userId="u4")
    assert refused.value.response["Error"]["Code"] == "InvalidInputException"
