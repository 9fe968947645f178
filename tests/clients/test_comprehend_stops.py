"""Events, and every job and training stopped on its way and listed, with boto3 alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.clients.comprehend_desk import Comprehension, headlines
from tests.clients.conftest import RunningClary
from tests.clients.test_comprehend_models import as_csv

NEWS = "Acme Corporation acquired Widget Limited for 20 million dollars in Boston.\nNothing happened in the garden.\n"
KINDS = {
    "dominant_language": ("DominantLanguage", {}),
    "entities": ("Entities", {"LanguageCode": "en"}),
    "events": ("Events", {"LanguageCode": "en", "TargetEventTypes": ["CORPORATE_ACQUISITION"]}),
    "key_phrases": ("KeyPhrases", {"LanguageCode": "en"}),
    "pii_entities": ("PiiEntities", {"LanguageCode": "en", "Mode": "ONLY_OFFSETS"}),
    "sentiment": ("Sentiment", {"LanguageCode": "en"}),
    "targeted_sentiment": ("TargetedSentiment", {"LanguageCode": "en"}),
}


@pytest.fixture(scope="module")
def desk(clary: RunningClary) -> Comprehension:
    return Comprehension(clary, "stops")


def ended(desk: Comprehension, kind: str, job: str) -> dict[str, Any]:
    return desk.ended(f"describe_{kind}_detection_job", f"{KINDS[kind][0]}DetectionJobProperties", JobId=job)


def test_an_event_is_told_with_who_took_part(desk: Comprehension) -> None:
    members: Any = KINDS["events"][1]
    job = desk.comprehend.start_events_detection_job(**desk.job(desk.put("news/n.txt", NEWS)), **members)["JobId"]
    state = ended(desk, "events", job)
    assert state["JobStatus"] == "COMPLETED", state
    assert state["TargetEventTypes"] == ["CORPORATE_ACQUISITION"]
    told, nothing = desk.lines(state["OutputDataConfig"]["S3Uri"])
    (event,) = told["Events"]
    assert event["Type"] == "CORPORATE_ACQUISITION"
    assert [one["Text"] for one in event["Triggers"]] == ["acquired"]
    roles = {one["Role"]: told["Entities"][one["EntityIndex"]]["Mentions"][0]["Text"] for one in event["Arguments"]}
    assert roles["INVESTOR"] == "Acme Corporation"
    assert roles["INVESTEE"] == "Widget Limited"
    assert nothing["Events"] == []


def test_a_job_over_an_empty_file_leaves_an_empty_output(desk: Comprehension) -> None:
    jobs = {
        kind: getattr(desk.comprehend, f"start_{kind}_detection_job")(
            **desk.job(desk.put("empty/e.txt", "")),
            **KINDS[kind][1],
        )["JobId"]
        for kind in ("dominant_language", "events")
    }
    for kind, job in jobs.items():
        state = ended(desk, kind, job)
        assert state["JobStatus"] == "COMPLETED", state
        assert desk.archive(state["OutputDataConfig"]["S3Uri"]) == {"output": ""}


def test_a_job_of_every_kind_is_stopped_and_listed(desk: Comprehension) -> None:
    source = desk.put("long/l.txt", NEWS * 40_000)
    jobs = {}
    for kind, (_, members) in KINDS.items():
        start = getattr(desk.comprehend, f"start_{kind}_detection_job")
        jobs[kind] = start(**desk.job(source), JobName=desk.name, **members)["JobId"]  # type: ignore[arg-type]
    for kind, job in jobs.items():
        answer = getattr(desk.comprehend, f"stop_{kind}_detection_job")(JobId=job)
        assert answer["JobStatus"] in ("STOP_REQUESTED", "STOPPED"), kind
    for kind, job in jobs.items():
        state = ended(desk, kind, job)
        assert state["JobStatus"] == "STOPPED", (kind, state)
        place = state["OutputDataConfig"]["S3Uri"].removeprefix(f"s3://{desk.bucket}/")
        assert desk.s3.list_objects_v2(Bucket=desk.bucket, Prefix=place)["KeyCount"] == 0
        listing = getattr(desk.comprehend, f"list_{kind}_detection_jobs")(Filter={"JobName": desk.name})
        assert [one["JobId"] for one in listing[f"{KINDS[kind][0]}DetectionJobPropertiesList"]] == [job]


def test_trainings_of_both_kinds_are_stopped_and_leave_nothing(desk: Comprehension) -> None:
    rows = headlines(4000)
    common = {"DataAccessRoleArn": desk.role, "LanguageCode": "en"}
    classifier = desk.comprehend.create_document_classifier(
        DocumentClassifierName=desk.name,
        InputDataConfig={"S3Uri": desk.put("train.csv", as_csv(rows))},
        OutputDataConfig={"S3Uri": f"s3://{desk.bucket}/trained"},
        **common,
    )["DocumentClassifierArn"]
    recognizer = desk.comprehend.create_entity_recognizer(
        RecognizerName=desk.name,
        InputDataConfig={
            "EntityTypes": [{"Type": "THING"}],
            "Documents": {"S3Uri": desk.put("docs/d.txt", "\n".join(text for _, text in rows))},
            "EntityList": {"S3Uri": desk.put("list.csv", "Text,Type\nmatch,THING\nrocket,THING\nbank,THING\n")},
        },
        **common,
    )["EntityRecognizerArn"]
    desk.comprehend.stop_training_document_classifier(DocumentClassifierArn=classifier)
    desk.comprehend.stop_training_entity_recognizer(EntityRecognizerArn=recognizer)
    for operation, member, name in (
        ("describe_document_classifier", "DocumentClassifierProperties", {"DocumentClassifierArn": classifier}),
        ("describe_entity_recognizer", "EntityRecognizerProperties", {"EntityRecognizerArn": recognizer}),
    ):
        assert desk.ended(operation, member, **name)["Status"] == "STOPPED"
    assert desk.s3.list_objects_v2(Bucket=desk.bucket, Prefix="trained")["KeyCount"] == 0
    listed = desk.comprehend.list_entity_recognizers(Filter={"RecognizerName": desk.name})
    assert [one["Status"] for one in listed["EntityRecognizerPropertiesList"]] == ["STOPPED"]
