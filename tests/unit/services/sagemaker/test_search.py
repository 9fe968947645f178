from __future__ import annotations

import botocore.session
import pytest

from clary.core.call import Call
from clary.core.clock import FixedClock
from clary.core.errors import ValidationException
from clary.services.sagemaker.names import MODEL, TRAINING_JOB, resource_arn
from clary.services.sagemaker.search import Search
from clary.services.sagemaker.searchables import SEARCHABLES
from clary.storage.records import Record, Records
from tests.unit.services.sagemaker.conftest import ROLE, assert_fits

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"


@pytest.fixture
def search(records: Records, call: Call, clock: FixedClock) -> Search:
    """Six training jobs, ten seconds apart: job-0 to job-5, every other one failed."""
    for number in range(6):
        name = f"job-{number}"
        request = {
            "TrainingJobName": name,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "RoleArn": ROLE,
            "HyperParameters": {"eta": str(number / 10)},
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
            "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        }
        metrics = [{"name": "validation:auc", "value": 0.9 - number / 10, "time": clock.time()}] if number else []
        records.insert(
            Record(
                TRAINING_JOB,
                call.account,
                call.region,
                name,
                resource_arn(call, TRAINING_JOB, name),
                status="Failed" if number % 2 else "Completed",
                body={"request": request, "job": {"metrics": metrics}},
            ),
            tags={"parity": "odd" if number % 2 else "even"},
        )
        clock.advance(10)
    return Search(records, SEARCHABLES)


def found(search: Search, call: Call, **request: object) -> list[str]:
    answer = search.search(call, {"Resource": "TrainingJob", **request})
    assert_fits("Search", answer)
    return [result["TrainingJob"]["TrainingJobName"] for result in answer["Results"]]


def where(name: str, how: str, value: str) -> dict[str, object]:
    return {"Filters": [{"Name": name, "Operator": how, "Value": value}]}


def test_without_an_expression_the_latest_ten_are_found_last_modified_first(search: Search, call: Call) -> None:
    assert found(search, call) == [f"job-{number}" for number in (5, 4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (where("TrainingJobStatus", "Equals", "Completed"), ["job-4", "job-2", "job-0"]),
        (where("TrainingJobName", "Contains", "-3"), ["job-3"]),
        (where("Tags.parity", "Equals", "odd"), ["job-5", "job-3", "job-1"]),
        (where("Metrics.validation:auc", "GreaterThan", "0.65"), ["job-2", "job-1"]),
        (where("HyperParameters.eta", "LessThanOrEqualTo", "0.1"), ["job-1", "job-0"]),
        (where("CreationTime", "GreaterThan", "2023-11-14T22:13:30"), ["job-5", "job-4", "job-3", "job-2"]),
        (where("CreationTime", "LessThan", "2023-11-14T22:13:40+00:00"), ["job-1", "job-0"]),
    ],
)
def test_expressions_select(search: Search, call: Call, expression: dict[str, object], expected: list[str]) -> None:
    assert found(search, call, SearchExpression=expression) == expected


def test_results_are_sorted_by_a_column_or_by_any_property(search: Search, call: Call) -> None:
    ascending = {"SortOrder": "Ascending"}
    assert found(search, call, SortBy="CreationTime", **ascending)[0] == "job-0"
    assert found(search, call, SortBy="TrainingJobName", SortOrder="Descending")[0] == "job-5"
    # A job without the property comes last in either order.
    assert found(search, call, SortBy="Metrics.validation:auc", **ascending) == [
        f"job-{number}" for number in (5, 4, 3, 2, 1, 0)
    ]
    assert found(search, call, SortBy="Metrics.validation:auc") == [f"job-{number}" for number in (1, 2, 3, 4, 5, 0)]


@pytest.mark.parametrize("sort_by", ["CreationTime", "HyperParameters.eta"])
def test_pages_follow_one_another_without_gap_or_repetition(search: Search, call: Call, sort_by: str) -> None:
    names: list[str] = []
    request: dict[str, object] = {
        "Resource": "TrainingJob",
        "SortBy": sort_by,
        "MaxResults": 2,
        "SearchExpression": where("TrainingJobName", "NotEquals", "job-3"),
    }
    for _ in range(5):
        page = search.search(call, request)
        assert_fits("Search", page)
        names += [result["TrainingJob"]["TrainingJobName"] for result in page["Results"]]
        if "NextToken" not in page:
            break
        request["NextToken"] = page["NextToken"]
    assert names == ["job-5", "job-4", "job-2", "job-1", "job-0"]


def test_total_hits_say_whether_they_are_exact(search: Search, call: Call) -> None:
    assert search.search(call, {"Resource": "TrainingJob"})["TotalHits"] == {"Value": 6, "Relation": "EqualTo"}
    some = search.search(call, {"Resource": "TrainingJob", "MaxResults": 2})
    assert some["TotalHits"] == {"Value": 3, "Relation": "GreaterThanOrEqualTo"}


def test_models_are_found_in_the_shape_of_the_dashboard(search: Search, records: Records, call: Call) -> None:
    request = {"ModelName": "m", "PrimaryContainer": {"Image": IMAGE}, "ExecutionRoleArn": ROLE}
    arn = resource_arn(call, MODEL, "m")
    records.insert(Record(MODEL, call.account, call.region, "m", arn, body={"request": request}), tags={"a": "b"})
    answer = search.search(call, {"Resource": "Model", "SearchExpression": where("Tags.a", "Equals", "b")})
    assert_fits("Search", answer)
    assert [result["Model"]["Model"]["ModelName"] for result in answer["Results"]] == ["m"]


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"Resource": "Experiment"}, "cannot search resources of type Experiment yet"),
        ({"Resource": "TrainingJob", "NextToken": "nonsense"}, "NextToken"),
        ({"Resource": "TrainingJob", "SortBy": "Nonsense"}, "Unknown property name"),
        ({"Resource": "TrainingJob", "SearchExpression": where("CreationTime", "LessThan", "soon")}, "YYYY"),
        ({"Resource": "TrainingJob", "VisibilityConditions": [{"Key": "a"}]}, "VisibilityConditions"),
    ],
)
def test_what_cannot_be_searched_is_refused(
    search: Search, call: Call, request_: dict[str, object], message: str
) -> None:
    with pytest.raises(ValidationException, match=message):
        search.search(call, request_)


def test_suggestions_are_properties_that_are_in_use(search: Search, call: Call) -> None:
    def suggested(hint: str) -> list[str]:
        query = {"PropertyNameQuery": {"PropertyNameHint": hint}}
        answer = search.suggest(call, {"Resource": "TrainingJob", "SuggestionQuery": query})
        assert_fits("GetSearchSuggestions", answer)
        return [one["PropertyName"] for one in answer["PropertyNameSuggestions"]]

    assert suggested("hyperp") == ["HyperParameters.eta"]
    assert suggested("Metrics.") == ["Metrics.validation:auc"]
    assert suggested("Tags") == ["Tags.parity"]
    assert suggested("TrainingJobN") == ["TrainingJobName"]


@pytest.mark.parametrize(
    ("resource", "shape"), [("TrainingJob", "TrainingJob"), ("Endpoint", "Endpoint"), ("Model", "Model")]
)
def test_the_properties_are_those_of_the_model(resource: str, shape: str) -> None:
    members = set(botocore.session.get_session().get_service_model("sagemaker").shape_for(shape).members)
    assert set(SEARCHABLES[resource].properties) - {"Metrics"} == members
