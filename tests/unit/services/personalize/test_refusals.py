"""What Clary has not is refused by name, with the reason that docs/coverage.md tells."""

from __future__ import annotations

import pytest

from clary.app.coverage import answered
from clary.services.personalize.batch_jobs import NO_THEMES
from clary.services.personalize.errors import InvalidInputException, ResourceNotFoundException
from clary.services.personalize.solutions.recipes import NO_SEMANTIC_SIMILARITY
from clary.services.personalize.solutions.solution_requests import NO_INCREMENTAL_UPDATES

from .conftest import ROLE, Office
from .test_resources import version_of

SIMS = "arn:aws:personalize:::recipe/aws-sims"
PLACE = {"s3DataSource": {"path": "s3://b/in"}}


def test_incremental_updates_are_refused_when_a_solution_is_made_and_changed(office: Office) -> None:
    group = office.group()
    ask = {"datasetGroupArn": group, "recipeArn": SIMS, "name": "s"}
    with pytest.raises(InvalidInputException) as made:
        office.call("CreateSolution", **ask, performIncrementalUpdate=True)
    solution = office.call("CreateSolution", **ask, performIncrementalUpdate=False)["solutionArn"]
    with pytest.raises(InvalidInputException) as changed:
        office.call("UpdateSolution", solutionArn=solution, performIncrementalUpdate=True)
    assert str(made.value) == str(changed.value) == NO_INCREMENTAL_UPDATES


def test_the_recipe_that_needs_a_language_model_is_not_there_and_says_why(office: Office) -> None:
    recipe = "arn:aws:personalize:::recipe/aws-semantic-similarity"
    with pytest.raises(ResourceNotFoundException, match="language model"):
        office.call("CreateSolution", datasetGroupArn=office.group(), recipeArn=recipe, name="s")
    with pytest.raises(ResourceNotFoundException, match="language model"):
        office.call("DescribeRecipe", recipeArn=recipe)


@pytest.mark.parametrize(
    "asked",
    [
        {"batchInferenceJobMode": "THEME_GENERATION"},
        {"themeGenerationConfig": {"fieldsForThemeGeneration": {"itemName": "NAME"}}},
    ],
)
def test_themes_are_refused(office: Office, asked: dict[str, object]) -> None:
    version = version_of(office, office.group())
    office.finish(version)
    output = {"s3DataDestination": {"path": "s3://b/out"}}
    with pytest.raises(InvalidInputException, match="language model"):
        office.call(
            "CreateBatchInferenceJob",
            jobName="j",
            solutionVersionArn=version,
            roleArn=ROLE,
            jobInput=PLACE,
            jobOutput=output,
            **asked,
        )


def test_the_refusals_stand_where_the_page_of_operations_takes_them_from() -> None:
    told = {name: bound.mark.refuses for (api, name), bound in answered().items() if api == "personalize"}
    assert told["CreateSolution"] == (NO_INCREMENTAL_UPDATES, NO_SEMANTIC_SIMILARITY)
    assert told["UpdateSolution"] == (NO_INCREMENTAL_UPDATES,)
    assert told["CreateBatchInferenceJob"] == (NO_THEMES,)
