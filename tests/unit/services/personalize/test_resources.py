"""Resources of Personalize from their birth to their end, in AWS's order and words."""

from __future__ import annotations

import json

import pytest

from clary.compute.hosting import endpoint_states
from clary.compute.tasks import TASK
from clary.services.personalize.datasets import contents
from clary.services.personalize.errors import (
    InvalidInputException,
    InvalidNextTokenException,
    LimitExceededException,
    ResourceAlreadyExistsException,
    ResourceInUseException,
    ResourceNotFoundException,
)
from clary.services.personalize.events.event_store import Row
from clary.services.personalize.solutions.recipe_table import RECIPES

from .conftest import ROLE, Office
from .schemas import GENRES, ITEM, USER, YEAR, schema

RECIPE = "arn:aws:personalize:::recipe/"
SOURCE = {"dataLocation": "s3://bucket/data.csv"}


def import_job(office: Office, name: str, dataset: str, mode: str = "FULL") -> str:
    return str(
        office.call(
            "CreateDatasetImportJob",
            jobName=name,
            datasetArn=dataset,
            dataSource=SOURCE,
            roleArn=ROLE,
            importMode=mode,
        )["datasetImportJobArn"]
    )


def version_of(office: Office, group: str, recipe: str = "aws-user-personalization", name: str = "s") -> str:
    office.call("CreateSolution", name=name, datasetGroupArn=group, recipeArn=RECIPE + recipe)
    arn = f"arn:aws:personalize:us-east-1:123456789012:solution/{name}"
    return str(office.call("CreateSolutionVersion", solutionArn=arn)["solutionVersionArn"])


def serve(office: Office, status: str = endpoint_states.IN_SERVICE) -> None:
    """Lets what was last applied answer, or fail."""
    record = office.records.by_arn(office.hosting.applied[-1].arn)
    assert record is not None
    office.records.update(record, status=status)


def test_a_group_has_one_data_set_of_each_type_whose_schema_fits(office: Office) -> None:
    group = office.group()
    with pytest.raises(ResourceAlreadyExistsException):
        office.call(
            "CreateDataset",
            name="again",
            schemaArn="arn:aws:personalize:us-east-1:123456789012:schema/g-Interactions-0",
            datasetGroupArn=group,
            datasetType="INTERACTIONS",
        )
    with pytest.raises(InvalidInputException, match="missing the required fields"):
        office.dataset(group, "Users", schema(ITEM, GENRES))
    with pytest.raises(InvalidInputException, match="datasetType 'Things'"):
        office.dataset(group, "Things", schema(ITEM, GENRES))
    with pytest.raises(InvalidInputException, match="of the domain ECOMMERCE"):
        office.dataset(group, "Users", schema(USER, GENRES), "ECOMMERCE")
    found = office.call("ListDatasets", datasetGroupArn=group)["datasets"]
    assert [entry["datasetType"] for entry in found] == ["INTERACTIONS", "ITEMS"]


def test_a_schema_grows_by_columns_that_may_be_null_only(office: Office) -> None:
    group = office.group()
    dataset = f"{group.replace('dataset-group', 'dataset')}/ITEMS"
    wider = office.call("CreateSchema", name="wider", schema=schema(ITEM, GENRES, YEAR))["schemaArn"]
    solid = office.call("CreateSchema", name="solid", schema=schema(ITEM, GENRES, {"name": "X", "type": "int"}))
    office.call("UpdateDataset", datasetArn=dataset, schemaArn=wider)
    told = office.call("DescribeDataset", datasetArn=dataset)["dataset"]
    assert told["schemaArn"] == told["latestDatasetUpdate"]["schemaArn"] == wider
    with pytest.raises(InvalidInputException, match="keep the fields"):
        office.call("UpdateDataset", datasetArn=dataset, schemaArn=solid["schemaArn"])


def test_only_completed_imports_count_and_a_full_one_replaces_what_was_before(office: Office) -> None:
    group = office.group()
    dataset = f"{group.replace('dataset-group', 'dataset')}/INTERACTIONS"
    record = office.records.by_arn(dataset)
    assert record is not None
    counted: list[int] = []
    for name, mode, reason in (
        ("one", "FULL", ""),
        ("two", "INCREMENTAL", ""),
        ("three", "FULL", "ClientError: bad"),
        ("four", "FULL", ""),
    ):
        job = import_job(office, name, dataset, mode)
        described = office.call("DescribeDatasetImportJob", datasetImportJobArn=job)["datasetImportJob"]
        assert described["status"] == "CREATE PENDING"
        counted.append(len(contents.segments(office.records, record)))
        office.finish(job, reason)
        counted.append(len(contents.segments(office.records, record)))
    assert counted == [0, 1, 1, 2, 2, 2, 2, 1]
    failed = office.call("DescribeDatasetImportJob", datasetImportJobArn=job.replace("four", "three"))
    assert failed["datasetImportJob"]["status"] == "CREATE FAILED"
    assert failed["datasetImportJob"]["failureReason"] == "bad"


def test_an_import_needs_a_role_a_place_and_a_data_set_at_rest(office: Office) -> None:
    group = office.group()
    dataset = f"{group.replace('dataset-group', 'dataset')}/INTERACTIONS"
    ask = {"jobName": "x", "datasetArn": dataset}
    with pytest.raises(InvalidInputException, match="s3://BUCKET/KEY"):
        office.call("CreateDatasetImportJob", **ask, dataSource={"dataLocation": "http://x"}, roleArn=ROLE)
    with pytest.raises(InvalidInputException, match="cannot assume the role"):
        office.call("CreateDatasetImportJob", **ask, dataSource=SOURCE, roleArn=ROLE + "Other")
    with pytest.raises(InvalidInputException, match="roleArn is required"):
        office.call("CreateDatasetImportJob", **ask, dataSource=SOURCE)
    import_job(office, "busy", dataset)
    with pytest.raises(ResourceInUseException, match="busy"):
        import_job(office, "second", dataset)
    with pytest.raises(ResourceInUseException, match="busy"):
        office.call("DeleteDataset", datasetArn=dataset)


def test_five_trainings_may_wait_and_a_sixth_is_refused_in_aws_words(office: Office) -> None:
    group = office.group()
    for number in range(5):
        version_of(office, group, name=f"s{number}")
    with pytest.raises(LimitExceededException, match="More than 5 resources with PENDING or IN_PROGRESS status"):
        version_of(office, group, name="s5")


def test_a_training_can_be_stopped_and_tells_what_became_of_it(office: Office) -> None:
    group = office.group()
    first = version_of(office, group)
    office.call("StopSolutionVersionCreation", solutionVersionArn=first)
    told = office.call("DescribeSolutionVersion", solutionVersionArn=first)["solutionVersion"]
    assert told["status"] == "CREATE STOPPED"
    with pytest.raises(ResourceInUseException):
        office.call("StopSolutionVersionCreation", solutionVersionArn=first)
    with pytest.raises(ResourceInUseException):
        office.call("GetSolutionMetrics", solutionVersionArn=first)
    solution = first.rpartition("/")[0]
    with pytest.raises(InvalidInputException, match="needs an ACTIVE version"):
        office.call("CreateSolutionVersion", solutionArn=solution, trainingMode="UPDATE")
    office.clock.advance(1)
    second = office.call("CreateSolutionVersion", solutionArn=solution)["solutionVersionArn"]
    office.finish(second)
    assert office.call("GetSolutionMetrics", solutionVersionArn=second)["metrics"] == {"coverage": 0.5}
    latest = office.call("DescribeSolution", solutionArn=solution)["solution"]["latestSolutionVersion"]
    assert (latest["solutionVersionArn"], latest["status"]) == (second, "ACTIVE")


async def test_an_update_needs_a_recipe_that_can_and_something_new_and_names_what_it_updates(office: Office) -> None:
    group = office.group()
    first = version_of(office, group)
    office.finish(first)
    solution = first.rpartition("/")[0]
    with pytest.raises(InvalidInputException, match="There should be updates to at least one dataset"):
        office.call("CreateSolutionVersion", solutionArn=solution, trainingMode="UPDATE")
    items = office.call("ListDatasets", datasetGroupArn=group)["datasets"]
    items_arn = next(one["datasetArn"] for one in items if one["datasetType"].upper() == "ITEMS")
    record = office.records.by_arn(items_arn)
    assert record is not None
    await office.events.put_rows(record.body["id"], [Row("i1", {"ITEM_ID": "i1"}, 1.0)])
    second = office.call("CreateSolutionVersion", solutionArn=solution, trainingMode="UPDATE")["solutionVersionArn"]
    base = office.records.by_arn(first)
    entry = next(entry for entry in office.queue.entries() if entry.spec.arn == second)
    assert base is not None
    assert json.loads(entry.spec.hyperparameters[TASK])["base"] == base.body["model"]
    ranking = version_of(office, group, "aws-personalized-ranking", "ranking")
    office.finish(ranking)
    with pytest.raises(InvalidInputException, match="aws-user-personalization"):
        office.call("CreateSolutionVersion", solutionArn=ranking.rpartition("/")[0], trainingMode="UPDATE")


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"recipeArn": RECIPE + "aws-vod-top-picks"}, "create a recommender"),
        ({}, "recipeArn is required"),
        ({"recipeArn": RECIPE + "aws-sims", "performAutoML": True}, "exclude each other"),
        ({"solutionConfig": {"algorithmHyperParameters": {"wings": "2"}}}, "no hyperparameter 'wings'"),
        ({"solutionConfig": {"algorithmHyperParameters": {"hidden_dimension": "9000"}}}, "from 32 to 256"),
        ({"solutionConfig": {"algorithmHyperParameters": {"recency_mask": "maybe"}}}, "must be one of"),
        ({"solutionConfig": {"eventValueThreshold": "3"}}, "requires eventType"),
        (
            {"solutionConfig": {"hpoConfig": {"hpoResourceConfig": {"maxNumberOfTrainingJobs": "41"}}}},
            "maxNumberOfTrainingJobs must be from 1 to 40",
        ),
        ({"eventType": "click", "solutionConfig": {"eventValueThreshold": "three"}}, "must be a number"),
        ({"solutionConfig": {"autoTrainingConfig": {"schedulingExpression": "rate(40 days)"}}}, "from 1 to 30"),
        (
            {"solutionConfig": {"trainingDataConfig": {"excludedDatasetColumns": {"ITEMS": ["COLOUR"]}}}},
            r"no fields \['COLOUR'\]",
        ),
        (
            {
                "solutionConfig": {
                    "optimizationObjective": {"itemAttribute": "GENRES", "objectiveSensitivity": "HIGH"},
                }
            },
            "not a numeric field",
        ),
        (
            {"solutionConfig": {"eventsConfig": {"eventParametersList": [{"eventType": "x", "weight": 0.0}]}}},
            "a weight above 0",
        ),
    ],
)
def test_a_solution_that_breaks_a_rule_is_refused_with_member_and_rule(
    office: Office, members: dict[str, object], said: str
) -> None:
    group = office.group()
    recipe = {"recipeArn": RECIPE + "aws-user-personalization"} if "recipeArn" not in members and members else {}
    with pytest.raises(InvalidInputException, match=said):
        office.call("CreateSolution", name="s", datasetGroupArn=group, **recipe, **members)


def test_a_campaign_is_deployed_updated_and_deleted(office: Office) -> None:
    group = office.group()
    version = version_of(office, group)
    with pytest.raises(InvalidInputException, match="not ACTIVE"):
        office.call("CreateCampaign", name="c", solutionVersionArn=version)
    office.finish(version)
    campaign = office.call("CreateCampaign", name="c", solutionVersionArn=version)["campaignArn"]
    assert office.call("DescribeCampaign", campaignArn=campaign)["campaign"]["status"] == "CREATE IN_PROGRESS"
    with pytest.raises(ResourceInUseException):
        office.call("DeleteCampaign", campaignArn=campaign)
    serve(office)
    assert office.call("DescribeCampaign", campaignArn=campaign)["campaign"]["status"] == "ACTIVE"
    config = {"itemExplorationConfig": {"explorationWeight": "0.9"}}
    office.call("UpdateCampaign", campaignArn=campaign, campaignConfig=config)
    told = office.call("DescribeCampaign", campaignArn=campaign)["campaign"]
    assert told["status"] == "ACTIVE"
    assert told["latestCampaignUpdate"]["status"] == "CREATE IN_PROGRESS"
    assert "campaignConfig" not in told
    assert office.hosting.applied[-1].generation == 2
    serve(office)
    assert office.call("DescribeCampaign", campaignArn=campaign)["campaign"]["campaignConfig"] == config
    with pytest.raises(ResourceInUseException, match=campaign):
        office.call("DeleteSolution", solutionArn=version.rpartition("/")[0])
    office.call("DeleteCampaign", campaignArn=campaign)
    assert office.hosting.removed == [office.hosting.applied[-1].arn]
    office.call("DeleteSolution", solutionArn=version.rpartition("/")[0])
    assert not list((office.folder / "models").iterdir())


def test_campaigns_refuse_recipes_of_segments_and_configurations_that_make_no_sense(office: Office) -> None:
    group = office.group()
    segments = version_of(office, group, "aws-item-affinity", "segments")
    office.finish(segments)
    with pytest.raises(InvalidInputException, match="batch segment jobs"):
        office.call("CreateCampaign", name="c", solutionVersionArn=segments)
    version = version_of(office, group)
    office.finish(version)
    for config, said in (
        ({"itemExplorationConfig": {"explorationWeight": "2"}}, "from 0 to 1"),
        ({"itemExplorationConfig": {"courage": "1"}}, "courage"),
        ({"syncWithLatestSolutionVersion": True}, r"\$LATEST"),
    ):
        with pytest.raises(InvalidInputException, match=said):
            office.call("CreateCampaign", name="c", solutionVersionArn=version, campaignConfig=config)
    influence = {"rankingInfluence": {"POPULARITY": 0.5}}
    popular = version_of(office, group, "aws-popularity-count", "popular")
    office.finish(popular)
    with pytest.raises(InvalidInputException, match="rankingInfluence is possible with recipes for users"):
        office.call("CreateCampaign", name="c", solutionVersionArn=popular, campaignConfig=influence)
    office.call("CreateCampaign", name="c", solutionVersionArn=version, campaignConfig=influence)
    told = json.loads(office.hosting.applied[-1].variants[0].plan.program.args[1])
    assert told["influence"] == influence["rankingInfluence"]


def test_domain_groups_take_recommenders_and_custom_ones_do_not(office: Office) -> None:
    custom, domain = office.group("custom"), office.group("domain", "VIDEO_ON_DEMAND")
    recipe = RECIPE + "aws-vod-top-picks"
    with pytest.raises(InvalidInputException, match="of the domain VIDEO_ON_DEMAND"):
        office.call("CreateRecommender", name="r", datasetGroupArn=custom, recipeArn=recipe)
    arn = office.call("CreateRecommender", name="r", datasetGroupArn=domain, recipeArn=recipe)["recommenderArn"]
    told = office.call("DescribeRecommender", recommenderArn=arn)["recommender"]
    assert told["status"] == "CREATE PENDING"
    with pytest.raises(ResourceInUseException):
        office.call("StopRecommender", recommenderArn=arn)
    with pytest.raises(ResourceInUseException, match="recommenders"):
        for entry in office.call("ListDatasets", datasetGroupArn=domain)["datasets"]:
            office.records.delete(office.records.by_arn(entry["datasetArn"]))  # type: ignore[arg-type]
        office.call("DeleteDatasetGroup", datasetGroupArn=domain)


def test_a_group_has_one_event_tracker_and_goes_when_it_is_empty(office: Office) -> None:
    group = office.group()
    tracker = office.call("CreateEventTracker", name="t", datasetGroupArn=group)
    with pytest.raises(ResourceAlreadyExistsException):
        office.call("CreateEventTracker", name="u", datasetGroupArn=group)
    with pytest.raises(ResourceInUseException):
        office.call("DeleteDatasetGroup", datasetGroupArn=group)
    office.call("DeleteEventTracker", eventTrackerArn=tracker["eventTrackerArn"])
    for entry in office.call("ListDatasets", datasetGroupArn=group)["datasets"]:
        office.call("DeleteDataset", datasetArn=entry["datasetArn"])
    office.call("DeleteDatasetGroup", datasetGroupArn=group)
    with pytest.raises(ResourceNotFoundException):
        office.call("DescribeDatasetGroup", datasetGroupArn=group)


def test_lists_have_pages_and_foreign_tokens_are_refused(office: Office) -> None:
    for number in range(5):
        office.call("CreateDatasetGroup", name=f"g{number}")
        office.clock.advance(1)
    names: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = office.call("ListDatasetGroups", maxResults=2, **token)
        names += [entry["name"] for entry in page["datasetGroups"]]
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert names == [f"g{number}" for number in range(5)]
    with pytest.raises(InvalidNextTokenException):
        office.call("ListDatasetGroups", nextToken="nonsense")
    with pytest.raises(InvalidNextTokenException):
        office.call("ListRecipes", nextToken="nonsense")


def test_every_recipe_is_listed_and_described_with_its_algorithm(office: Office) -> None:
    listed = office.call("ListRecipes")["recipes"]
    assert {entry["recipeArn"] for entry in listed} == {recipe.arn for recipe in RECIPES}
    for entry in listed:
        told = office.call("DescribeRecipe", recipeArn=entry["recipeArn"])["recipe"]
        algorithm = office.call("DescribeAlgorithm", algorithmArn=told["algorithmArn"])["algorithm"]
        ranges = algorithm["defaultHyperParameterRanges"]
        named = {one["name"] for kind in ranges.values() for one in kind}
        assert named == set(algorithm["defaultHyperParameters"])
        office.call("DescribeFeatureTransformation", featureTransformationArn=told["featureTransformationArn"])
    assert len(office.call("ListRecipes", domain="ECOMMERCE")["recipes"]) == 5


def test_tags_are_kept_changed_and_removed(office: Office) -> None:
    tags = [{"tagKey": "a", "tagValue": "1"}, {"tagKey": "b", "tagValue": "2"}]
    arn = office.call("CreateDatasetGroup", name="g", tags=tags)["datasetGroupArn"]
    office.call("TagResource", resourceArn=arn, tags=[{"tagKey": "a", "tagValue": "3"}])
    office.call("UntagResource", resourceArn=arn, tagKeys=["b"])
    assert office.call("ListTagsForResource", resourceArn=arn)["tags"] == [{"tagKey": "a", "tagValue": "3"}]
    with pytest.raises(ResourceNotFoundException):
        office.call("ListTagsForResource", resourceArn=arn + "x")
