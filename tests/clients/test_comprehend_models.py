"""The users' own classifiers with boto3 alone: train, describe, deploy, ask, run a job, copy, delete."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.clients.comprehend_desk import THEMES, Comprehension, headlines
from tests.clients.conftest import RunningClary


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def as_csv(rows: list[tuple[str, str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


@pytest.fixture(scope="module")
def desk(clary: RunningClary) -> Comprehension:
    """Clients, a trained classifier and an endpoint that answers with it."""
    desk = Comprehension(clary, "own")
    desk.classifier = desk.comprehend.create_document_classifier(  # type: ignore[attr-defined]
        DocumentClassifierName=desk.name,
        DataAccessRoleArn=desk.role,
        LanguageCode="en",
        InputDataConfig={"S3Uri": desk.put("train/news.csv", as_csv(headlines(150)))},
        OutputDataConfig={"S3Uri": f"s3://{desk.bucket}/trained"},
        Tags=[{"Key": "team", "Value": "news"}],
    )["DocumentClassifierArn"]
    state = trained(desk, desk.classifier)  # type: ignore[attr-defined]
    assert state["Status"] == "TRAINED", state
    return desk


def trained(desk: Comprehension, arn: str) -> dict[str, Any]:
    return desk.ended("describe_document_classifier", "DocumentClassifierProperties", DocumentClassifierArn=arn)


@pytest.fixture(scope="module")
def endpoint(desk: Comprehension) -> str:
    arn = desk.comprehend.create_endpoint(
        EndpointName=desk.name,
        ModelArn=desk.classifier,
        DesiredInferenceUnits=1,  # type: ignore[attr-defined]
    )["EndpointArn"]
    state = desk.ended("describe_endpoint", "EndpointProperties", EndpointArn=arn)
    assert state["Status"] == "IN_SERVICE", state
    return str(arn)


def test_a_trained_classifier_tells_how_good_it_is(desk: Comprehension) -> None:
    state = trained(desk, desk.classifier)  # type: ignore[attr-defined]
    metadata = state["ClassifierMetadata"]
    assert metadata["NumberOfLabels"] == 3
    assert metadata["NumberOfTrainedDocuments"] + metadata["NumberOfTestDocuments"] == 150
    assert metadata["NumberOfTestDocuments"] >= 15
    metrics = metadata["EvaluationMetrics"]
    assert metrics["Accuracy"] > 0.9
    assert metrics["HammingLoss"] < 0.1
    assert state["TrainingStartTime"] <= state["TrainingEndTime"] == state["EndTime"]
    files = desk.archive(state["OutputDataConfig"]["S3Uri"])
    matrix = json.loads(files["output/confusion_matrix.json"])
    assert matrix["labels"] == sorted(THEMES)
    assert sum(map(sum, matrix["confusion_matrix"])) == metadata["NumberOfTestDocuments"]


def test_an_endpoint_tells_classes_with_probabilities(desk: Comprehension, endpoint: str) -> None:
    answer = desk.comprehend.classify_document(Text="The astronaut saw the moon from orbit", EndpointArn=endpoint)
    assert answer["Classes"][0]["Name"] == "SPACE"
    assert sum(one["Score"] for one in answer["Classes"]) == pytest.approx(1, abs=1e-4)
    answer = desk.comprehend.classify_document(Bytes=b"The striker lost the cup", EndpointArn=endpoint)
    assert answer["Classes"][0]["Name"] == "SPORT"
    assert answer["DocumentType"] == [{"Page": 1, "Type": "PLAIN_TEXT"}]
    with pytest.raises(ClientError) as refused:
        desk.comprehend.classify_document(Text="x", EndpointArn=endpoint + "x")
    assert code_of(refused) == "ResourceUnavailableException"
    with pytest.raises(ClientError) as refused:
        desk.comprehend.classify_document(EndpointArn=endpoint)
    assert code_of(refused) == "InvalidRequestException"


def test_a_job_classifies_a_collection(desk: Comprehension) -> None:
    rows = headlines(30, seed=9)
    source = desk.put("new/news.txt", "\n".join(text for _, text in rows))
    started = desk.comprehend.start_document_classification_job(
        JobName="news",
        DocumentClassifierArn=desk.classifier,
        **desk.job(source),  # type: ignore[attr-defined]
    )
    assert started["DocumentClassifierArn"] == desk.classifier  # type: ignore[attr-defined]
    state = desk.ended(
        "describe_document_classification_job", "DocumentClassificationJobProperties", JobId=started["JobId"]
    )
    assert state["JobStatus"] == "COMPLETED", state
    found = desk.lines(state["OutputDataConfig"]["S3Uri"], "predictions.jsonl")
    assert [line["Line"] for line in found] == list(range(30))
    right = sum(line["Classes"][0]["Name"] == theme for line, (theme, _) in zip(found, rows, strict=True))
    assert right >= 27
    listed = desk.comprehend.list_document_classification_jobs(Filter={"JobName": "news"})
    assert started["JobId"] in [one["JobId"] for one in listed["DocumentClassificationJobPropertiesList"]]
