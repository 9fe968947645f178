"""Adapters: made, taught, measured, used, changed and removed."""

from __future__ import annotations

import json

import pytest

from clary.services.textract.adapters import adapter_learning
from clary.services.textract.adapters.adapter_datasets import labelled_answers
from clary.services.textract.adapters.adapter_learning import AdapterLearning
from clary.services.textract.adapters.adapter_states import AdapterStates
from clary.services.textract.errors import (
    ConflictException,
    IdempotentParameterMismatchException,
    InvalidParameterException,
    InvalidS3ObjectException,
    ResourceNotFoundException,
)
from clary.services.textract.names import ADAPTER_VERSION
from clary.services.textract.programs.adapter_training import Tally

from .conftest import BUCKET, Office
from .made_documents import document

QUESTION = "Who is it?"


def annotation(answer: str | None) -> dict:
    query = {"BlockType": "QUERY", "Id": "q", "Query": {"Text": QUESTION}}
    if answer is None:
        return {"Blocks": [query]}
    query["Relationships"] = [{"Type": "ANSWER", "Ids": ["r"]}]
    box = {"Left": 0.1, "Top": 0.2, "Width": 0.3, "Height": 0.1}
    return {
        "Blocks": [query, {"BlockType": "QUERY_RESULT", "Id": "r", "Text": answer, "Geometry": {"BoundingBox": box}}]
    }


def manifest(office: Office, count: int = 10, **more) -> dict:
    """Papers on which the name stands behind the word Patient."""
    rows = []
    for number in range(count):
        office.put(f"papers/{number}", document([f"Patient name{number} here"]))
        office.put(f"labels/{number}", json.dumps(annotation(f"name{number}")).encode())
        rows.append(
            {"source-ref": f"s3://{BUCKET}/papers/{number}", "annotations-ref": f"s3://{BUCKET}/labels/{number}"} | more
        )
    return office.put("manifest.jsonl", "\n".join(map(json.dumps, rows)).encode())


def adapter(office: Office, **more) -> str:
    made = office.call("CreateAdapter", AdapterName="names", FeatureTypes=["QUERIES"], **more)
    return str(made["AdapterId"])


def version(office: Office, adapter_id: str, place: dict, **more) -> str:
    made = office.call(
        "CreateAdapterVersion",
        AdapterId=adapter_id,
        DatasetConfig={"ManifestS3Object": place},
        OutputConfig={"S3Bucket": BUCKET, "S3Prefix": "adapters"},
        **more,
    )
    assert made["AdapterId"] == adapter_id
    return str(made["AdapterVersion"])


def learned(office: Office) -> tuple[str, str]:
    """An adapter whose first version has learned."""
    adapter_id = adapter(office)
    number = version(office, adapter_id, manifest(office))
    assert office.run(office.record(ADAPTER_VERSION, f"{adapter_id}/{number}")) == 0
    return adapter_id, number


def test_an_adapter_is_made_described_listed_changed_and_removed(office: Office):
    one = adapter(office, Description="who it is", Tags={"team": "a"})
    assert len(one) >= 12
    told = office.call("GetAdapter", AdapterId=one)
    assert (told["AdapterName"], told["AutoUpdate"], told["Tags"]) == ("names", "DISABLED", {"team": "a"})
    changed = office.call("UpdateAdapter", AdapterId=one, AdapterName="people", AutoUpdate="ENABLED")
    assert (changed["AdapterName"], changed["AutoUpdate"]) == ("people", "ENABLED")
    assert changed["Description"] == "who it is"
    office.clock.advance(10)
    two = adapter(office)
    assert [row["AdapterId"] for row in office.call("ListAdapters")["Adapters"]] == [one, two]
    page = office.call("ListAdapters", MaxResults=1)
    assert [row["AdapterId"] for row in office.call("ListAdapters", NextToken=page["NextToken"])["Adapters"]] == [two]
    later = told["CreationTime"]
    assert [row["AdapterId"] for row in office.call("ListAdapters", AfterCreationTime=later)["Adapters"]] == [two]
    office.call("DeleteAdapter", AdapterId=one)
    with pytest.raises(ResourceNotFoundException):
        office.call("GetAdapter", AdapterId=one)


def test_an_adapter_is_for_queries_alone_and_made_once_for_a_token(office: Office):
    with pytest.raises(InvalidParameterException, match="QUERIES alone"):
        office.call("CreateAdapter", AdapterName="x", FeatureTypes=["FORMS"])
    one = adapter(office, ClientRequestToken="t")
    assert adapter(office, ClientRequestToken="t") == one
    with pytest.raises(IdempotentParameterMismatchException):
        adapter(office, ClientRequestToken="t", Description="other")
    with pytest.raises(InvalidParameterException, match="NextToken"):
        office.call("ListAdapters", NextToken="nonsense")


def test_a_version_learns_is_measured_and_answers_what_was_not_answered_before(office: Office):
    adapter_id, number = learned(office)
    told = office.call("GetAdapterVersion", AdapterId=adapter_id, AdapterVersion=number)
    assert (told["Status"], told["FeatureTypes"]) == ("ACTIVE", ["QUERIES"])
    (metrics,) = told["EvaluationMetrics"]
    assert metrics["Baseline"] == {"F1Score": 0.0, "Precision": 0.0, "Recall": 0.0}
    assert metrics["AdapterVersion"] == {"F1Score": 1.0, "Precision": 1.0, "Recall": 1.0}
    asked = {
        "Document": {"Bytes": document(["Patient Maria here"])},
        "FeatureTypes": ["QUERIES"],
        "QueriesConfig": {"Queries": [{"Text": QUESTION}]},
    }
    adapters = {"Adapters": [{"AdapterId": adapter_id, "Version": number}]}
    answers = [
        office.call("AnalyzeDocument", **asked),
        office.call("AnalyzeDocument", **asked, AdaptersConfig=adapters),
    ]
    found = [
        [block["Text"] for block in answer["Blocks"] if block["BlockType"] == "QUERY_RESULT"] for answer in answers
    ]
    assert found == [[], ["Maria"]]


def test_a_job_uses_an_adapter_on_the_pages_it_is_for(office: Office):
    adapter_id, number = learned(office)
    place = office.put("two.pdf", document(["Patient Ana here"], ["Patient Bo here"]))
    job_id = office.call(
        "StartDocumentAnalysis",
        DocumentLocation={"S3Object": place},
        FeatureTypes=["QUERIES"],
        QueriesConfig={"Queries": [{"Text": QUESTION, "Pages": ["*"]}]},
        AdaptersConfig={"Adapters": [{"AdapterId": adapter_id, "Version": number, "Pages": ["2"]}]},
    )["JobId"]
    office.run(office.record("textract:document-analysis-job", job_id))
    blocks = office.call("GetDocumentAnalysis", JobId=job_id)["Blocks"]
    assert [(block["Page"], block["Text"]) for block in blocks if block["BlockType"] == "QUERY_RESULT"] == [(2, "Bo")]


def test_versions_are_numbered_listed_and_removed(office: Office):
    adapter_id, first = learned(office)
    second = version(office, adapter_id, manifest(office), Tags={"k": "v"}, ClientRequestToken="t")
    assert (first, second) == ("1", "2")
    assert version(office, adapter_id, manifest(office), Tags={"k": "v"}, ClientRequestToken="t") == "2"
    with pytest.raises(IdempotentParameterMismatchException):
        version(office, adapter_id, manifest(office), ClientRequestToken="t")
    listed = office.call("ListAdapterVersions", AdapterId=adapter_id)["AdapterVersions"]
    assert [(row["AdapterVersion"], row["Status"]) for row in listed] == [
        ("1", "ACTIVE"),
        ("2", "CREATION_IN_PROGRESS"),
    ]
    for operation in ("DeleteAdapterVersion", "DeleteAdapter"):
        more = {"AdapterVersion": second} if operation == "DeleteAdapterVersion" else {}
        with pytest.raises(ConflictException, match="CREATION_IN_PROGRESS"):
            office.call(operation, AdapterId=adapter_id, **more)
    with pytest.raises(InvalidParameterException, match="not ACTIVE"):
        office.call(
            "AnalyzeDocument",
            Document={"Bytes": document(["a"])},
            FeatureTypes=["QUERIES"],
            QueriesConfig={"Queries": [{"Text": QUESTION}]},
            AdaptersConfig={"Adapters": [{"AdapterId": adapter_id, "Version": second}]},
        )
    office.call("DeleteAdapterVersion", AdapterId=adapter_id, AdapterVersion=first)
    with pytest.raises(ResourceNotFoundException):
        office.call("GetAdapterVersion", AdapterId=adapter_id, AdapterVersion=first)
    assert not (office.folder / "adapters" / adapter_id / first).exists()


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        (["{"], "line 1: it is not JSON"),
        (["[]"], "not a JSON object"),
        (["[" * 200_000], "line 1: it is not JSON"),
        (['{"source-ref": "s3://papers/papers/0", "annotations": ["Id"]}'] * 10, "as Textract's"),
        (
            [
                '{"source-ref": "s3://papers/papers/0", "annotations": [{"Id": "1", "BlockType": "QUERY", '
                '"Query": {"Text": "a"}, "Relationships": [{"Type": "ANSWER", "Ids": ["2"]}]}, '
                '{"Id": "2", "BlockType": "QUERY_RESULT", "Geometry": "here"}]}'
            ]
            * 10,
            "as Textract's",
        ),
        (['{"source-ref": "s3://papers/papers/0", "annotations": {"Blocks": []}}'] * 10, "holds no QUERY"),
        (['{"source-ref": "papers/0"}'] * 10, "must look like s3://BUCKET/KEY"),
        (['{"source-ref": "s3://papers/papers/0", "use": "both"}'] * 10, '"train" or "test"'),
        (['{"source-ref": "s3://papers/papers/0", "annotations": []}'] * 4, "there must be 5 to"),
        (['{"source-ref": "s3://papers/papers/0", "annotations": [{"Id": 1}]}'] * 10, "as Textract's"),
    ],
)
def test_a_manifest_that_breaks_a_rule_is_refused(office: Office, rows, rule):
    adapter_id = adapter(office)
    office.put("papers/0", document(["a"]))
    with pytest.raises(InvalidParameterException, match=rule):
        version(office, adapter_id, office.put("manifest", "\n".join(rows).encode()))
    assert list((office.folder / "adapters" / adapter_id).iterdir()) == []
    assert office.queue.entries() == []


def test_a_version_is_refused_to_who_may_not_write_where_it_will(office: Office):
    adapter_id = adapter(office)
    place = manifest(office)
    office.forbidden.add(("s3:PutObject", f"arn:aws:s3:::{BUCKET}/adapters/{adapter_id}/1/metrics.json"))
    with pytest.raises(InvalidS3ObjectException, match="Unable to put the output"):
        version(office, adapter_id, place)
    assert office.queue.entries() == []


def test_papers_that_cannot_be_had_make_no_version(office: Office):
    adapter_id = adapter(office)
    place = manifest(office)
    office.objects.delete(BUCKET, "papers/3")
    with pytest.raises(InvalidS3ObjectException):
        version(office, adapter_id, place)
    with pytest.raises(InvalidParameterException, match="ManifestS3Object is missing"):
        office.call("CreateAdapterVersion", AdapterId=adapter_id, DatasetConfig={}, OutputConfig={"S3Bucket": BUCKET})
    with pytest.raises(ResourceNotFoundException):
        version(office, "0" * 12, place)


def test_a_paper_that_cannot_be_read_fails_the_version_with_a_reason(office: Office):
    adapter_id = adapter(office)
    place = manifest(office)
    office.put("papers/0", document(["a"], ["b"]))
    number = version(office, adapter_id, place)
    assert office.run(office.record(ADAPTER_VERSION, f"{adapter_id}/{number}")) == 1
    told = office.call("GetAdapterVersion", AdapterId=adapter_id, AdapterVersion=number)
    assert told["Status"] == "CREATION_ERROR"
    assert "2 pages" in told["StatusMessage"]
    assert "EvaluationMetrics" not in told


def test_a_manifest_may_say_what_teaches_and_what_tests(office: Office):
    adapter_id = adapter(office)
    with pytest.raises(InvalidParameterException, match="names 0 papers to test"):
        version(office, adapter_id, manifest(office, use="train"))


def test_with_auto_update_an_adapter_learns_anew_when_clary_is_another(office: Office, monkeypatch):
    adapter_id, _ = learned(office)
    learning = AdapterLearning(office.records, office.jobs, AdapterStates(office.records, office.folder), office.clock)
    monkeypatch.setattr(adapter_learning, "base_model", lambda: "99")
    learning.update_outdated()
    assert office.queue.entries() == []
    office.call("UpdateAdapter", AdapterId=adapter_id, AutoUpdate="ENABLED")
    learning.update_outdated()
    learning.update_outdated()  # the new version is being made
    assert office.run(office.record(ADAPTER_VERSION, f"{adapter_id}/2")) == 0
    learning.update_outdated()
    listed = office.call("ListAdapterVersions", AdapterId=adapter_id)["AdapterVersions"]
    assert [(row["AdapterVersion"], row["Status"]) for row in listed] == [("1", "ACTIVE"), ("2", "ACTIVE")]


def test_tags_are_set_listed_and_removed(office: Office):
    adapter_id, number = learned(office)
    arn = f"arn:aws:textract:us-east-1:123456789012:/adapters/{adapter_id}"
    for one in (arn, f"{arn}/versions/{number}"):
        office.call("TagResource", ResourceARN=one, Tags={"a": "1", "b": "2"})
        office.call("UntagResource", ResourceARN=one, TagKeys=["a"])
        assert office.call("ListTagsForResource", ResourceARN=one)["Tags"] == {"b": "2"}
    with pytest.raises(InvalidParameterException, match="reserved"):
        office.call("TagResource", ResourceARN=arn, Tags={"aws:x": "1"})
    with pytest.raises(ResourceNotFoundException):
        office.call("ListTagsForResource", ResourceARN=arn + "0")


def test_answers_of_an_annotation_have_their_text_and_place():
    (answer,) = labelled_answers(annotation("Maria"), 1)
    assert (answer.question, answer.text) == (QUESTION, "Maria")
    assert answer.box == pytest.approx((0.1, 0.2, 0.4, 0.3))
    assert labelled_answers(annotation(None), 1)[0].text == ""


def test_precision_is_of_what_was_answered_and_recall_of_what_should_have_been():
    tally = Tally()
    for expected, answer in (("Ana  B", "ana b"), ("x", "y"), ("x", None), ("", "z"), ("", None)):
        tally.count(expected, answer)
    assert tally.metric() == {"F1Score": 0.3333, "Precision": 0.3333, "Recall": 0.3333}
