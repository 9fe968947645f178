"""The users' own entities and flywheels with boto3 alone."""

from __future__ import annotations

import json
import random

import pytest
from botocore.exceptions import ClientError

from tests.clients.comprehend_desk import Comprehension, headlines, pdf
from tests.clients.conftest import RunningClary
from tests.clients.test_comprehend_models import as_csv, code_of

PARTS = ("valve", "pump", "rotor", "filter", "gasket", "piston")


def orders(count: int, seed: int = 5) -> list[tuple[str, list[tuple[int, int, str]]]]:
    """Made-up sentences with part numbers and machines."""
    dice = random.Random(seed)
    rows = []
    for _ in range(count):
        part = f"{dice.choice('ABCDEFGH')}{dice.choice('KLMNOP')}-{dice.randrange(1000, 9999)}"
        machine = (
            f"{dice.choice(('Turbo', 'Hydro', 'Aero'))}{dice.choice(('max', 'flow', 'jet'))} {dice.randrange(100, 900)}"
        )
        text, spans = "", []
        for piece, kind in (
            (f"Please send one {dice.choice(PARTS)} ", None),
            (part, "PART"),
            (" for the machine ", None),
            (machine, "MACHINE"),
            (dice.choice((" by Friday.", " today.", " as agreed.")), None),
        ):
            if kind:
                spans.append((len(text), len(text) + len(piece), kind))
            text += piece
        rows.append((text, spans))
    return rows


@pytest.fixture(scope="module")
def desk(clary: RunningClary) -> Comprehension:
    """Clients and a trained recognizer."""
    desk = Comprehension(clary, "ner")
    rows = orders(80)
    marks = ["File,Line,Begin Offset,End Offset,Type"]
    marks += [f"orders.txt,{line},{b},{e},{kind}" for line, (_, spans) in enumerate(rows) for b, e, kind in spans]
    desk.recognizer = desk.comprehend.create_entity_recognizer(  # type: ignore[attr-defined]
        RecognizerName=desk.name,
        DataAccessRoleArn=desk.role,
        LanguageCode="en",
        InputDataConfig={
            "EntityTypes": [{"Type": "PART"}, {"Type": "MACHINE"}],
            "Documents": {"S3Uri": desk.put("orders/orders.txt", "\n".join(text for text, _ in rows))},
            "Annotations": {"S3Uri": desk.put("marks/marks.csv", "\n".join(marks))},
        },
    )["EntityRecognizerArn"]
    return desk


def trained(desk: Comprehension, arn: str) -> dict[str, object]:
    return desk.ended("describe_entity_recognizer", "EntityRecognizerProperties", EntityRecognizerArn=arn)


def test_a_recognizer_learns_the_users_types_and_answers(desk: Comprehension) -> None:
    arn = desk.recognizer  # type: ignore[attr-defined]
    state = trained(desk, arn)
    assert state["Status"] == "TRAINED", state
    metadata = state["RecognizerMetadata"]
    assert isinstance(metadata, dict)
    assert metadata["NumberOfTrainedDocuments"] + metadata["NumberOfTestDocuments"] == 80
    assert metadata["EvaluationMetrics"]["F1Score"] > 80
    assert {one["Type"]: one["NumberOfTrainMentions"] for one in metadata["EntityTypes"]}["PART"] >= 70
    endpoint = desk.comprehend.create_endpoint(EndpointName=desk.name, ModelArn=arn, DesiredInferenceUnits=1)
    assert (
        desk.ended("describe_endpoint", "EndpointProperties", EndpointArn=endpoint["EndpointArn"])["Status"]
        == "IN_SERVICE"
    )
    text = "We need the pump BM-4711 for the machine Hydrojet 321 now."
    found = desk.comprehend.detect_entities(Text=text, EndpointArn=endpoint["EndpointArn"])["Entities"]
    assert {(one["Type"], one["Text"]) for one in found} == {("PART", "BM-4711"), ("MACHINE", "Hydrojet 321")}
    assert all(text[one["BeginOffset"] : one["EndOffset"]] == one["Text"] for one in found)
    paper = pdf("Please send the gasket BM-4711 for the machine Aeromax 512 today.")
    answer = desk.comprehend.detect_entities(Bytes=paper, EndpointArn=endpoint["EndpointArn"])
    assert {(one["Type"], one["Text"]) for one in answer["Entities"]} == {
        ("PART", "BM-4711"),
        ("MACHINE", "Aeromax 512"),
    }
    words = {block["Id"]: block["Text"] for block in answer["Blocks"] if block["BlockType"] == "WORD"}
    for one in answer["Entities"]:
        assert "BeginOffset" not in one
        children = [child["ChildBlockId"] for block in one["BlockReferences"] for child in block["ChildBlocks"]]
        assert " ".join(words[child] for child in children) == one["Text"]
    source = desk.put("new/orders.txt", "\n".join(text for text, _ in orders(10, seed=8)))
    job = desk.comprehend.start_entities_detection_job(LanguageCode="en", EntityRecognizerArn=arn, **desk.job(source))
    done = desk.ended("describe_entities_detection_job", "EntitiesDetectionJobProperties", JobId=job["JobId"])
    assert done["JobStatus"] == "COMPLETED", done
    lines = desk.lines(done["OutputDataConfig"]["S3Uri"])
    assert sum(len(line["Entities"]) for line in lines) >= 18
    with pytest.raises(ClientError) as refused:
        desk.comprehend.delete_entity_recognizer(EntityRecognizerArn=arn)
    assert code_of(refused) == "ResourceInUseException"
    desk.comprehend.delete_endpoint(EndpointArn=endpoint["EndpointArn"])
    summaries = desk.comprehend.list_entity_recognizer_summaries()["EntityRecognizerSummariesList"]
    assert desk.name in [one["RecognizerName"] for one in summaries]


def test_a_list_of_names_and_a_manifest_teach_as_well(desk: Comprehension) -> None:
    rows = orders(60, seed=11)
    names = sorted({(text[b:e], kind) for text, spans in rows for b, e, kind in spans if kind == "MACHINE"})
    config = {
        "EntityTypes": [{"Type": "MACHINE"}],
        "Documents": {"S3Uri": desk.put("listed/o.txt", "\n".join(text for text, _ in rows))},
        "EntityList": {
            "S3Uri": desk.put("list/l.csv", "Text,Type\n" + "".join(f"{one},{two}\n" for one, two in names))
        },
    }
    manifest = "\n".join(
        json.dumps(
            {
                "source": text,
                "labels": {
                    "annotations": {"entities": [{"startOffset": b, "endOffset": e, "label": k} for b, e, k in own]}
                },
            }
        )
        for text, own in rows
    )
    augmented = {
        "DataFormat": "AUGMENTED_MANIFEST",
        "EntityTypes": [{"Type": "PART"}, {"Type": "MACHINE"}],
        "AugmentedManifests": [{"S3Uri": desk.put("m/m.manifest", manifest), "AttributeNames": ["labels"]}],
    }
    for version, wanted in (("listed", config), ("manifest", augmented)):
        arn = desk.comprehend.create_entity_recognizer(
            RecognizerName=f"{desk.name}-2",
            VersionName=version,
            DataAccessRoleArn=desk.role,
            LanguageCode="en",
            InputDataConfig=wanted,
        )["EntityRecognizerArn"]
        state = trained(desk, arn)
        assert state["Status"] == "TRAINED", state
        assert state["VersionName"] == version
        assert state["RecognizerMetadata"]["EvaluationMetrics"]["F1Score"] > 70  # type: ignore[index]


def test_pages_of_pdfs_that_people_marked_teach_as_well(desk: Comprehension) -> None:
    rows = []
    for number, (text, own) in enumerate(orders(60, seed=17)):
        line = {"BlockType": "LINE", "Id": "l", "Text": text, "Page": 1, "Relationships": []}
        marked = [
            {
                "Type": kind,
                "Score": 1,
                "Text": text[b:e],
                "BlockReferences": [{"BlockId": "l", "BeginOffset": b, "EndOffset": e, "ChildBlocks": []}],
            }
            for b, e, kind in own
        ]
        page = {"Version": "2021-04-30", "DocumentType": "NativePDF", "Blocks": [line], "Entities": marked}
        uri = desk.put(f"pages/job/iteration-1/{number}-ann.json", json.dumps(page))
        rows.append({"source-ref": f"s3://{desk.bucket}/{number}.pdf", "page": "1", "job": {"annotation-ref": uri}})
    manifest: dict[str, object] = {
        "S3Uri": desk.put("pages.manifest", "".join(json.dumps(row) + "\n" for row in rows)),
        "AttributeNames": ["job"],
        "DocumentType": "SEMI_STRUCTURED_DOCUMENT",
    }
    request = {
        "RecognizerName": f"{desk.name}-pages",
        "DataAccessRoleArn": desk.role,
        "LanguageCode": "en",
        "InputDataConfig": {
            "DataFormat": "AUGMENTED_MANIFEST",
            "EntityTypes": [{"Type": "PART"}, {"Type": "MACHINE"}],
            "AugmentedManifests": [manifest],
        },
    }
    with pytest.raises(ClientError, match="AnnotationDataS3Uri is required"):
        desk.comprehend.create_entity_recognizer(**request)
    manifest["AnnotationDataS3Uri"] = f"s3://{desk.bucket}/pages/job"
    state = trained(desk, desk.comprehend.create_entity_recognizer(**request)["EntityRecognizerArn"])
    assert state["Status"] == "TRAINED", state
    assert state["RecognizerMetadata"]["EvaluationMetrics"]["F1Score"] > 70  # type: ignore[index]


def test_annotations_beside_their_documents_are_told(desk: Comprehension) -> None:
    arn = desk.comprehend.create_entity_recognizer(
        RecognizerName=f"{desk.name}-wrong",
        DataAccessRoleArn=desk.role,
        LanguageCode="en",
        InputDataConfig={
            "EntityTypes": [{"Type": "PART"}],
            "Documents": {"S3Uri": desk.put("short/d.txt", "one\ntwo")},
            "Annotations": {
                "S3Uri": desk.put("far/a.csv", "File,Line,Begin Offset,End Offset,Type\nd.txt,1,0,99,PART\n")
            },
        },
    )["EntityRecognizerArn"]
    state = trained(desk, arn)
    assert state["Status"] == "IN_ERROR"
    assert "ends at 99, but the document has 3 characters" in str(state["Message"])
    desk.comprehend.delete_entity_recognizer(EntityRecognizerArn=arn)
    with pytest.raises(ClientError) as refused:
        desk.comprehend.describe_entity_recognizer(EntityRecognizerArn=arn)
    assert code_of(refused) == "ResourceNotFoundException"


def test_a_flywheel_trains_a_better_version_with_what_comes_in(desk: Comprehension) -> None:
    wheel = desk.comprehend.create_flywheel(
        FlywheelName=desk.name,
        DataAccessRoleArn=desk.role,
        DataLakeS3Uri=f"s3://{desk.bucket}/lake",
        ModelType="DOCUMENT_CLASSIFIER",
        TaskConfig={"LanguageCode": "en", "DocumentClassificationConfig": {"Mode": "MULTI_CLASS"}},
    )["FlywheelArn"]
    with pytest.raises(ClientError) as refused:
        desk.comprehend.start_flywheel_iteration(FlywheelArn=wheel)
    assert code_of(refused) == "InvalidRequestException"
    for name, kind, rows in (("first", "TRAIN", headlines(90)), ("check", "TEST", headlines(30, seed=8))):
        dataset = desk.comprehend.create_dataset(
            FlywheelArn=wheel,
            DatasetName=name,
            DatasetType=kind,
            InputDataConfig={
                "DataFormat": "COMPREHEND_CSV",
                "DocumentClassifierInputDataConfig": {"S3Uri": desk.put(f"sets/{name}.csv", as_csv(rows))},
            },
        )["DatasetArn"]
        state = desk.ended("describe_dataset", "DatasetProperties", DatasetArn=dataset)
        assert state["Status"] == "COMPLETED", state
        assert state["NumberOfDocuments"] == len(rows)
    assert (
        len(desk.comprehend.list_datasets(FlywheelArn=wheel, Filter={"DatasetType": "TEST"})["DatasetPropertiesList"])
        == 1
    )
    for number in range(2):
        started = desk.comprehend.start_flywheel_iteration(FlywheelArn=wheel)
        identity = started["FlywheelIterationId"]
        state = desk.ended(
            "describe_flywheel_iteration",
            "FlywheelIterationProperties",
            FlywheelArn=wheel,
            FlywheelIterationId=identity,
        )
        assert state["Status"] == "COMPLETED", state
        assert state["TrainedModelMetrics"]["AverageF1Score"] > 0.85
        assert ("EvaluatedModelMetrics" in state) == (number == 1)
    properties = desk.comprehend.describe_flywheel(FlywheelArn=wheel)["FlywheelProperties"]
    assert properties["LatestFlywheelIteration"] == identity
    assert properties["ActiveModelArn"] != state["TrainedModelArn"]
    updated = desk.comprehend.update_flywheel(FlywheelArn=wheel, ActiveModelArn=state["TrainedModelArn"])
    assert updated["FlywheelProperties"]["ActiveModelArn"] == state["TrainedModelArn"]
    history = desk.comprehend.list_flywheel_iteration_history(FlywheelArn=wheel)["FlywheelIterationPropertiesList"]
    assert len(history) == 2
    assert wheel in [one["FlywheelArn"] for one in desk.comprehend.list_flywheels()["FlywheelSummaryList"]]
    lake = desk.s3.list_objects_v2(Bucket=desk.bucket, Prefix=f"lake/{desk.name}/")
    assert lake["KeyCount"] == 2
    job = desk.comprehend.start_document_classification_job(
        FlywheelArn=wheel, **desk.job(desk.put("w/n.txt", "The rocket landed on the moon"))
    )
    assert job["DocumentClassifierArn"] == state["TrainedModelArn"]
    done = desk.ended("describe_document_classification_job", "DocumentClassificationJobProperties", JobId=job["JobId"])
    assert done["JobStatus"] == "COMPLETED", done
    assert done["FlywheelArn"] == wheel
    desk.comprehend.delete_flywheel(FlywheelArn=wheel)
    with pytest.raises(ClientError) as refused:
        desk.comprehend.describe_flywheel(FlywheelArn=wheel)
    assert code_of(refused) == "ResourceNotFoundException"
