"""MovieLens the way the public notebooks prepare it, with boto3 alone: the metrics are those of real people."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pytest

from tests.clients.conftest import RunningClary
from tests.clients.personalize_shop import INTERACTIONS, Shop

RATINGS = Path(__file__).parents[2] / "../shared/data/movielens_small/dev/ratings.csv"


def prepared() -> str:
    """A rating above 1 is a click, above 3 also a watch."""
    lines = ["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP"]
    with RATINGS.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            kinds = [kind for kind, least in (("click", 1), ("watch", 3)) if float(row["rating"]) > least]
            lines += [f"{row['userId']},{row['movieId']},{kind},{row['timestamp']}" for kind in kinds]
    return "\n".join(lines) + "\n"


@pytest.mark.skipif(not RATINGS.exists(), reason="the MovieLens ratings are not beside the project")
def test_real_people_are_answered_better_than_by_popularity_and_an_event_counts_at_once(clary: RunningClary) -> None:
    shop = Shop(clary, f"movies-{random.randrange(10**6)}")
    shop.group = shop.personalize.create_dataset_group(name=shop.name)["datasetGroupArn"]
    log = shop.dataset("Interactions", INTERACTIONS)
    assert shop.imported(shop.start_import("ratings", log, shop.put("ratings.csv", prepared())))["status"] == "ACTIVE"
    versions = [shop.start_version(recipe) for recipe in ("aws-user-personalization", "aws-popularity-count")]
    assert [shop.trained(version)["status"] for version in versions] == ["ACTIVE", "ACTIVE"]
    personal, popular = (
        shop.personalize.get_solution_metrics(solutionVersionArn=version)["metrics"] for version in versions
    )
    assert personal["precision_at_25"] > 0.06 > 2 * popular["precision_at_25"]
    assert personal["new_items_precision_at_25"] > popular["new_items_precision_at_25"]
    assert personal["normalized_discounted_cumulative_gain_at_25"] > 0.45
    campaign = shop.campaign(versions[0], itemExplorationConfig={"explorationWeight": "0"})
    tracker = shop.personalize.create_event_tracker(name=shop.name, datasetGroupArn=shop.group)["trackingId"]
    before = shop.items(campaign, userId="1", numResults=25)
    shop.click(tracker, "480", "visit", "1", kind="watch")
    after = shop.items(campaign, userId="1", numResults=25)
    assert len(before) == len(set(before)) == 25
    assert before != after
