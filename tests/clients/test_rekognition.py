"""Rekognition with boto3: pictures, collections, videos, and a model of Custom Labels from pictures to answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.clients.conftest import RunningClary
from tests.clients.rekognition_desk import (
    DATA,
    NEEDS_WEIGHTS,
    PATIENCE_SECONDS,
    Clients,
    code_of,
    faces,
    png,
    until,
)

BUCKET = "rekognition-client-tests"

pytestmark = NEEDS_WEIGHTS


@pytest.fixture(scope="module")
def clients(clary: RunningClary) -> Clients:
    made = Clients(clary)
    made.s3.create_bucket(Bucket=BUCKET)
    return made


def test_an_empty_picture_shows_nothing_and_its_colour(clients: Clients) -> None:
    rekognition, image = clients.rekognition, {"Bytes": png(colour="#2040c0")}
    answer = rekognition.detect_labels(Image=image, Features=["GENERAL_LABELS", "IMAGE_PROPERTIES"], MinConfidence=60)
    assert answer["Labels"] == []
    (colour,) = answer["ImageProperties"]["DominantColors"][:1]
    assert (colour["SimplifiedColor"], colour["PixelPercent"] > 95) == ("blue", True)
    assert rekognition.detect_faces(Image=image)["FaceDetails"] == []
    assert rekognition.detect_text(Image=image)["TextDetections"] == []
    assert rekognition.detect_moderation_labels(Image=image, MinConfidence=60)["ModerationLabels"] == []
    assert rekognition.recognize_celebrities(Image=image)["CelebrityFaces"] == []


def test_printed_words_are_read(clients: Clients) -> None:
    def write(pen: Any) -> None:
        pen.text((20, 60), "EXIT 42", fill="black", font_size=56)

    found = clients.rekognition.detect_text(Image={"Bytes": png(colour="white", draw=write)})["TextDetections"]
    assert [one["DetectedText"] for one in found if one["Type"] == "WORD"] == ["EXIT", "42"]
    (line,) = (one for one in found if one["Type"] == "LINE")
    assert all(one["ParentId"] == line["Id"] for one in found if one["Type"] == "WORD")


def test_pictures_that_cannot_be_used_get_aws_s_errors(clients: Clients) -> None:
    rekognition = clients.rekognition
    detect = rekognition.detect_labels
    assert code_of(lambda: detect(Image={"Bytes": b"not a picture"})) == "InvalidImageFormatException"
    assert code_of(lambda: detect(Image={"Bytes": png()[:200]})) == "InvalidImageFormatException"
    assert code_of(lambda: detect(Image={"Bytes": png((1, 1))})) == "InvalidParameterException"
    assert code_of(lambda: detect(Image={})) == "InvalidParameterException"
    missing = {"S3Object": {"Bucket": BUCKET, "Name": "gone.png"}}
    assert code_of(lambda: detect(Image=missing)) == "InvalidS3ObjectException"
    clients.s3.put_object(Bucket=BUCKET, Key="large.png", Body=png() + b"\0" * (15 << 20))
    large = {"S3Object": {"Bucket": BUCKET, "Name": "large.png"}}
    assert code_of(lambda: detect(Image=large)) == "ImageTooLargeException"


def test_a_person_is_found_again_in_another_picture(clients: Clients) -> None:
    rekognition = clients.rekognition
    rekognition.create_collection(CollectionId="staff")
    for number in range(3):
        answer = rekognition.index_faces(
            CollectionId="staff", Image={"Bytes": faces(number)[0]}, ExternalImageId=f"person-{number}"
        )
        assert len(answer["FaceRecords"]) == 1
    for number in range(3):
        found = rekognition.search_faces_by_image(CollectionId="staff", Image={"Bytes": faces(number)[1]})
        assert found["FaceMatches"][0]["Face"]["ExternalImageId"] == f"person-{number}"
    one = rekognition.list_faces(CollectionId="staff")["Faces"][0]["FaceId"]
    rekognition.create_user(CollectionId="staff", UserId="zero")
    rekognition.associate_faces(CollectionId="staff", UserId="zero", FaceIds=[one])
    found = rekognition.search_users_by_image(CollectionId="staff", Image={"Bytes": faces(0)[2]})
    assert [match["User"]["UserId"] for match in found["UserMatches"]] == ["zero"]
    rekognition.delete_user(CollectionId="staff", UserId="zero")
    assert rekognition.delete_faces(CollectionId="staff", FaceIds=[one])["DeletedFaces"] == [one]
    found = rekognition.search_faces_by_image(CollectionId="staff", Image={"Bytes": faces(0)[1]})
    assert "person-0" not in [match["Face"]["ExternalImageId"] for match in found["FaceMatches"]]
    assert rekognition.describe_collection(CollectionId="staff")["FaceCount"] == 2
    rekognition.delete_collection(CollectionId="staff")
    assert code_of(lambda: rekognition.list_faces(CollectionId="staff")) == "ResourceNotFoundException"


def test_faces_are_described_and_compared(clients: Clients) -> None:
    rekognition, pictures, other = clients.rekognition, faces(0), faces(1)
    (face,) = rekognition.detect_faces(Image={"Bytes": pictures[0]}, Attributes=["ALL"])["FaceDetails"]
    assert face["AgeRange"]["Low"] < face["AgeRange"]["High"]
    assert len(face["Landmarks"]) == 30
    for name in ("Smile", "Eyeglasses", "Sunglasses", "Beard", "Mustache", "EyesOpen", "MouthOpen", "FaceOccluded"):
        assert face[name]["Value"] in (True, False) and 50 <= face[name]["Confidence"] <= 100, name
    assert face["EyeDirection"]["Confidence"] > 50 and face["Gender"]["Value"] in ("Male", "Female")
    same = rekognition.compare_faces(SourceImage={"Bytes": pictures[0]}, TargetImage={"Bytes": pictures[1]})
    assert same["FaceMatches"][0]["Similarity"] > 80
    another = rekognition.compare_faces(SourceImage={"Bytes": pictures[0]}, TargetImage={"Bytes": other[0]})
    assert (another["FaceMatches"], len(another["UnmatchedFaces"])) == ([], 1)


def test_who_wears_a_helmet_is_told_from_who_does_not(clients: Clients) -> None:
    helmets, portrait = DATA / "ppe_hard_hat" / "dev" / "images", DATA / "face_quality_poses" / "common" / "photo1.jpeg"
    if not helmets.exists() or not portrait.exists():
        pytest.skip("../shared/data is not here")
    detect = clients.rekognition.detect_protective_equipment
    required = {"MinConfidence": 60, "RequiredEquipmentTypes": ["HEAD_COVER"]}
    for path in sorted(helmets.glob("*.jpg"))[:2]:
        worn = detect(Image={"Bytes": path.read_bytes()}, SummarizationAttributes=required)
        first = worn["Persons"][0]
        (head,) = (part for part in first["BodyParts"] if part["Name"] == "HEAD")
        (cover,) = head["EquipmentDetections"]
        assert (cover["Type"], cover["CoversBodyPart"]["Value"]) == ("HEAD_COVER", True)
        assert first["Id"] in worn["Summary"]["PersonsWithRequiredEquipment"]
    clients.s3.upload_file(str(portrait), BUCKET, "portrait.jpeg")
    bare = detect(Image={"S3Object": {"Bucket": BUCKET, "Name": "portrait.jpeg"}}, SummarizationAttributes=required)
    assert bare["Summary"]["PersonsWithoutRequiredEquipment"] == [0]
    assert {"FACE", "HEAD"} <= {part["Name"] for part in bare["Persons"][0]["BodyParts"]}
    nobody = detect(Image={"Bytes": png()}, SummarizationAttributes=required)
    assert nobody["Persons"] == [] and not any(nobody["Summary"].values())
    assert "Summary" not in detect(Image={"Bytes": png()})
    assert code_of(lambda: detect(Image={"Bytes": png((63, 63))})) == "InvalidParameterException"


def test_a_video_is_searched_for_cars(clients: Clients) -> None:
    path = DATA / "videos_intel" / "common" / "car-detection.mp4"
    if not path.exists():
        pytest.skip("../shared/data is not here")
    rekognition = clients.rekognition
    clients.s3.upload_file(str(path), BUCKET, "cars.mp4")
    video = {"S3Object": {"Bucket": BUCKET, "Name": "cars.mp4"}}
    labels = rekognition.start_label_detection(Video=video, MinConfidence=50)["JobId"]
    shots = rekognition.start_segment_detection(Video=video, SegmentTypes=["SHOT"])["JobId"]
    answer = until(
        lambda: rekognition.get_label_detection(JobId=labels, SortBy="NAME"),
        lambda answer: answer["JobStatus"] != "IN_PROGRESS",
    )
    assert answer["JobStatus"] == "SUCCEEDED", answer
    assert (answer["VideoMetadata"]["FrameWidth"], answer["VideoMetadata"]["FrameRate"]) == (768, 12.5)
    assert len({one["Timestamp"] for one in answer["Labels"] if one["Label"]["Name"] == "Car"}) >= 3
    answer = until(
        lambda: rekognition.get_segment_detection(JobId=shots), lambda answer: answer["JobStatus"] != "IN_PROGRESS"
    )
    (shot,) = answer["Segments"]
    assert (shot["StartFrameNumber"], shot["EndFrameNumber"]) == (0, 376)


def test_a_file_that_is_cut_short_fails_with_a_reason(clients: Clients) -> None:
    clients.s3.put_object(Bucket=BUCKET, Key="broken.mp4", Body=b"\0\0\0\x18ftypmp42" + b"\0" * 500)
    video = {"S3Object": {"Bucket": BUCKET, "Name": "broken.mp4"}}
    job = clients.rekognition.start_face_detection(Video=video)["JobId"]
    answer = until(
        lambda: clients.rekognition.get_face_detection(JobId=job), lambda answer: answer["JobStatus"] != "IN_PROGRESS"
    )
    assert answer["JobStatus"] == "FAILED"
    assert "video" in answer["StatusMessage"]


def test_moderation_in_bulk_writes_a_line_for_every_picture(clients: Clients) -> None:
    rekognition, s3 = clients.rekognition, clients.s3
    s3.put_object(Bucket=BUCKET, Key="bulk/a.png", Body=png())
    lines = [{"source-ref": f"s3://{BUCKET}/bulk/{name}.png"} for name in ("a", "gone")]
    s3.put_object(Bucket=BUCKET, Key="bulk/in.jsonl", Body="\n".join(map(json.dumps, lines)).encode())
    job = rekognition.start_media_analysis_job(
        OperationsConfig={"DetectModerationLabels": {"MinConfidence": 50}},
        Input={"S3Object": {"Bucket": BUCKET, "Name": "bulk/in.jsonl"}},
        OutputConfig={"S3Bucket": BUCKET, "S3KeyPrefix": "bulk/out"},
    )["JobId"]
    told = until(
        lambda: rekognition.get_media_analysis_job(JobId=job), lambda told: told["Status"] in ("SUCCEEDED", "FAILED")
    )
    place = told["Results"]["S3Object"]
    text = s3.get_object(Bucket=place["Bucket"], Key=place["Name"])["Body"].read()
    first, second = map(json.loads, text.splitlines())
    assert first["detect-moderation-labels"]["ModerationLabels"] == []
    assert second["detect-moderation-labels-error"]["code"] == "InvalidS3ObjectException"


def shapes(number: int) -> tuple[bytes, str]:
    """A made-up picture of one of two things, never twice the same."""
    kind, x, y = ("disc", "stripes")[number % 2], 20 + 7 * (number % 9), 15 + 5 * (number % 7)

    def draw(pen: Any) -> None:
        if kind == "disc":
            pen.ellipse((x, y, x + 60, y + 60), fill=(200 - number, 40, 60 + number))
        else:
            for step in range(0, 128, 14):
                pen.line((step + number % 5, 0, step + 20, 128), fill=(30, 90, 160 + number), width=5)

    return png((128, 128), "#d8d8d0", draw), kind


def test_a_model_of_custom_labels_learns_and_answers(clients: Clients) -> None:
    rekognition, s3 = clients.rekognition, clients.s3
    project = rekognition.create_project(ProjectName="shapes")["ProjectArn"]
    lines = []
    for number in range(40):
        picture, kind = shapes(number)
        s3.put_object(Bucket=BUCKET, Key=f"shapes/{number}.png", Body=picture)
        metadata = {"class-name": kind, "confidence": 1, "type": "groundtruth/image-classification"}
        lines.append(
            {"source-ref": f"s3://{BUCKET}/shapes/{number}.png", "kind": number % 2, "kind-metadata": metadata}
        )
    s3.put_object(Bucket=BUCKET, Key="shapes.manifest", Body="\n".join(map(json.dumps, lines)).encode())
    manifest = {"S3Object": {"Bucket": BUCKET, "Name": "shapes.manifest"}}
    train = rekognition.create_dataset(
        ProjectArn=project, DatasetType="TRAIN", DatasetSource={"GroundTruthManifest": manifest}
    )["DatasetArn"]
    test = rekognition.create_dataset(ProjectArn=project, DatasetType="TEST")["DatasetArn"]
    rekognition.distribute_dataset_entries(Datasets=[{"Arn": train}, {"Arn": test}])
    version = rekognition.create_project_version(
        ProjectArn=project, VersionName="v1", OutputConfig={"S3Bucket": BUCKET, "S3KeyPrefix": "out"}
    )["ProjectVersionArn"]
    rekognition.get_waiter("project_version_training_completed").wait(
        ProjectArn=project, VersionNames=["v1"], WaiterConfig={"Delay": 1, "MaxAttempts": PATIENCE_SECONDS}
    )
    (told,) = rekognition.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"]
    assert told["EvaluationResult"]["F1Score"] > 0.9
    place = told["EvaluationResult"]["Summary"]["S3Object"]
    summary = json.loads(s3.get_object(Bucket=place["Bucket"], Key=place["Name"])["Body"].read())
    assert [one["Label"] for one in summary["LabelEvaluationResults"]] == ["disc", "stripes"]
    assert summary["EvaluationDetails"]["NumberOfTestingImages"] == 8
    other = rekognition.create_project(ProjectName="copies")["ProjectArn"]
    copied = rekognition.copy_project_version(
        SourceProjectArn=project,
        SourceProjectVersionArn=version,
        DestinationProjectArn=other,
        VersionName="v1",
        OutputConfig={"S3Bucket": BUCKET},
    )["ProjectVersionArn"]
    (copy,) = rekognition.describe_project_versions(ProjectArn=other)["ProjectVersionDescriptions"]
    assert (copy["Status"], copy["SourceProjectVersionArn"]) == ("COPYING_COMPLETED", version)
    assert copy["EvaluationResult"] == told["EvaluationResult"]
    rekognition.delete_project_version(ProjectVersionArn=copied)
    rekognition.delete_project(ProjectArn=other)
    rekognition.start_project_version(ProjectVersionArn=version, MinInferenceUnits=1)
    rekognition.get_waiter("project_version_running").wait(
        ProjectArn=project, VersionNames=["v1"], WaiterConfig={"Delay": 1, "MaxAttempts": PATIENCE_SECONDS}
    )
    for number in (50, 51):
        picture, kind = shapes(number)
        answer = rekognition.detect_custom_labels(ProjectVersionArn=version, Image={"Bytes": picture}, MinConfidence=50)
        assert [label["Name"] for label in answer["CustomLabels"]] == [kind]
    assert (
        code_of(
            lambda: rekognition.detect_custom_labels(ProjectVersionArn=version, Image={"Bytes": b"\x89PNG\r\n\x1a\n"})
        )
        == "InvalidImageFormatException"
    )
    rekognition.stop_project_version(ProjectVersionArn=version)
    until(
        lambda: rekognition.describe_project_versions(ProjectArn=project)["ProjectVersionDescriptions"][0],
        lambda told: told["Status"] == "STOPPED",
    )
    assert rekognition.delete_project_version(ProjectVersionArn=version)["Status"] == "DELETING"
    rekognition.delete_project(ProjectArn=project)
