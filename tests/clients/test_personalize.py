"""Personalize with boto3 alone, the way the public notebooks go: import, train, deploy, ask, put events, clean up."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from tests.clients.conftest import RunningClary
from tests.clients.personalize_shop import INTERACTIONS, ITEMS, Shop, genre, interactions


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


@pytest.fixture(scope="module")
def shop(clary: RunningClary) -> Shop:
    """A custom group with interactions, items, three trained versions and an event tracker."""
    shop = Shop(clary, f"custom-{random.randrange(10**6)}")
    shop.log, shop.catalogue = shop.open()  # type: ignore[attr-defined]
    recipes = ("aws-user-personalization", "aws-sims", "aws-personalized-ranking")
    versions = [shop.start_version(recipe) for recipe in recipes]
    for version in versions:
        assert shop.trained(version)["status"] == "ACTIVE"
    shop.versions = versions  # type: ignore[attr-defined]
    shop.campaigns = [  # type: ignore[attr-defined]
        shop.campaign(version, enableMetadataWithRecommendations=True) for version in versions
    ]
    tracker = shop.personalize.create_event_tracker(name=shop.name, datasetGroupArn=shop.group)
    shop.tracking_id = tracker["trackingId"]  # type: ignore[attr-defined]
    return shop


def test_metrics_have_the_names_and_ranges_of_aws(shop: Shop) -> None:
    for version in shop.versions:  # type: ignore[attr-defined]
        metrics = shop.personalize.get_solution_metrics(solutionVersionArn=version)["metrics"]
        wanted = {"coverage", "mean_reciprocal_rank_at_25"}
        wanted |= {
            f"{name}_at_{k}" for name in ("precision", "normalized_discounted_cumulative_gain") for k in (5, 10, 25)
        }
        assert wanted <= set(metrics)
        assert all(0 <= value <= 1 for value in metrics.values())


def test_users_get_items_of_the_kind_they_like(shop: Shop) -> None:
    user, similar, ranking = shop.campaigns  # type: ignore[attr-defined]
    quarter = {f"i{item}" for item in range(ITEMS // 4)}
    found = shop.items(user, userId="u0", numResults=10)
    assert len(found) == len(set(found)) == 10
    assert len(quarter & set(found)) >= 6
    assert len(quarter & set(shop.items(similar, itemId="i3", numResults=10))) >= 6
    ranked = shop.runtime.get_personalized_ranking(
        campaignArn=ranking,
        userId="u0",
        inputList=["i70", "i8", "i41", "unheard-of"],  # none of them seen
    )["personalizedRanking"]
    assert ranked[0]["itemId"] == "i8"
    assert ranked[-1] == {"itemId": "unheard-of"}
    assert sum(item["score"] for item in ranked[:-1]) == pytest.approx(1, abs=1e-4)


def test_answers_carry_scores_metadata_reasons_and_an_id(shop: Shop) -> None:
    answer = shop.runtime.get_recommendations(
        campaignArn=shop.campaigns[0],  # type: ignore[attr-defined]
        userId="u1",
        numResults=5,
        metadataColumns={"ITEMS": ["GENRES", "YEAR"]},
        context={"CLARY_REASONS": "true"},
    )
    assert answer["recommendationId"].startswith("RID-")
    for item in answer["itemList"]:
        number = int(item["itemId"][1:])
        assert item["metadata"] == {"GENRES": genre(min(number, ITEMS - 1)), "YEAR": str(1980 + number % 40)}
        assert 0 < item["score"] <= 1
        assert item["reason"]


def test_filters_hold_for_every_answer(shop: Shop) -> None:
    campaign = shop.campaigns[0]  # type: ignore[attr-defined]
    by_genre = shop.personalize.create_filter(
        name=f"{shop.name}-genre",
        datasetGroupArn=shop.group,
        filterExpression="INCLUDE ItemID WHERE Items.GENRES IN ($GENRE) AND Items.YEAR > $YEAR",
    )["filterArn"]
    unseen = shop.personalize.create_filter(
        name=f"{shop.name}-unseen",
        datasetGroupArn=shop.group,
        filterExpression='EXCLUDE ItemID WHERE Interactions.event_type IN ("*")',
    )["filterArn"]
    names = {entry["name"] for entry in shop.personalize.list_filters(datasetGroupArn=shop.group)["Filters"]}
    assert names == {f"{shop.name}-genre", f"{shop.name}-unseen"}
    values = {"GENRE": '"Musical","Horror"', "YEAR": "1990"}
    found = shop.items(campaign, userId="u0", filterArn=by_genre, filterValues=values)
    assert found
    for item in found:
        number = int(item[1:])
        assert {"Musical", "Horror"} & set(genre(min(number, ITEMS - 1)).split("|"))
        assert 1980 + number % 40 > 1990
    seen = {row.split(",")[1] for row in interactions().splitlines() if row.startswith("u5,")}
    assert not seen & set(shop.items(campaign, userId="u5", filterArn=unseen, numResults=60))
    promoted = shop.runtime.get_recommendations(
        campaignArn=campaign,
        userId="u0",
        numResults=10,
        promotions=[{"name": "horror", "percentPromotedItems": 30, "filterArn": by_genre, "filterValues": values}],
    )["itemList"]
    assert len(promoted) == 10
    assert sum(item.get("promotionName") == "horror" for item in promoted) == 3
    with pytest.raises(ClientError, match="YEAR") as refused:
        shop.items(campaign, userId="u0", filterArn=by_genre, filterValues={"GENRE": "x"})
    assert code_of(refused) == "InvalidInputException"
    with pytest.raises(ClientError, match="character 22"):
        shop.personalize.create_filter(
            name="wrong", datasetGroupArn=shop.group, filterExpression='INCLUDE ItemID WHERE Items.COLOUR IN ("x")'
        )


def test_an_event_changes_the_very_next_answer(shop: Shop) -> None:
    campaign, tracking_id = shop.campaigns[0], shop.tracking_id  # type: ignore[attr-defined]
    shown = shop.items(campaign, userId="nobody-yet", numResults=10)
    for item in ("i62", "i65", "i70"):
        shop.click(tracking_id, item, "<function uuid1 at 0x7f>", "nobody-yet")
        now = shop.items(campaign, userId="nobody-yet", numResults=10)
        assert now != shown
        shown = now
    assert sum(int(item[1:]) >= 3 * ITEMS // 4 for item in shown) >= 6


def test_an_anonymous_session_turns_into_a_user(shop: Shop) -> None:
    campaign, tracking_id = shop.campaigns[0], shop.tracking_id  # type: ignore[attr-defined]
    cold = shop.items(campaign, userId="guest", numResults=10)
    shop.click(tracking_id, "i45", "guest")
    shop.click(tracking_id, "i47", "guest")
    anonymous = shop.items(campaign, userId="guest", numResults=10)
    assert anonymous != cold
    shop.click(tracking_id, "i49", "guest", "now-known")
    assert (
        sum(ITEMS // 2 <= int(item[1:]) < 3 * ITEMS // 4 for item in shop.items(campaign, userId="now-known")[:10]) >= 5
    )


def test_two_hundred_events_and_answers_at_once_stay_consistent(shop: Shop) -> None:
    campaign, tracking_id = shop.campaigns[0], shop.tracking_id  # type: ignore[attr-defined]
    dice = random.Random(1)

    def step(number: int) -> int:
        shop.click(tracking_id, f"i{dice.randrange(ITEMS)}", "busy", "busy")
        return len(set(shop.items(campaign, userId="busy", numResults=25)))

    with ThreadPoolExecutor(32) as pool:
        assert set(pool.map(step, range(200))) == {25}
    assert shop.items(campaign, userId="busy") == shop.items(campaign, userId="busy")


def test_items_that_are_put_can_be_filtered_at_once_and_removed_ones_never_appear(shop: Shop) -> None:
    campaign = shop.campaigns[0]  # type: ignore[attr-defined]
    properties = json.dumps({"genres": "Western", "year": 2024})
    shop.events.put_items(
        datasetArn=shop.catalogue,  # type: ignore[attr-defined]
        items=[{"itemId": "brand-new", "properties": properties}],
    )
    westerns = shop.personalize.create_filter(
        name=f"{shop.name}-western",
        datasetGroupArn=shop.group,
        filterExpression='INCLUDE ItemID WHERE Items.GENRES IN ("Western")',
    )["filterArn"]
    assert shop.items(campaign, userId="u0", filterArn=westerns) == ["brand-new"]
    with pytest.raises(ClientError, match="YEAR must be of type int"):
        shop.events.put_items(
            datasetArn=shop.catalogue,  # type: ignore[attr-defined]
            items=[{"itemId": "x", "properties": '{"genres": "a", "year": "old"}'}],
        )


def test_an_update_learns_new_items_at_once_and_keeps_the_codes(shop: Shop) -> None:
    version = shop.versions[0]  # type: ignore[attr-defined]
    solution = version.rpartition("/")[0]
    fresh = {"itemId": "fresh", "properties": json.dumps({"genres": "Horror", "year": 2026})}
    shop.events.put_items(datasetArn=shop.catalogue, items=[fresh])  # type: ignore[attr-defined]
    for user in range(25):  # who does what is at hand in the first quarter goes on to the new item
        for item in ("i3", "fresh"):
            shop.click(shop.tracking_id, item, f"update-{user}", f"newcomer-{user}")  # type: ignore[attr-defined]
    updated = shop.personalize.create_solution_version(solutionArn=solution, trainingMode="UPDATE")
    told = shop.trained(updated["solutionVersionArn"])
    assert (told["status"], told["trainingMode"]) == ("ACTIVE", "UPDATE")
    before, after = (
        shop.personalize.get_solution_metrics(solutionVersionArn=arn)["metrics"]
        for arn in (version, updated["solutionVersionArn"])
    )
    assert before == after
    campaign = shop.campaign(updated["solutionVersionArn"], itemExplorationConfig={"explorationWeight": "0"})
    shop.click(shop.tracking_id, "i3", "asks", "asks-now")  # type: ignore[attr-defined]
    assert "fresh" in shop.items(campaign, userId="asks-now", numResults=5)
    shop.personalize.delete_campaign(campaignArn=campaign)


def test_batches_answer_line_by_line(shop: Shop) -> None:
    source = shop.put("batch/users.json", '{"userId": "u0"}\n{"userId": "u1"}\nnot json\n')
    job = shop.personalize.create_batch_inference_job(
        jobName=f"{shop.name}-batch",
        solutionVersionArn=shop.versions[0],  # type: ignore[attr-defined]
        numResults=5,
        jobInput={"s3DataSource": {"path": source}},
        jobOutput={"s3DataDestination": {"path": f"s3://{shop.bucket}/answers/"}},
        roleArn=shop.role,
    )["batchInferenceJobArn"]
    state = shop.ended(
        lambda: shop.personalize.describe_batch_inference_job(batchInferenceJobArn=job)["batchInferenceJob"]
    )
    assert state["status"] == "ACTIVE", state
    body = shop.s3.get_object(Bucket=shop.bucket, Key="answers/users.json.out")["Body"].read().decode()
    lines = [json.loads(line) for line in body.splitlines()]
    assert [line["input"] for line in lines] == [{"userId": "u0"}, {"userId": "u1"}]
    assert all(len(line["output"]["recommendedItems"]) == 5 for line in lines)
    errors = shop.s3.get_object(Bucket=shop.bucket, Key="answers/users.json.errors")["Body"].read().decode()
    assert "not valid JSON" in errors


def test_an_import_leaves_a_page_in_the_bucket(shop: Shop) -> None:
    found = shop.s3.list_objects_v2(Bucket=shop.bucket, Prefix="clary-reports/personalize/")["Contents"]
    pages = [
        entry["Key"] for entry in found if entry["Key"].endswith(".html") and "solution-versions" not in entry["Key"]
    ]
    page = shop.s3.get_object(Bucket=shop.bucket, Key=pages[0])["Body"].read().decode()
    assert len(pages) >= 2, "interactions and items"
    assert "most frequent" in page


def test_broken_data_fails_with_a_reason_and_a_report_and_changes_nothing(shop: Shop) -> None:
    log = shop.log  # type: ignore[attr-defined]
    text = interactions() + "u1,,click,now\n"
    failed = shop.imported(shop.start_import("broken", log, shop.put("broken.csv", text)))
    lines = len(text.splitlines())
    assert failed["status"] == "CREATE FAILED"
    assert f"line {lines} of broken.csv" in failed["failureReason"]
    report = shop.s3.get_object(Bucket=shop.bucket, Key=f"clary-reports/personalize/{shop.name}-broken/report.json")
    assert {row["column"] for row in json.load(report["Body"])["rowsWithProblems"]} == {"ITEM_ID", "TIMESTAMP"}
    missing = shop.imported(shop.start_import("columns", log, shop.put("columns.csv", "USER_ID,ITEM_ID\nu,i\n")))
    assert "Input CSV is missing the following columns: [EVENT_TYPE, TIMESTAMP]" in missing["failureReason"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{shop.bucket}/secret/*",
            }
        ],
    }
    shop.s3.put_bucket_policy(Bucket=shop.bucket, Policy=json.dumps(policy))
    denied = shop.imported(shop.start_import("denied", log, shop.put("secret/log.csv", interactions())))
    assert denied["failureReason"] == "Insufficient privileges for accessing data in Amazon S3."
    export = shop.personalize.create_dataset_export_job(
        jobName=f"{shop.name}-export",
        datasetArn=log,
        ingestionMode="BULK",
        roleArn=shop.role,
        jobOutput={"s3DataDestination": {"path": f"s3://{shop.bucket}/export"}},
    )["datasetExportJobArn"]
    shop.ended(lambda: shop.personalize.describe_dataset_export_job(datasetExportJobArn=export)["datasetExportJob"])
    exported = shop.s3.get_object(Bucket=shop.bucket, Key=f"export/{shop.name}-export-bulk.csv")["Body"].read().decode()
    assert sorted(exported.replace('"', "").splitlines()) == sorted(interactions().splitlines())


def test_too_little_data_is_told_with_the_figure(clary: RunningClary) -> None:
    shop = Shop(clary, f"small-{random.randrange(10**6)}")
    shop.group = shop.personalize.create_dataset_group(name=shop.name)["datasetGroupArn"]
    log = shop.dataset("Interactions", INTERACTIONS)
    few = "\n".join(interactions().splitlines()[:500]) + "\n"
    assert shop.imported(shop.start_import("few", log, shop.put("few.csv", few)))["status"] == "ACTIVE"
    failed = shop.trained(shop.start_version("aws-popularity-count"))
    assert failed["status"] == "CREATE FAILED"
    assert "499 interactions" in failed["failureReason"] and "1000" in failed["failureReason"]


def test_the_domain_way_trains_and_answers_in_one_step(clary: RunningClary) -> None:
    shop = Shop(clary, f"vod-{random.randrange(10**6)}")
    shop.open("VIDEO_ON_DEMAND", ("Click", "Watch"))
    arns = [
        shop.personalize.create_recommender(
            name=f"{shop.name}-{number}", datasetGroupArn=shop.group, recipeArn=f"arn:aws:personalize:::recipe/{recipe}"
        )["recommenderArn"]
        for number, recipe in enumerate(("aws-vod-top-picks", "aws-vod-most-popular", "aws-vod-because-you-watched-x"))
    ]
    for arn in arns:
        state = shop.ended(lambda arn=arn: shop.personalize.describe_recommender(recommenderArn=arn)["recommender"])
        assert state["status"] == "ACTIVE", state
        assert "precision_at_25" in state["modelMetrics"]
    asked = shop.runtime.get_recommendations(recommenderArn=arns[0], userId="u0", numResults=10)["itemList"]
    assert sum(int(item["itemId"][1:]) < ITEMS // 4 for item in asked) >= 6
    watched = {
        row.split(",")[1]
        for row in interactions(("Click", "Watch")).splitlines()
        if row.startswith("u0,") and "Watch" in row
    }
    because = shop.runtime.get_recommendations(recommenderArn=arns[2], userId="u0", itemId="i3", numResults=25)
    assert not watched & {item["itemId"] for item in because["itemList"]}
    with pytest.raises(ClientError, match="itemId is required"):
        shop.runtime.get_recommendations(recommenderArn=arns[2], userId="u0")
    shop.personalize.stop_recommender(recommenderArn=arns[1])
    assert shop.personalize.describe_recommender(recommenderArn=arns[1])["recommender"]["status"] == "INACTIVE"
    with pytest.raises(ClientError) as stopped:
        shop.runtime.get_recommendations(recommenderArn=arns[1], userId="u0")
    assert code_of(stopped) == "ResourceNotFoundException"
    for arn in arns:
        shop.personalize.delete_recommender(recommenderArn=arn)


def test_cleaning_up_has_an_order(shop: Shop) -> None:
    personalize, log = shop.personalize, shop.log  # type: ignore[attr-defined]
    solutions = [entry["solutionArn"] for entry in personalize.list_solutions(datasetGroupArn=shop.group)["solutions"]]
    schemas = [
        personalize.describe_dataset(datasetArn=entry["datasetArn"])["dataset"]["schemaArn"]
        for entry in personalize.list_datasets(datasetGroupArn=shop.group)["datasets"]
    ]
    for delete, member, arn in (
        (personalize.delete_solution, "solutionArn", solutions[0]),
        (personalize.delete_dataset_group, "datasetGroupArn", shop.group),
        (personalize.delete_schema, "schemaArn", schemas[0]),
    ):
        with pytest.raises(ClientError) as refused:
            delete(**{member: arn})
        assert code_of(refused) == "ResourceInUseException"
    for campaign in shop.campaigns:  # type: ignore[attr-defined]
        personalize.delete_campaign(campaignArn=campaign)
    for solution in solutions:
        personalize.delete_solution(solutionArn=solution)
    for entry in personalize.list_event_trackers(datasetGroupArn=shop.group)["eventTrackers"]:
        personalize.delete_event_tracker(eventTrackerArn=entry["eventTrackerArn"])
    for entry in personalize.list_filters(datasetGroupArn=shop.group)["Filters"]:
        personalize.delete_filter(filterArn=entry["filterArn"])
    for entry in personalize.list_datasets(datasetGroupArn=shop.group)["datasets"]:
        personalize.delete_dataset(datasetArn=entry["datasetArn"])
    for schema in schemas:
        personalize.delete_schema(schemaArn=schema)
    personalize.delete_dataset_group(datasetGroupArn=shop.group)
    with pytest.raises(ClientError) as gone:
        personalize.describe_dataset(datasetArn=log)
    assert code_of(gone) == "ResourceNotFoundException"
