"""Custom Labels with boto3: projects, their data sets and their policies; and every operation has a test here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name

from tests.clients.conftest import RunningClary
from tests.clients.rekognition_desk import NEEDS_WEIGHTS, Clients, code_of, pages, until

BUCKET = "rekognition-project-tests"

pytestmark = NEEDS_WEIGHTS


@pytest.fixture(scope="module")
def clients(clary: RunningClary) -> Clients:
    made = Clients(clary)
    made.s3.create_bucket(Bucket=BUCKET)
    return made


def line(number: int, label: str) -> dict[str, Any]:
    """A line of a manifest."""
    metadata = {"class-name": label, "confidence": 1, "type": "groundtruth/image-classification"}
    return {"source-ref": f"s3://{BUCKET}/{number}.png", "kind": 0, "kind-metadata": metadata}


def manifest(clients: Clients, lines: list[dict[str, Any]]) -> dict[str, Any]:
    """A data set's source, in the bucket."""
    clients.s3.put_object(Bucket=BUCKET, Key="in.manifest", Body="\n".join(map(json.dumps, lines)).encode())
    return {"GroundTruthManifest": {"S3Object": {"Bucket": BUCKET, "Name": "in.manifest"}}}


def test_a_dataset_is_described_listed_changed_distributed_and_deleted(clients: Clients) -> None:
    rekognition = clients.rekognition
    project = rekognition.create_project(ProjectName="birds")["ProjectArn"]
    lines = [*(line(number, ("crow", "swan")[number % 2]) for number in range(10)), line(10, "")]
    train = rekognition.create_dataset(
        ProjectArn=project, DatasetType="TRAIN", DatasetSource=manifest(clients, lines), Tags={"team": "zoo"}
    )["DatasetArn"]
    stats = rekognition.describe_dataset(DatasetArn=train)["DatasetDescription"]["DatasetStats"]
    assert stats == {"LabeledEntries": 10, "TotalEntries": 11, "TotalLabels": 2, "ErrorEntries": 1}
    listed = pages(clients, "list_dataset_entries", DatasetArn=train, MaxResults=4)
    assert [len(page["DatasetEntries"]) for page in listed] == [4, 4, 3]
    (bad,) = rekognition.list_dataset_entries(DatasetArn=train, HasErrors=True)["DatasetEntries"]
    assert json.loads(bad)["cl-metadata"]["errors"][0]["code"] == "ERROR_INVALID_ANNOTATION"
    crows = rekognition.list_dataset_entries(DatasetArn=train, ContainsLabels=["crow"], SourceRefContains="/4")
    assert [json.loads(entry)["source-ref"] for entry in crows["DatasetEntries"]] == [f"s3://{BUCKET}/4.png"]
    change = "\n".join(map(json.dumps, [line(10, "swan"), line(11, "crow")])).encode()
    rekognition.update_dataset_entries(DatasetArn=train, Changes={"GroundTruth": change})
    labels = rekognition.list_dataset_labels(DatasetArn=train)["DatasetLabelDescriptions"]
    assert {one["LabelName"]: one["LabelStats"]["EntryCount"] for one in labels} == {"crow": 6, "swan": 6}
    assert (
        code_of(lambda: rekognition.update_dataset_entries(DatasetArn=train, Changes={"GroundTruth": b"{"}))
        == "InvalidParameterException"
    )
    test = rekognition.create_dataset(ProjectArn=project, DatasetType="TEST")["DatasetArn"]
    again = {"ProjectArn": project, "DatasetType": "TEST"}
    assert code_of(lambda: rekognition.create_dataset(**again)) == "ResourceAlreadyExistsException"
    rekognition.distribute_dataset_entries(Datasets=[{"Arn": train}, {"Arn": test}])
    counts = [
        rekognition.describe_dataset(DatasetArn=arn)["DatasetDescription"]["DatasetStats"]["TotalEntries"]
        for arn in (train, test)
    ]
    assert counts == [10, 2]
    (told,) = rekognition.describe_projects(ProjectNames=["birds"])["ProjectDescriptions"]
    assert {one["DatasetType"] for one in told["Datasets"]} == {"TRAIN", "TEST"}
    rekognition.delete_dataset(DatasetArn=test)
    assert code_of(lambda: rekognition.describe_dataset(DatasetArn=test)) == "ResourceNotFoundException"
    assert rekognition.list_tags_for_resource(ResourceArn=train)["Tags"] == {"team": "zoo"}
    assert rekognition.delete_project(ProjectArn=project)["Status"] == "DELETING"
    assert code_of(lambda: rekognition.list_dataset_entries(DatasetArn=train)) == "ResourceNotFoundException"


def test_a_project_s_policies_are_replaced_by_who_has_read_them(clients: Clients) -> None:
    rekognition = clients.rekognition
    project = rekognition.create_project(ProjectName="shared")["ProjectArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::210987654321:root"},
        "Action": "rekognition:CopyProjectVersion",
        "Resource": f"{project.rsplit('/', 1)[0]}/*",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    named = {"ProjectArn": project, "PolicyName": "neighbour"}
    first = rekognition.put_project_policy(**named, PolicyDocument=document)["PolicyRevisionId"]
    second = rekognition.put_project_policy(**named, PolicyDocument=document, PolicyRevisionId=first)
    stale = {**named, "PolicyDocument": document, "PolicyRevisionId": first}
    assert code_of(lambda: rekognition.put_project_policy(**stale)) == "InvalidPolicyRevisionIdException"
    bad = {**named, "PolicyDocument": '{"Version": "2012-10-17"}'}
    assert code_of(lambda: rekognition.put_project_policy(**bad)) == "MalformedPolicyDocumentException"
    (policy,) = rekognition.list_project_policies(ProjectArn=project)["ProjectPolicies"]
    assert (policy["PolicyRevisionId"], policy["PolicyDocument"]) == (second["PolicyRevisionId"], document)
    rekognition.delete_project_policy(**named, PolicyRevisionId=second["PolicyRevisionId"])
    assert code_of(lambda: rekognition.delete_project_policy(**named)) == "ResourceNotFoundException"
    rekognition.delete_project(ProjectArn=project)


def test_bulk_jobs_are_listed_the_newest_first(clients: Clients) -> None:
    rekognition = clients.rekognition
    clients.s3.put_object(Bucket=BUCKET, Key="bulk.jsonl", Body=b'{"source-ref": "s3://nowhere/a.png"}')
    asked = {
        "OperationsConfig": {"DetectModerationLabels": {}},
        "Input": {"S3Object": {"Bucket": BUCKET, "Name": "bulk.jsonl"}},
        "OutputConfig": {"S3Bucket": BUCKET, "S3KeyPrefix": "bulk"},
    }
    jobs = [rekognition.start_media_analysis_job(**asked, JobName=name)["JobId"] for name in ("one", "two")]
    found = pages(clients, "list_media_analysis_jobs", MaxResults=1)
    listed = [job for page in found for job in page["MediaAnalysisJobs"]]
    assert [job["JobId"] for job in listed[:2]] == jobs[::-1]
    assert [job["JobName"] for job in listed[:2]] == ["two", "one"]
    for job in jobs:
        told = until(
            lambda job=job: rekognition.get_media_analysis_job(JobId=job),  # type: ignore[misc]
            lambda told: told["Status"] in ("SUCCEEDED", "FAILED"),
        )
        assert told["Status"] == "SUCCEEDED", told
    asked["Input"] = {"S3Object": {"Bucket": BUCKET, "Name": "gone.jsonl"}}
    assert code_of(lambda: rekognition.start_media_analysis_job(**asked)) == "InvalidS3ObjectException"


def test_every_operation_is_asked_for_by_these_tests(clients: Clients) -> None:
    sources = "".join(path.read_text() for path in Path(__file__).parent.glob("test_rekognition*.py"))
    model = clients.rekognition.meta.service_model
    missing = [name for name in model.operation_names if f"{xform_name(name)}" not in sources]
    assert not missing
