"""Custom Labels: projects, data sets, versions, policies, and models that run."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
from pathlib import Path
from typing import Any

import orjson
import pytest

from clary.compute.hosting.endpoint_states import DELETING, IN_SERVICE
from clary.compute.hosting.endpoints import EndpointGone, InvokeResponse
from clary.core.errors import AccessDeniedException
from clary.core.operations import collect
from clary.services.rekognition import errors
from clary.services.rekognition.custom_labels.datasets import split
from clary.services.rekognition.custom_labels.entry_store import Entry
from clary.services.rekognition.custom_labels.manifests import BadLine, annotation_of, lines_of

from ..desk import ACCOUNT
from .conftest import BUCKET, Office
from .stand_in import picture

VERSION = "rekognition:project-version"


def classified(name: str, label: str) -> dict[str, Any]:
    metadata = {
        "class-name": label,
        "confidence": 1,
        "human-annotated": "yes",
        "type": "groundtruth/image-classification",
    }
    return {"source-ref": f"s3://{BUCKET}/{name}", "kind": 0, "kind-metadata": metadata}


def boxed(name: str, *boxes: tuple[str, float, float, float, float]) -> dict[str, Any]:
    labels = sorted({box[0] for box in boxes})
    annotations = [
        {"class_id": labels.index(label), "left": left, "top": top, "width": width, "height": height}
        for label, left, top, width, height in boxes
    ]
    return {
        "source-ref": f"s3://{BUCKET}/{name}",
        "things": {"image_size": [{"width": 200, "height": 100, "depth": 3}], "annotations": annotations},
        "things-metadata": {
            "class-map": {str(number): label for number, label in enumerate(labels)},
            "type": "groundtruth/object-detection",
        },
    }


def manifest(office: Office, lines: list[dict[str, Any]], key: str = "in.manifest") -> dict[str, Any]:
    content = b"".join(orjson.dumps(line) + b"\n" for line in lines)
    return {"GroundTruthManifest": {"S3Object": office.put(key, content)}}


def animals(office: Office, count: int = 20) -> list[dict[str, Any]]:
    for number in range(count):
        office.put(f"{number}.png", picture(number=number))
    return [classified(f"{number}.png", "cat" if number % 2 else "dog") for number in range(count)]


def project(office: Office, name: str = "pets") -> str:
    return str(office.call("CreateProject", ProjectName=name)["ProjectArn"])


def dataset(office: Office, arn: str, lines: list[dict[str, Any]] | None = None, kind: str = "TRAIN") -> str:
    more = {} if lines is None else {"DatasetSource": manifest(office, lines)}
    return str(office.call("CreateDataset", ProjectArn=arn, DatasetType=kind, **more)["DatasetArn"])


def train(office: Office, arn: str, name: str = "v1", **request: Any) -> str:
    request = {"OutputConfig": {"S3Bucket": BUCKET, "S3KeyPrefix": "out"}, **request}
    return str(office.call("CreateProjectVersion", ProjectArn=arn, VersionName=name, **request)["ProjectVersionArn"])


def trained(office: Office, arn: str, name: str = "v1") -> str:
    version = train(office, arn, name)
    spec = office.spec(VERSION)
    place = office.place(spec)
    (place / "model").mkdir()
    (place / "model/model.json").write_text("{}")
    keys = ("summary", "manifest_summary")
    keys += tuple(f"{side}_{what}" for side in ("training", "testing") for what in ("input", "output", "validation"))
    result = {"f1": 0.875, "bucket": BUCKET, "files": {key: f"out/{key}" for key in keys}}
    (place / "result.json").write_bytes(orjson.dumps(result))
    office.finish(spec)
    return version


def described(office: Office, arn: str, **request: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = office.call("DescribeProjectVersions", ProjectArn=arn, **request)[
        "ProjectVersionDescriptions"
    ]
    return found


def test_projects_are_made_described_and_deleted(office: Office) -> None:
    arn = project(office)
    assert f":project/pets/{round(office.clock.time() * 1000)}" in arn
    with pytest.raises(errors.ResourceInUseException, match="already exists"):
        project(office)
    train_set = dataset(office, arn, animals(office, 2))
    (one,) = office.call("DescribeProjects", ProjectNames=["pets", "none"])["ProjectDescriptions"]
    assert (one["ProjectArn"], one["Status"], one["Feature"]) == (arn, "CREATED", "CUSTOM_LABELS")
    assert [(found["DatasetArn"], found["DatasetType"]) for found in one["Datasets"]] == [(train_set, "TRAIN")]
    assert office.call("DescribeProjects", Features=["CONTENT_MODERATION"])["ProjectDescriptions"] == []
    office.call("DeleteProject", ProjectArn=arn)
    assert office.call("DescribeProjects")["ProjectDescriptions"] == []
    for operation, request in (("DeleteProject", {"ProjectArn": arn}), ("DescribeDataset", {"DatasetArn": train_set})):
        with pytest.raises(errors.ResourceNotFoundException):
            office.call(operation, **request)


def test_projects_for_adapters_are_refused_by_name(office: Office) -> None:
    with pytest.raises(errors.InvalidParameterException, match="content moderation adapters"):
        office.call("CreateProject", ProjectName="a", Feature="CONTENT_MODERATION")


def test_a_dataset_tells_what_it_holds(office: Office) -> None:
    arn = project(office)
    lines = [
        classified("1.png", "cat"),
        boxed("2.png", ("cat", 0, 0, 100, 50), ("dog", 100, 50, 100, 50), ("dog", 0, 0, 10, 10)),
        {"source-ref": f"s3://{BUCKET}/3.png"},
        boxed("4.png", ("cat", 150, 0, 100, 50)),
    ]
    made = dataset(office, arn, lines)
    stats = office.call("DescribeDataset", DatasetArn=made)["DatasetDescription"]["DatasetStats"]
    assert stats == {"LabeledEntries": 2, "TotalEntries": 4, "TotalLabels": 2, "ErrorEntries": 1}
    labels = office.call("ListDatasetLabels", DatasetArn=made)["DatasetLabelDescriptions"]
    assert labels == [
        {"LabelName": "cat", "LabelStats": {"EntryCount": 2, "BoundingBoxCount": 1}},
        {"LabelName": "dog", "LabelStats": {"EntryCount": 1, "BoundingBoxCount": 2}},
    ]

    def sources(**request: Any) -> list[str]:
        entries = office.call("ListDatasetEntries", DatasetArn=made, **request)["DatasetEntries"]
        return [json.loads(entry)["source-ref"].rpartition("/")[2] for entry in entries]

    assert sources() == ["1.png", "2.png", "3.png", "4.png"]
    assert sources(ContainsLabels=["dog"]) == ["2.png"]
    assert sources(Labeled=True) == ["1.png", "2.png"]
    assert sources(Labeled=False, SourceRefContains="3.png") == ["3.png"]
    assert sources(HasErrors=True) == ["4.png"]
    page = office.call("ListDatasetEntries", DatasetArn=made, MaxResults=3)
    assert sources(NextToken=page["NextToken"]) == ["4.png"]
    shown = json.loads(office.call("ListDatasetEntries", DatasetArn=made, HasErrors=True)["DatasetEntries"][0])
    assert "leaves the image" in shown["cl-metadata"]["errors"][0]["message"]
    page = office.call("ListDatasetLabels", DatasetArn=made, MaxResults=1)
    (rest,) = office.call("ListDatasetLabels", DatasetArn=made, NextToken=page["NextToken"])["DatasetLabelDescriptions"]
    assert rest["LabelName"] == "dog"


def test_entries_are_added_and_changed_by_their_source(office: Office) -> None:
    made = dataset(office, project(office))
    for label in ("cat", "dog"):
        changes = orjson.dumps(classified("1.png", label)) + b"\n"
        office.call("UpdateDatasetEntries", DatasetArn=made, Changes={"GroundTruth": changes})
    told = office.call("DescribeDataset", DatasetArn=made)["DatasetDescription"]
    assert (told["Status"], told["DatasetStats"]["TotalEntries"]) == ("UPDATE_COMPLETE", 1)
    (label,) = office.call("ListDatasetLabels", DatasetArn=made)["DatasetLabelDescriptions"]
    assert label["LabelName"] == "dog"
    deep = b'{"source-ref": "s3://b/k", "x": ' + b"[" * 300 + b"]" * 300 + b"}"
    for text in (b"{", deep, rb'{"source-ref": "s3://b/\ud800"}', b'{"source-ref": "s3://b/k", "x": NaN}'):
        with pytest.raises(errors.InvalidParameterException, match="line 1 is not valid JSON"):
            office.call("UpdateDatasetEntries", DatasetArn=made, Changes={"GroundTruth": text})
    large = b'\xef\xbb\xbf{"source-ref": "s3://b/k", "x": 123456789012345678901234567890}'
    office.call("UpdateDatasetEntries", DatasetArn=made, Changes={"GroundTruth": large})


def test_a_fifth_of_every_label_goes_to_the_test_set(office: Office) -> None:
    arn = project(office)
    first = dataset(office, arn, animals(office, 40))
    second = dataset(office, arn, kind="TEST")
    both = [{"Arn": first}, {"Arn": second}]
    office.call("DistributeDatasetEntries", Datasets=both)
    found = office.call("ListDatasetLabels", DatasetArn=second)["DatasetLabelDescriptions"]
    assert [one["LabelStats"]["EntryCount"] for one in found] == [4, 4]
    assert office.call("DescribeDataset", DatasetArn=first)["DatasetDescription"]["DatasetStats"]["TotalEntries"] == 32
    with pytest.raises(errors.InvalidParameterException, match="must be empty"):
        office.call("DistributeDatasetEntries", Datasets=both)
    with pytest.raises(errors.InvalidParameterException, match="training and the test dataset"):
        office.call("DistributeDatasetEntries", Datasets=[both[0], both[0]])


def test_the_split_is_the_same_every_time_and_of_rare_labels_too() -> None:
    entries = [Entry(number, "", True, "", classified(f"{number}", f"label {number % 10}")) for number in range(30)]
    assert split(entries) == split(list(entries))
    assert len(split(entries)) == 6


def test_datasets_are_copied_and_taken_once(office: Office) -> None:
    arn, other = project(office), project(office, "others")
    source = dataset(office, arn, animals(office, 4))
    office.forbidden.add(f"rekognition:CreateDataset {source}")
    with pytest.raises(AccessDeniedException):
        office.call("CreateDataset", ProjectArn=other, DatasetType="TEST", DatasetSource={"DatasetArn": source})
    office.forbidden.clear()
    copy = office.call("CreateDataset", ProjectArn=other, DatasetType="TEST", DatasetSource={"DatasetArn": source})
    stats = office.call("DescribeDataset", DatasetArn=copy["DatasetArn"])["DatasetDescription"]["DatasetStats"]
    assert stats["TotalEntries"] == 4
    with pytest.raises(errors.ResourceAlreadyExistsException):
        dataset(office, arn)
    office.call("DeleteDataset", DatasetArn=source)
    dataset(office, arn)
    missing = {"GroundTruthManifest": {"S3Object": {"Bucket": BUCKET, "Name": "gone"}}}
    with pytest.raises(errors.InvalidS3ObjectException):
        office.call("CreateDataset", ProjectArn=arn, DatasetType="TEST", DatasetSource=missing)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"kind": 0, "kind-metadata": {"type": "groundtruth/image-classification"}}, "names no class"),
        ({"k": [3], "k-metadata": {"type": "groundtruth/image-classification-multilabel"}}, "class-map of k lacks"),
        ({"b": {}, "b-metadata": {"type": "groundtruth/object-detection"}}, "lacks image_size"),
        (boxed("a", ("x", 0, 0, 0, 10)), "is empty or leaves the image"),
    ],
)
def test_an_annotation_that_cannot_be_understood_is_named(line: dict[str, Any], message: str) -> None:
    with pytest.raises(BadLine, match=message):
        annotation_of({"source-ref": "s3://b/k", **line})


def test_annotations_are_read_from_all_three_kinds_of_lines() -> None:
    both = {
        "source-ref": "s3://b/k",
        "m": [0, 1],
        "m-metadata": {"class-map": {"0": "a", "1": "b"}, "type": "groundtruth/image-classification-multilabel"},
        **{key: value for key, value in classified("x", "c").items() if key != "source-ref"},
    }
    assert annotation_of(both).labels == ("a", "b", "c")
    (box,) = annotation_of(boxed("x", ("dog", 20, 10, 100, 50))).boxes
    assert (box.label, box.left, box.top, box.width, box.height) == ("dog", 0.1, 0.1, 0.5, 0.5)
    assert not annotation_of({"source-ref": "s3://b/k"}).is_labelled
    with pytest.raises(BadLine, match="line 2 has no source-ref"):
        list(lines_of([b'{"source-ref": "s3://b/k"}\n', b"{}"]))


def test_a_training_takes_pictures_and_lines_as_they_are(office: Office) -> None:
    arn = project(office)
    lines = [*animals(office), classified("gone.png", "cat")]
    dataset(office, arn, lines)
    version = train(office, arn)
    assert ":project/pets/version/v1/" in version
    spec = office.spec(VERSION)
    place = office.place(spec)
    task = json.loads(spec.hyperparameters["task"])
    assert (task["kind"], task["name"], task["prefix"]) == ("classification", "pets-v1", "out/pets/v1")
    staged = [
        orjson.loads(line) for name in ("train", "test") for line in (place / f"{name}.jsonl").read_bytes().splitlines()
    ]
    assert len(staged) == 21
    assert [one["error"].partition(":")[0] for one in staged if one["error"]] == ["ERROR_INVALID_IMAGE_S3"]
    assert len(list((place / "pictures").iterdir())) == 20
    assert spec.outputs[0].uri == f"s3://{BUCKET}/out/pets/v1"
    (told,) = described(office, arn)
    assert told["Status"] == "TRAINING_IN_PROGRESS"
    with pytest.raises(errors.ResourceInUseException, match="already exists"):
        train(office, arn)
    with pytest.raises(errors.ResourceInUseException, match="cannot be deleted"):
        office.call("DeleteProjectVersion", ProjectVersionArn=version)
    with pytest.raises(errors.ResourceInUseException, match="still has models"):
        office.call("DeleteProject", ProjectArn=arn)
    office.finish(spec, "ClientError: too few pictures")
    (told,) = described(office, arn)
    assert (told["Status"], told["StatusMessage"]) == ("TRAINING_FAILED", "too few pictures")


def test_a_training_needs_enough_to_learn_from(office: Office) -> None:
    arn = project(office)
    with pytest.raises(errors.InvalidParameterException, match="no training dataset"):
        train(office, arn)
    lines = animals(office)
    few = manifest(office, lines[:6], "few")
    alike = manifest(office, lines[::2] * 1, "alike")
    mixed = manifest(office, [*lines, boxed("0.png", ("cat", 0, 0, 10, 10))], "mixed")
    for source, message in ((few, "needs at least 10"), (alike, "needs at least 10"), (mixed, "one of both")):
        with pytest.raises(errors.InvalidParameterException, match=message):
            train(office, arn, TrainingData={"Assets": [source]}, TestingData={"AutoCreate": True})
    with pytest.raises(errors.InvalidParameterException, match="bucket nowhere"):
        train(office, arn, OutputConfig={"S3Bucket": "nowhere"})
    assert not list((office.folder / "models").glob("*"))


def test_a_trained_version_tells_its_evaluation(office: Office) -> None:
    arn = project(office)
    dataset(office, arn, animals(office))
    trained(office, arn)
    (told,) = described(office, arn, VersionNames=["v1", "v2"])
    assert told["Status"] == "TRAINING_COMPLETED"
    assert told["EvaluationResult"] == {
        "F1Score": 0.875,
        "Summary": {"S3Object": {"Bucket": BUCKET, "Name": "out/summary"}},
    }
    assert told["ManifestSummary"]["S3Object"]["Name"] == "out/manifest_summary"
    assert "TrainingEndTimestamp" in told


def serving(office: Office, status: str) -> None:
    plan = office.hosting.applied[-1]
    record = office.records.by_arn(plan.arn)
    assert record is not None
    office.records.update(record, status=status)


def answered(status: int, body: bytes) -> InvokeResponse:
    return InvokeResponse(status, body, "application/json", {}, "model", 1)


def detect(office: Office, version: str, **request: Any) -> list[dict[str, Any]]:
    handler = collect(office.made)["rekognition", "DetectCustomLabels"].handler
    call = type("Call", (), {"account": ACCOUNT, "region": "us-east-1"})()
    request = {"ProjectVersionArn": version, "Image": {"Bytes": picture()}, **request}
    found: list[dict[str, Any]] = asyncio.run(handler(call, request))["CustomLabels"]
    return found


def test_a_model_runs_answers_and_stops(office: Office) -> None:
    arn = project(office)
    dataset(office, arn, animals(office))
    version = trained(office, arn)
    with pytest.raises(errors.ResourceNotReadyException, match="is not running"):
        detect(office, version)
    assert office.call("StartProjectVersion", ProjectVersionArn=version, MinInferenceUnits=2)["Status"] == "STARTING"
    plan = office.hosting.applied[-1]
    assert plan.variants[0].replicas == 2
    assert Path(plan.variants[0].plan.program.args[0]).name == "model"
    assert described(office, arn)[0]["Status"] == "STARTING"
    serving(office, IN_SERVICE)
    assert described(office, arn)[0]["Status"] == "RUNNING"
    with pytest.raises(errors.ResourceInUseException, match="RUNNING"):
        office.call("StartProjectVersion", ProjectVersionArn=version, MinInferenceUnits=1)
    box = {"left": 0.1, "top": 0.2, "width": 0.3, "height": 0.4}
    found = [
        {"name": "cat", "confidence": 0.6, "threshold": 0.5, "box": box},
        {"name": "dog", "confidence": 0.7, "threshold": 0.8, "box": None},
        {"name": "cow", "confidence": 0.1, "threshold": 0.5, "box": None},
    ]
    office.hosting.answer = answered(200, orjson.dumps(found))
    assert detect(office, version) == [
        {
            "Name": "cat",
            "Confidence": 60.0,
            "Geometry": {"BoundingBox": {"Width": 0.3, "Height": 0.4, "Left": 0.1, "Top": 0.2}},
        }
    ]
    assert [one["Name"] for one in detect(office, version, MinConfidence=50.0)] == ["dog", "cat"]
    assert [one["Name"] for one in detect(office, version, MinConfidence=0.0, MaxResults=1)] == ["dog"]
    refused = orjson.dumps({"reason": "invalid-format", "message": "damaged"})
    office.hosting.answer = answered(400, refused)
    with pytest.raises(errors.InvalidImageFormatException):
        detect(office, version)
    office.hosting.answer = EndpointGone("x")
    with pytest.raises(errors.ResourceNotReadyException):
        detect(office, version)
    assert office.call("StopProjectVersion", ProjectVersionArn=version)["Status"] == "STOPPING"
    assert office.hosting.removed == [plan.arn]
    serving(office, DELETING)
    assert described(office, arn)[0]["Status"] == "STOPPING"
    record = office.records.by_arn(plan.arn)
    assert record is not None
    office.records.delete(record)
    assert described(office, arn)[0]["Status"] == "STOPPED"
    with pytest.raises(errors.ResourceInUseException, match="STOPPED"):
        office.call("StopProjectVersion", ProjectVersionArn=version)
    place = office.folder / "models"
    office.call("DeleteProjectVersion", ProjectVersionArn=version)
    assert not list(place.iterdir())


def test_units_must_fit(office: Office) -> None:
    arn = project(office)
    dataset(office, arn, animals(office))
    version = trained(office, arn)
    with pytest.raises(errors.InvalidParameterException, match="MaxInferenceUnits"):
        office.call("StartProjectVersion", ProjectVersionArn=version, MinInferenceUnits=2, MaxInferenceUnits=1)
    with pytest.raises(errors.LimitExceededException):
        office.call("StartProjectVersion", ProjectVersionArn=version, MinInferenceUnits=26)


def test_a_model_is_copied_into_another_project(office: Office) -> None:
    arn, other = project(office), project(office, "others")
    dataset(office, arn, animals(office))
    version = trained(office, arn)
    request = {
        "SourceProjectArn": arn,
        "SourceProjectVersionArn": version,
        "DestinationProjectArn": other,
        "VersionName": "copied",
        "OutputConfig": {"S3Bucket": BUCKET},
    }
    office.forbidden.add(f"rekognition:CopyProjectVersion {version}")
    with pytest.raises(AccessDeniedException):
        office.call("CopyProjectVersion", **request)
    office.forbidden.clear()
    copy = office.call("CopyProjectVersion", **request)["ProjectVersionArn"]
    office.call("DeleteProjectVersion", ProjectVersionArn=version)
    (told,) = described(office, other)
    assert (told["Status"], told["SourceProjectVersionArn"]) == ("COPYING_COMPLETED", version)
    assert told["EvaluationResult"]["F1Score"] == 0.875
    assert office.call("StartProjectVersion", ProjectVersionArn=copy, MinInferenceUnits=1)["Status"] == "STARTING"
    with pytest.raises(errors.ResourceNotFoundException):
        office.call("CopyProjectVersion", **request)


POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
                "Action": "rekognition:CopyProjectVersion",
                "Resource": "*",
            }
        ],
    }
)


def test_policies_are_changed_by_who_has_read_them(office: Office) -> None:
    arn = project(office)

    def put(**request: Any) -> str:
        request = {"ProjectArn": arn, "PolicyName": "copy", "PolicyDocument": POLICY, **request}
        return str(office.call("PutProjectPolicy", **request)["PolicyRevisionId"])

    first = put()
    second = put(PolicyRevisionId=first)
    with pytest.raises(errors.InvalidPolicyRevisionIdException):
        put(PolicyRevisionId=first)
    with pytest.raises(errors.MalformedPolicyDocumentException):
        put(PolicyDocument='{"Version": "2012-10-17"}')
    (policy,) = office.call("ListProjectPolicies", ProjectArn=arn)["ProjectPolicies"]
    assert (policy["PolicyName"], policy["PolicyRevisionId"], policy["PolicyDocument"]) == ("copy", second, POLICY)
    with pytest.raises(errors.InvalidPolicyRevisionIdException):
        office.call("DeleteProjectPolicy", ProjectArn=arn, PolicyName="copy", PolicyRevisionId=first)
    office.call("DeleteProjectPolicy", ProjectArn=arn, PolicyName="copy")
    with pytest.raises(errors.ResourceNotFoundException):
        office.call("DeleteProjectPolicy", ProjectArn=arn, PolicyName="copy")
    for number in range(5):
        put(PolicyName=f"p{number}")
    with pytest.raises(errors.ServiceQuotaExceededException):
        put(PolicyName="one-more")


def test_a_manifest_with_a_bad_line_at_its_end_leaves_nothing(office: Office, tmp_path: Path) -> None:
    arn = project(office)
    lines = [classified(f"{number}.png", "cat") for number in range(2500)]
    with pytest.raises(errors.InvalidParameterException, match="line 2501 has no source-ref"):
        dataset(office, arn, [*lines, {"source": "s3://b/k"}])
    with contextlib.closing(sqlite3.connect(tmp_path / "all.db")) as database:
        assert database.execute("SELECT count(*) FROM dataset_entries").fetchone() == (0,)
    long = {**classified("long.png", "cat"), "note": "x" * (1 << 20)}
    with pytest.raises(errors.InvalidParameterException, match="line 2 has more than"):
        dataset(office, arn, [lines[0], long])
    described = office.call("DescribeDataset", DatasetArn=dataset(office, arn, lines))["DatasetDescription"]
    assert described["DatasetStats"]["TotalEntries"] == 2500
