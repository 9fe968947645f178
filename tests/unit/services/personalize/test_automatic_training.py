"""Solutions are trained by themselves, as AWS does it: by default, first after a while, then every so many days."""

from __future__ import annotations

from clary.services.personalize.names import SOLUTION_VERSION
from clary.services.personalize.solutions.automatic_training import AutomaticTraining

from .conftest import Office

RECIPE = "arn:aws:personalize:::recipe/aws-user-personalization"


def versions_of(office: Office, solution: str) -> int:
    """How many versions there are after a look."""
    record = office.records.by_arn(solution)
    assert record is not None
    AutomaticTraining(office.records, office.versions, office.clock).train_if_due(record)
    return len(office.records.children(SOLUTION_VERSION, record))


def test_a_new_solution_is_trained_by_itself_unless_that_is_switched_off(office: Office) -> None:
    group = office.group()
    found = []
    for name, more in (("default", {}), ("off", {"performAutoTraining": False})):
        asked = {"name": name, "datasetGroupArn": group, "recipeArn": RECIPE, **more}
        found.append(str(office.call("CreateSolution", **asked)["solutionArn"]))
    described = [office.call("DescribeSolution", solutionArn=arn)["solution"] for arn in found]
    assert [one["performAutoTraining"] for one in described] == [True, False]
    assert [versions_of(office, arn) for arn in found] == [0, 0], "there is time to train by hand"
    office.clock.advance(3600)
    assert [versions_of(office, arn) for arn in found] == [1, 0]
    office.clock.advance(6 * 86_400)
    assert versions_of(office, found[0]) == 1
    office.clock.advance(86_400)
    assert versions_of(office, found[0]) == 2


def test_a_solution_without_data_sets_waits_quietly(office: Office) -> None:
    group = str(office.call("CreateDatasetGroup", name="bare")["datasetGroupArn"])
    arn = str(office.call("CreateSolution", name="bare", datasetGroupArn=group, recipeArn=RECIPE)["solutionArn"])
    office.clock.advance(3600)
    assert versions_of(office, arn) == 0
