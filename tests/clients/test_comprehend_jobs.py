"""Collections of documents with boto3 alone: every kind of job, its results, its filters, its failures."""

from __future__ import annotations

import csv
import datetime
import io
import json
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.clients.comprehend_desk import Comprehension, headlines
from tests.clients.conftest import ROOT, RunningClary, start_clary
from tests.clients.test_comprehend_models import as_csv, code_of
from tests.clients.test_personalize_killed import kill

DOCUMENTS = (
    "I love the new camera that Maria Schmidt sold me in Berlin.\r\n"
    "\r\n"
    "The delivery took 3 weeks, call 206-555-0182 or mail bob@example.com 😀 now.\n"
    + "x" * 1_100_000
    + "\nGreat shop in Rome"
)
KINDS = {
    "dominant_language": ("DominantLanguage", "Languages"),
    "entities": ("Entities", "Entities"),
    "key_phrases": ("KeyPhrases", "KeyPhrases"),
    "sentiment": ("Sentiment", "SentimentScore"),
    "targeted_sentiment": ("TargetedSentiment", "Entities"),
}


@pytest.fixture(scope="module")
def desk(clary: RunningClary) -> Comprehension:
    return Comprehension(clary, "jobs")


def done(desk: Comprehension, kind: str, word: str, job: str) -> dict[str, Any]:
    state = desk.ended(f"describe_{kind}_detection_job", f"{word}DetectionJobProperties", JobId=job)
    assert state["JobStatus"] == "COMPLETED", state
    return state


@pytest.fixture(scope="module")
def started(desk: Comprehension) -> dict[str, str]:
    """A job of every kind of insight over the same documents."""
    source = desk.put("letters/all.txt", DOCUMENTS)
    jobs = {}
    for kind in KINDS:
        more = {} if kind == "dominant_language" else {"LanguageCode": "en"}
        start = getattr(desk.comprehend, f"start_{kind}_detection_job")
        answer = start(JobName=f"{desk.name}-{kind}", Tags=[{"Key": "k", "Value": kind}], **desk.job(source), **more)
        assert answer["JobStatus"] in ("SUBMITTED", "IN_PROGRESS")
        assert answer["JobArn"].endswith(f"/{answer['JobId']}")
        jobs[kind] = answer["JobId"]
    return jobs


@pytest.mark.parametrize("kind", KINDS)
def test_a_job_answers_each_line_and_tells_which_it_could_not_read(
    desk: Comprehension, started: dict[str, str], kind: str
) -> None:
    word, member = KINDS[kind]
    state = done(desk, kind, word, started[kind])
    assert "/output/output.tar.gz" in state["OutputDataConfig"]["S3Uri"]
    lines = desk.lines(state["OutputDataConfig"]["S3Uri"])
    assert [(line["File"], line["Line"]) for line in lines] == [("all.txt", number) for number in range(5)]
    assert [line.get("ErrorCode") for line in lines] == [None, "EMPTY_DOCUMENT", None, "DOCUMENT_SIZE_EXCEEDED", None]
    assert all(member in line for line in lines if "ErrorCode" not in line)
    assert "2 of them could not be analysed" in state["Message"]
    assert state["SubmitTime"] <= state["EndTime"]
    tags = desk.comprehend.list_tags_for_resource(ResourceArn=state["JobArn"])["Tags"]
    assert tags == [{"Key": "k", "Value": kind}]


def test_jobs_are_listed_by_one_filter_at_a_time(desk: Comprehension, started: dict[str, str]) -> None:
    done(desk, "key_phrases", "KeyPhrases", started["key_phrases"])
    listing = desk.comprehend.list_key_phrases_detection_jobs
    member = "KeyPhrasesDetectionJobPropertiesList"
    (named,) = listing(Filter={"JobName": f"{desk.name}-key_phrases"})[member]
    assert named["JobId"] == started["key_phrases"]
    assert started["key_phrases"] in [one["JobId"] for one in listing(Filter={"JobStatus": "COMPLETED"})[member]]
    later = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=1)
    assert listing(Filter={"SubmitTimeAfter": later})[member] == []
    with pytest.raises(ClientError) as refused:
        listing(Filter={"JobName": "a", "JobStatus": "FAILED"})
    assert code_of(refused) == "InvalidFilterException"
    with pytest.raises(ClientError) as refused:
        listing(NextToken="made-up")
    assert code_of(refused) == "InvalidRequestException"


def test_a_token_starts_one_job(desk: Comprehension) -> None:
    request = {**desk.job(desk.put("t/t.txt", "one")), "ClientRequestToken": str(uuid.uuid4())}
    first = desk.comprehend.start_dominant_language_detection_job(**request)
    assert desk.comprehend.start_dominant_language_detection_job(**request)["JobId"] == first["JobId"]
    with pytest.raises(ClientError) as refused:
        desk.comprehend.start_dominant_language_detection_job(**request, JobName="other")
    assert code_of(refused) == "ResourceInUseException"


def test_personal_information_is_written_down_or_taken_out(desk: Comprehension) -> None:
    source = desk.put("pii/a/letter.txt", "Write to bob@example.com 😀 today.\nNothing here.\n")
    start = desk.comprehend.start_pii_entities_detection_job
    masked = {"PiiEntityTypes": ["EMAIL"], "MaskMode": "MASK", "MaskCharacter": "#"}
    replaced = {"PiiEntityTypes": ["ALL"], "MaskMode": "REPLACE_WITH_PII_ENTITY_TYPE"}
    folder = source.rpartition("/a/")[0]
    jobs = [
        start(Mode="ONLY_OFFSETS", LanguageCode="en", **desk.job(folder)),
        start(Mode="ONLY_REDACTION", RedactionConfig=masked, LanguageCode="en", **desk.job(folder)),
        start(
            Mode="ONLY_REDACTION", RedactionConfig=replaced, LanguageCode="en", **desk.job(folder, "ONE_DOC_PER_FILE")
        ),
    ]
    texts = []
    for job in jobs:
        state = done(desk, "pii_entities", "PiiEntities", job["JobId"])
        assert state["OutputDataConfig"]["S3Uri"].endswith("/output/")
        texts.append(desk.object(state["OutputDataConfig"]["S3Uri"] + "a/letter.txt.out").decode())
    first, second = (json.loads(line) for line in texts[0].splitlines())
    (email,) = [one for one in first["Entities"] if one["Type"] == "EMAIL"]
    assert (email["BeginOffset"], email["EndOffset"], first["File"], first["Line"]) == (9, 24, "a/letter.txt", 0)
    assert second["Entities"] == []
    assert texts[1] == f"Write to {'#' * 15} 😀 today.\nNothing here.\n"
    assert texts[2].startswith("Write to [EMAIL] 😀 ")
    with pytest.raises(ClientError) as refused:
        start(Mode="ONLY_REDACTION", LanguageCode="en", **desk.job(source))
    assert code_of(refused) == "InvalidRequestException"


def test_topics_part_a_collection_by_what_it_is_about(desk: Comprehension) -> None:
    rows = headlines(120)
    source = desk.put("topics/all.txt", "\n".join(text for _, text in rows))
    job = desk.comprehend.start_topics_detection_job(NumberOfTopics=3, **desk.job(source))
    state = done(desk, "topics", "Topics", job["JobId"])
    assert state["NumberOfTopics"] == 3
    files = desk.archive(state["OutputDataConfig"]["S3Uri"])
    terms = list(csv.DictReader(io.StringIO(files["topic-terms.csv"])))
    assert {row["topic"] for row in terms} == {"000", "001", "002"}
    shares = list(csv.DictReader(io.StringIO(files["doc-topics.csv"])))
    best: dict[str, tuple[float, str]] = {}
    for row in shares:
        best[row["docname"]] = max(best.get(row["docname"], (0.0, "")), (float(row["proportion"]), row["topic"]))
    assert set(best) == {f"all.txt:{number}" for number in range(120)}
    groups = {
        theme: {best[f"all.txt:{n}"][1] for n, (own, _) in enumerate(rows) if own == theme}
        for theme in ("SPORT", "MONEY", "SPACE")
    }
    assert sum(map(len, groups.values())) <= 5  # three topics for three themes, a few documents aside
    listed = desk.comprehend.list_topics_detection_jobs()["TopicsDetectionJobPropertiesList"]
    assert job["JobId"] in [one["JobId"] for one in listed]


def test_jobs_that_cannot_be_carried_out_say_why(desk: Comprehension) -> None:
    start = desk.comprehend.start_dominant_language_detection_job
    nothing = start(**desk.job(f"s3://{desk.bucket}/nothing-here/"))
    state = desk.ended(
        "describe_dominant_language_detection_job", "DominantLanguageDetectionJobProperties", JobId=nothing["JobId"]
    )
    assert state["JobStatus"] == "FAILED"
    assert "No S3 objects found" in state["Message"]
    wrong = desk.job("s3://no-such-bucket-anywhere/x")
    with pytest.raises(ClientError) as refused:
        start(**wrong)
    assert code_of(refused) == "InvalidRequestException"
    with pytest.raises(ClientError) as refused:
        start(**{**desk.job(desk.put("r/r.txt", "x")), "DataAccessRoleArn": desk.role + "-not-there"})
    assert code_of(refused) == "InvalidRequestException"
    with pytest.raises(ClientError) as refused:
        desk.comprehend.describe_sentiment_detection_job(JobId="0" * 32)
    assert code_of(refused) == "JobNotFoundException"


def test_the_role_must_be_allowed_to_read_and_to_write(desk: Comprehension) -> None:
    name = f"reader-{desk.name}"
    trust = {"Effect": "Allow", "Principal": {"Service": "comprehend.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = desk.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    request = {**desk.job(desk.put("secret/s.txt", "A quiet text.")), "DataAccessRoleArn": role}

    def message() -> str:
        job = desk.comprehend.start_dominant_language_detection_job(**request)["JobId"]
        state = desk.ended(
            "describe_dominant_language_detection_job", "DominantLanguageDetectionJobProperties", JobId=job
        )
        assert state["JobStatus"] == "FAILED", state
        return str(state["Message"])

    assert message().startswith("NO_READ_ACCESS_TO_INPUT")
    reads = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [reads]})
    desk.iam.put_role_policy(RoleName=name, PolicyName="reads", PolicyDocument=policy)
    assert message().startswith("NO_WRITE_ACCESS_TO_OUTPUT")


def test_a_stopped_job_ends_and_leaves_nothing(desk: Comprehension) -> None:
    text = "Maria flew from Paris to Rome with Acme Corporation.\n" * 100_000
    job = desk.comprehend.start_entities_detection_job(LanguageCode="en", **desk.job(desk.put("long/l.txt", text)))
    answer = desk.comprehend.stop_entities_detection_job(JobId=job["JobId"])
    assert answer["JobStatus"] in ("STOP_REQUESTED", "STOPPED")
    state = desk.ended("describe_entities_detection_job", "EntitiesDetectionJobProperties", JobId=job["JobId"])
    assert state["JobStatus"] == "STOPPED"
    prefix = state["OutputDataConfig"]["S3Uri"].removeprefix(f"s3://{desk.bucket}/")
    assert desk.s3.list_objects_v2(Bucket=desk.bucket, Prefix=prefix)["KeyCount"] == 0


def test_a_killed_job_goes_on_where_it_was_and_a_killed_training_ends(tmp_path: Path) -> None:
    clary = start_clary(tmp_path / "data")
    port = int(clary.url.rsplit(":", 1)[1])
    try:
        desk = Comprehension(clary, "killed")
        count = 3000
        text = "".join(f"Maria flew from Paris to Rome with Acme Corporation, trip {n}.\n" for n in range(count))
        request = {**desk.job(desk.put("long/l.txt", text)), "LanguageCode": "en"}
        job = desk.comprehend.start_entities_detection_job(**request)["JobId"]
        model = desk.comprehend.create_document_classifier(
            DocumentClassifierName="killed",
            DataAccessRoleArn=desk.role,
            LanguageCode="en",
            InputDataConfig={"S3Uri": desk.put("train.csv", as_csv(headlines(300)))},
        )["DocumentClassifierArn"]

        def look() -> dict[str, Any]:
            found: dict[str, Any] = desk.comprehend.describe_entities_detection_job(JobId=job)
            return dict(found["EntitiesDetectionJobProperties"])

        state = desk.until(look, lambda state: "documents so far" in state.get("Message", "") or "EndTime" in state)
        assert state["JobStatus"] == "IN_PROGRESS", state
        kill(clary)
        progress = json.loads((tmp_path / "data/comprehend/progress" / job / "reached.json").read_text())
        assert 0 < progress["documents"] < count
        clary = start_clary(tmp_path / "data", port)
        state = done(desk, "entities", "Entities", job)
        lines = desk.lines(state["OutputDataConfig"]["S3Uri"])
        assert [line["Line"] for line in lines] == list(range(count))
        assert "Paris" in [one["Text"] for one in lines[-1]["Entities"]]
        learned = desk.ended(
            "describe_document_classifier", "DocumentClassifierProperties", DocumentClassifierArn=model
        )
        assert learned["Status"] == "TRAINED", learned
        assert learned["ClassifierMetadata"]["EvaluationMetrics"]["Accuracy"] > 0.8
    finally:
        clary.command("down")


def test_the_example_tells_what_customers_like_and_dislike(clary: RunningClary) -> None:
    command = [sys.executable, str(ROOT / "examples/reviews.py")]
    done = subprocess.run(command, env=clary.environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    _, liked, disliked = done.stdout.splitlines()
    assert "pictures" in liked
    assert "battery" in disliked and "support" in disliked
