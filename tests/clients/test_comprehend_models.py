"""The users' own classifiers with boto3 alone: train, describe, deploy, ask, run a job, copy, delete."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.clients.comprehend_desk import THEMES, Comprehension, headlines, pdf
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


def classified(desk: Comprehension, job: str) -> dict[str, Any]:
    member = "DocumentClassificationJobProperties"
    return desk.ended("describe_document_classification_job", member, JobId=job)


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
    state = classified(desk, started["JobId"])
    assert state["JobStatus"] == "COMPLETED", state
    found = desk.lines(state["OutputDataConfig"]["S3Uri"], "predictions.jsonl")
    assert [line["Line"] for line in found] == [str(number) for number in range(30)]
    right = sum(line["Classes"][0]["Name"] == theme for line, (theme, _) in zip(found, rows, strict=True))
    assert right >= 27
    listed = desk.comprehend.list_document_classification_jobs(Filter={"JobName": "news"})
    assert started["JobId"] in [one["JobId"] for one in listed["DocumentClassificationJobPropertiesList"]]


def test_the_pages_of_a_pdf_are_classified(desk: Comprehension, endpoint: str) -> None:
    paper = pdf("The astronaut saw the moon from orbit", "The striker lost the cup and the league")
    answer = desk.comprehend.classify_document(Bytes=paper, EndpointArn=endpoint)
    best = {one["Page"]: one["Name"] for one in reversed(answer["Classes"])}
    assert best == {1: "SPACE", 2: "SPORT"}
    assert [one["Type"] for one in answer["DocumentType"]] == ["NATIVE_PDF"] * 2
    assert answer["DocumentMetadata"]["Pages"] == 2
    assert {one["WarnCode"] for one in answer["Warnings"]} == {
        "INFERENCING_NATIVE_DOCUMENT_WITH_PLAINTEXT_TRAINED_MODEL"
    }
    source = desk.put("papers/one.pdf", paper).rpartition("/")[0]
    desk.put("papers/two.txt", "The shares rose and the bank paid a dividend")
    job = desk.comprehend.start_document_classification_job(
        DocumentClassifierArn=desk.classifier,  # type: ignore[attr-defined]
        **desk.job(source, "ONE_DOC_PER_FILE"),
    )
    state = desk.ended(
        "describe_document_classification_job", "DocumentClassificationJobProperties", JobId=job["JobId"]
    )
    assert state["JobStatus"] == "COMPLETED", state
    files = desk.archive(state["OutputDataConfig"]["S3Uri"])
    pages = [json.loads(line) for line in files["one.pdf.out"].splitlines()]
    assert [page["DocumentMetadata"] for page in pages] == [
        {"PageNumber": 1, "Pages": 2},
        {"PageNumber": 2, "Pages": 2},
    ]
    assert [page["Classes"][0]["Name"] for page in pages] == ["SPACE", "SPORT"]
    assert json.loads(files["predictions.jsonl"])["Classes"][0]["Name"] == "MONEY"


def test_a_damaged_page_is_told_beside_the_classes_of_the_others(desk: Comprehension, endpoint: str) -> None:
    paper = pdf("The astronaut saw the moon from orbit", "The striker lost the cup and the league")
    answer = desk.comprehend.classify_document(Bytes=paper.replace(b"6 0 R]", b"99 0 R]"), EndpointArn=endpoint)
    assert {one["Page"] for one in answer["Classes"]} == {1}
    assert [(one["Page"], one["ErrorCode"]) for one in answer["Errors"]] == [(2, "TEXTRACT_BAD_PAGE")]
    assert answer["DocumentMetadata"]["Pages"] == 2


def test_word_documents_and_forced_reading_are_classified(desk: Comprehension, endpoint: str) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        space = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
        text = "<w:p><w:r><w:t>The astronaut saw the moon from orbit</w:t></w:r></w:p>"
        archive.writestr("word/document.xml", f'<w:document xmlns:w="{space}"><w:body>{text}</w:body></w:document>')
    answer = desk.comprehend.classify_document(Bytes=file.getvalue(), EndpointArn=endpoint)
    assert answer["Classes"][0]["Name"] == "SPACE"
    assert answer["DocumentType"] == [{"Page": 1, "Type": "MS_WORD"}]
    forced = {"DocumentReadAction": "TEXTRACT_DETECT_DOCUMENT_TEXT", "DocumentReadMode": "FORCE_DOCUMENT_READ_ACTION"}
    paper = pdf("The striker lost the cup and the league")
    answer = desk.comprehend.classify_document(Bytes=paper, EndpointArn=endpoint, DocumentReaderConfig=forced)
    assert answer["Classes"][0]["Name"] == "SPORT"
    assert answer["DocumentType"] == [{"Page": 1, "Type": "NATIVE_PDF"}]
    with pytest.raises(ClientError) as refused:
        desk.comprehend.classify_document(
            Bytes=paper,
            EndpointArn=endpoint,
            DocumentReaderConfig={"DocumentReadAction": "TEXTRACT_ANALYZE_DOCUMENT"},
        )
    assert code_of(refused) == "InvalidRequestException"


@pytest.mark.parametrize(
    ("content", "reason"), [(b"%PDF-1.4 broken", "UNSUPPORTED_DOC_TYPE"), (b"PK\x03\x04word", "UNSUPPORTED_DOC_TYPE")]
)
def test_bytes_that_are_no_document_are_refused_with_the_reason(
    desk: Comprehension, endpoint: str, content: bytes, reason: str
) -> None:
    with pytest.raises(ClientError) as refused:
        desk.comprehend.classify_document(Bytes=content, EndpointArn=endpoint)
    assert code_of(refused) == "InvalidRequestException"
    assert refused.value.response["Reason"] == "INVALID_DOCUMENT"
    assert refused.value.response["Detail"]["Reason"] == reason


def test_documents_teach_as_well(desk: Comprehension) -> None:
    rows = headlines(45, seed=6)
    documents = [desk.put(f"native/{n}.pdf", pdf(text)) for n, (_, text) in enumerate(rows)]
    table = as_csv([(theme, f"{number}.pdf", "1") for number, (theme, _) in enumerate(rows)])  # type: ignore[list-item]
    arn = desk.comprehend.create_document_classifier(
        DocumentClassifierName=f"{desk.name}-native",
        DataAccessRoleArn=desk.role,
        LanguageCode="en",
        InputDataConfig={
            "S3Uri": desk.put("native.csv", table),
            "DocumentType": "SEMI_STRUCTURED_DOCUMENT",
            "Documents": {"S3Uri": documents[0].rpartition("/")[0]},
            "DocumentReaderConfig": {"DocumentReadAction": "TEXTRACT_DETECT_DOCUMENT_TEXT"},
        },
    )["DocumentClassifierArn"]
    state = trained(desk, arn)
    assert state["Status"] == "TRAINED", state
    assert state["ClassifierMetadata"]["EvaluationMetrics"]["Accuracy"] > 0.7


def test_several_labels_versions_policies_and_copies(desk: Comprehension) -> None:
    sport, money, space = (
        [text for theme, text in headlines(120, seed=4) if theme == one] for one in ("SPORT", "MONEY", "SPACE")
    )
    rows = [("SPORT|MONEY", f"{one}. {two}") for one, two in zip(sport[:20], money[:20], strict=True)]
    rows += [("SPACE", one) for one in space[:20]] + [("SPORT", one) for one in sport[20:]]
    arn = desk.comprehend.create_document_classifier(
        DocumentClassifierName=desk.name,
        VersionName="labels",
        Mode="MULTI_LABEL",
        DataAccessRoleArn=desk.role,
        LanguageCode="en",
        InputDataConfig={"S3Uri": desk.put("labels.csv", as_csv(rows)), "LabelDelimiter": "|"},
    )["DocumentClassifierArn"]
    assert arn == f"{desk.classifier}/version/labels"  # type: ignore[attr-defined]
    state = trained(desk, arn)
    assert state["Status"] == "TRAINED", state
    assert state["Mode"] == "MULTI_LABEL"
    summaries = desk.comprehend.list_document_classifier_summaries()["DocumentClassifierSummariesList"]
    (own,) = [one for one in summaries if one["DocumentClassifierName"] == desk.name]
    assert (own["NumberOfVersions"], own["LatestVersionName"]) == (2, "labels")
    found = desk.comprehend.list_document_classifiers(Filter={"DocumentClassifierName": desk.name})
    assert len(found["DocumentClassifierPropertiesList"]) == 2
    statement = {"Effect": "Allow", "Principal": "*", "Action": "comprehend:ImportModel", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    revision = desk.comprehend.put_resource_policy(ResourceArn=arn, ResourcePolicy=policy)["PolicyRevisionId"]
    assert desk.comprehend.describe_resource_policy(ResourceArn=arn)["ResourcePolicy"] == policy
    copy = desk.comprehend.import_model(SourceModelArn=arn, ModelName=f"{desk.name}-copy")["ModelArn"]
    assert trained(desk, copy)["SourceModelArn"] == arn
    with pytest.raises(ClientError) as refused:
        desk.comprehend.put_resource_policy(ResourceArn=arn, ResourcePolicy=policy, PolicyRevisionId="0" * 32)
    assert code_of(refused) == "InvalidRequestException"
    desk.comprehend.delete_resource_policy(ResourceArn=arn, PolicyRevisionId=revision)
    with pytest.raises(ClientError) as refused:
        desk.comprehend.describe_resource_policy(ResourceArn=arn)
    assert code_of(refused) == "ResourceNotFoundException"
    job = desk.comprehend.start_document_classification_job(
        DocumentClassifierArn=copy, **desk.job(desk.put("l/l.txt", f"{sport[3]}. {money[3]}"))
    )
    state = desk.ended(
        "describe_document_classification_job", "DocumentClassificationJobProperties", JobId=job["JobId"]
    )
    (line,) = desk.lines(state["OutputDataConfig"]["S3Uri"], "predictions.jsonl")
    assert {one["Name"] for one in line["Labels"] if one["Score"] > 0.5} == {"SPORT", "MONEY"}
    desk.comprehend.delete_document_classifier(DocumentClassifierArn=copy)


def test_an_endpoint_takes_another_model_and_other_units(desk: Comprehension, endpoint: str) -> None:
    changed = desk.comprehend.update_endpoint(EndpointArn=endpoint, DesiredInferenceUnits=2)
    assert changed["DesiredModelArn"] == desk.classifier  # type: ignore[attr-defined]
    state = desk.ended("describe_endpoint", "EndpointProperties", EndpointArn=endpoint)
    assert (state["Status"], state["CurrentInferenceUnits"]) == ("IN_SERVICE", 2)
    listed = desk.comprehend.list_endpoints(Filter={"Status": "IN_SERVICE"})["EndpointPropertiesList"]
    assert endpoint in [one["EndpointArn"] for one in listed]
    with pytest.raises(ClientError) as refused:
        desk.comprehend.delete_document_classifier(DocumentClassifierArn=desk.classifier)  # type: ignore[attr-defined]
    assert code_of(refused) == "ResourceInUseException"


def test_a_training_that_cannot_succeed_says_why_and_tags_can_be_changed(desk: Comprehension) -> None:
    arn = desk.comprehend.create_document_classifier(
        DocumentClassifierName=f"{desk.name}-wrong",
        DataAccessRoleArn=desk.role,
        LanguageCode="en",
        InputDataConfig={"S3Uri": desk.put("wrong.csv", 'A,fine\nA,"never closed\n')},
    )["DocumentClassifierArn"]
    state = trained(desk, arn)
    assert state["Status"] == "IN_ERROR"
    assert "wrong.csv" in state["Message"] and "not valid CSV" in state["Message"]
    with pytest.raises(ClientError) as refused:
        desk.comprehend.create_endpoint(EndpointName="x", ModelArn=arn, DesiredInferenceUnits=1)
    assert code_of(refused) == "ResourceUnavailableException"
    desk.comprehend.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    desk.comprehend.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert desk.comprehend.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    with pytest.raises(ClientError) as refused:
        desk.comprehend.create_document_classifier(
            DocumentClassifierName=f"{desk.name}-wrong",
            DataAccessRoleArn=desk.role,
            LanguageCode="en",
            InputDataConfig={"S3Uri": f"s3://{desk.bucket}/other.csv"},
        )
    assert code_of(refused) == "ResourceInUseException"
