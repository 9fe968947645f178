"""Rekognition with boto3: users, celebrities, videos and streams in which persons are looked for, and liveness."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest

from tests.clients.conftest import RunningClary
from tests.clients.rekognition_desk import NEEDS_WEIGHTS, Clients, code_of, faces, pages, until

BUCKET = "rekognition-people-tests"
ACCOUNT = "123456789012"
STREAMS = f"clary-streams-{ACCOUNT}-us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ClaryExecutionRole"
RATE = 5

pytestmark = NEEDS_WEIGHTS


@pytest.fixture(scope="module")
def clients(clary: RunningClary) -> Clients:
    made = Clients(clary)
    for bucket in (BUCKET, STREAMS):
        made.s3.create_bucket(Bucket=bucket)
    return made


@pytest.fixture(scope="module")
def film(clients: Clients, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A person for two seconds, a black second, and another person for one: in the bucket, and in a local stream."""
    first, second = (cv2.imdecode(np.frombuffer(faces(person)[0], np.uint8), cv2.IMREAD_COLOR) for person in (0, 1))
    black = np.zeros_like(first)
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), RATE, (320, 320))
    for frame, seconds in ((first, 2), (black, 1), (second, 1)):
        shown = cv2.resize(frame, (320, 320))
        cv2.putText(shown, "DOOR 7", (90, 310), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (255, 255, 255), 2)
        for _ in range(seconds * RATE):
            writer.write(frame if frame is black else shown)
    writer.release()
    clients.s3.upload_file(str(path), BUCKET, "film.mp4")
    clients.s3.upload_file(str(path), STREAMS, "door/0001.mp4")
    return {"S3Object": {"Bucket": BUCKET, "Name": "film.mp4"}}


@pytest.fixture(scope="module")
def guests(clients: Clients) -> str:
    """A collection that knows the first person of the film."""
    clients.rekognition.create_collection(CollectionId="guests")
    for picture in faces(0)[1:3]:
        clients.rekognition.index_faces(CollectionId="guests", Image={"Bytes": picture}, ExternalImageId="Ada")
    return "guests"


@pytest.fixture(scope="module")
def gallery(clients: Clients) -> str:
    """The account's celebrities: the second person of the film."""
    made = clients.rekognition.create_collection(
        CollectionId="clary-celebrities", Tags={"Grace_Hopper": "https://example.org/grace gender=Female"}
    )
    clients.rekognition.index_faces(
        CollectionId="clary-celebrities", Image={"Bytes": faces(1)[1]}, ExternalImageId="Grace_Hopper"
    )
    return str(made["CollectionArn"])


def test_users_are_several_faces_of_one_person(clients: Clients) -> None:
    rekognition = clients.rekognition
    rekognition.create_collection(CollectionId="members")
    ids = [
        rekognition.index_faces(CollectionId="members", Image={"Bytes": picture})["FaceRecords"][0]["Face"]["FaceId"]
        for picture in (*faces(0)[:3], faces(1)[0])
    ]
    assert "members" in [name for page in pages(clients, "list_collections") for name in page["CollectionIds"]]
    for user in ("ada", "bob", "ada"):
        rekognition.create_user(CollectionId="members", UserId=user, ClientRequestToken=f"make-{user}")
    assert code_of(lambda: rekognition.create_user(CollectionId="members", UserId="ada")) == "ConflictException"
    answer = rekognition.associate_faces(CollectionId="members", UserId="ada", FaceIds=[*ids[:3], ids[3], ids[0]])
    assert [face["FaceId"] for face in answer["AssociatedFaces"]] == ids[:3]
    (failure,) = answer["UnsuccessfulFaceAssociations"]
    assert (failure["FaceId"], failure["Reasons"], answer["UserStatus"]) == (ids[3], ["LOW_MATCH_CONFIDENCE"], "ACTIVE")
    rekognition.associate_faces(CollectionId="members", UserId="bob", FaceIds=[ids[3]])
    users = [
        user for page in pages(clients, "list_users", CollectionId="members", MaxResults=1) for user in page["Users"]
    ]
    assert users == [{"UserId": user, "UserStatus": "ACTIVE"} for user in ("ada", "bob")]
    found = rekognition.search_users(CollectionId="members", FaceId=ids[1])
    assert [match["User"]["UserId"] for match in found["UserMatches"]] == ["ada"]
    assert rekognition.search_users(CollectionId="members", UserId="ada")["UserMatches"] == []
    kept = rekognition.delete_faces(CollectionId="members", FaceIds=[ids[0]])["UnsuccessfulFaceDeletions"]
    assert kept == [{"FaceId": ids[0], "UserId": "ada", "Reasons": ["ASSOCIATED_TO_AN_EXISTING_USER"]}]
    left = rekognition.disassociate_faces(CollectionId="members", UserId="ada", FaceIds=ids)
    assert [face["FaceId"] for face in left["DisassociatedFaces"]] == ids[:3]
    assert (left["UserStatus"], left["UnsuccessfulFaceDisassociations"][0]["UserId"]) == ("CREATED", "bob")
    assert rekognition.search_users(CollectionId="members", FaceId=ids[1])["UserMatches"] == []
    rekognition.delete_user(CollectionId="members", UserId="ada")
    assert code_of(lambda: rekognition.delete_user(CollectionId="members", UserId="ada")) == "ResourceNotFoundException"
    rekognition.delete_collection(CollectionId="members")


def test_celebrities_are_whom_the_account_knows(clients: Clients, gallery: str) -> None:
    rekognition = clients.rekognition
    (known,) = rekognition.recognize_celebrities(Image={"Bytes": faces(1)[0]})["CelebrityFaces"]
    assert (known["Name"], known["KnownGender"], known["Urls"]) == (
        "Grace Hopper",
        {"Type": "Female"},
        ["https://example.org/grace"],
    )
    rekognition.tag_resource(ResourceArn=gallery, Tags={"team": "navy", "Grace_Hopper": "gender=Unlisted"})
    rekognition.untag_resource(ResourceArn=gallery, TagKeys=["team"])
    assert rekognition.list_tags_for_resource(ResourceArn=gallery)["Tags"] == {"Grace_Hopper": "gender=Unlisted"}
    told = rekognition.get_celebrity_info(Id=known["Id"])
    assert (told["Name"], told["Urls"], told["KnownGender"]) == ("Grace Hopper", [], {"Type": "Unlisted"})
    assert code_of(lambda: rekognition.get_celebrity_info(Id="0000")) == "ResourceNotFoundException"
    assert len(rekognition.recognize_celebrities(Image={"Bytes": faces(0)[0]})["UnrecognizedFaces"]) == 1


def told(ask: Callable[..., dict[str, Any]], job: str, **request: Any) -> dict[str, Any]:
    """The answer about a job at its end."""
    answer = until(lambda: ask(JobId=job, **request), lambda answer: answer["JobStatus"] != "IN_PROGRESS")
    assert answer["JobStatus"] == "SUCCEEDED", answer
    return answer


def test_a_video_is_searched_for_persons_text_and_cuts(
    clients: Clients, film: dict[str, Any], guests: str, gallery: str
) -> None:
    rekognition = clients.rekognition
    search = rekognition.start_face_search(Video=film, CollectionId=guests, JobTag="door")["JobId"]
    known = rekognition.start_celebrity_recognition(Video=film)["JobId"]
    persons = rekognition.start_person_tracking(Video=film)["JobId"]
    text = rekognition.start_text_detection(Video=film)["JobId"]
    moderation = rekognition.start_content_moderation(Video=film, MinConfidence=60)["JobId"]
    cues = rekognition.start_segment_detection(Video=film, SegmentTypes=["SHOT", "TECHNICAL_CUE"])["JobId"]
    answer = told(rekognition.get_face_search, search)
    assert (answer["JobTag"], answer["Video"], answer["VideoMetadata"]["DurationMillis"]) == ("door", film, 4000)
    moments = [person["Timestamp"] for person in answer["Persons"] if person.get("FaceMatches")]
    assert {0, 1000} <= set(moments) and max(moments) < 2000
    assert {match["Face"]["ExternalImageId"] for one in answer["Persons"] for match in one.get("FaceMatches", ())} == {
        "Ada"
    }
    seen = told(rekognition.get_celebrity_recognition, known, SortBy="TIMESTAMP")["Celebrities"]
    assert {one["Celebrity"]["Name"] for one in seen} == {"Grace Hopper"} and seen[0]["Timestamp"] == 3000
    paths = told(rekognition.get_person_tracking, persons, SortBy="TIMESTAMP")["Persons"]
    assert len({one["Person"]["Index"] for one in paths if one["Timestamp"] < 2000}) == 1
    words = told(rekognition.get_text_detection, text)["TextDetections"]
    assert {"DOOR", "7"} <= {one["TextDetection"]["DetectedText"] for one in words if one["Timestamp"] == 0}
    assert not [one for one in words if one["Timestamp"] == 2000]
    assert told(rekognition.get_content_moderation, moderation)["ModerationLabels"] == []
    segments = told(rekognition.get_segment_detection, cues)["Segments"]
    (black,) = (one for one in segments if one["Type"] == "TECHNICAL_CUE")
    assert (black["TechnicalCueSegment"]["Type"], black["StartTimestampMillis"]) == ("BlackFrames", 2000)
    assert next(one["StartTimestampMillis"] for one in segments if one["Type"] == "SHOT") == 0
    one_page = rekognition.get_face_search(JobId=search, SortBy="TIMESTAMP", MaxResults=1)
    assert len(one_page["Persons"]) == 1 and one_page["NextToken"]
    assert code_of(lambda: rekognition.get_face_detection(JobId=search)) == "ResourceNotFoundException"


def test_a_local_stream_is_searched_for_known_faces(clients: Clients, film: dict[str, Any], guests: str) -> None:
    rekognition = clients.rekognition
    kinesis = f"arn:aws:kinesisvideo:us-east-1:{ACCOUNT}:stream/door/1700000000000"
    output = {"KinesisDataStream": {"Arn": f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/AmazonRekognition-faces"}}
    arn = rekognition.create_stream_processor(
        Name="door",
        Input={"KinesisVideoStream": {"Arn": kinesis}},
        Output=output,
        RoleArn=ROLE,
        Settings={"FaceSearch": {"CollectionId": guests, "FaceMatchThreshold": 85.0}},
    )["StreamProcessorArn"]
    session = rekognition.start_stream_processor(Name="door")["SessionId"]
    assert "door" in [one["Name"] for one in rekognition.list_stream_processors()["StreamProcessors"]]
    ended = until(lambda: rekognition.describe_stream_processor(Name="door"), lambda told: told["Status"] != "RUNNING")
    assert (ended["Status"], ended["StreamProcessorArn"]) == ("STOPPED", arn), ended
    place = f"AmazonRekognition-faces/{session}/results.jsonl"
    lines = clients.s3.get_object(Bucket=STREAMS, Key=place)["Body"].read().splitlines()
    records = [json.loads(line) for line in lines]
    found = {
        record["InputInformation"]["KinesisVideo"]["FrameOffsetInSeconds"]: [
            match["Face"]["ExternalImageId"] for face in record["FaceSearchResponse"] for match in face["MatchedFaces"]
        ]
        for record in records
    }
    assert found == {0.0: ["Ada", "Ada"], 1.0: ["Ada", "Ada"], 3.0: []}
    rekognition.delete_stream_processor(Name="door")
    assert code_of(lambda: rekognition.describe_stream_processor(Name="door")) == "ResourceNotFoundException"


def test_a_connected_home_is_changed_started_and_stopped(clients: Clients, film: dict[str, Any]) -> None:
    rekognition = clients.rekognition
    rekognition.create_stream_processor(
        Name="porch",
        Input={"KinesisVideoStream": {"Arn": f"arn:aws:kinesisvideo:us-east-1:{ACCOUNT}:stream/door/1700000000000"}},
        Output={"S3Destination": {"Bucket": BUCKET, "KeyPrefix": "porch"}},
        RoleArn=ROLE,
        Settings={"ConnectedHome": {"Labels": ["PERSON"], "MinConfidence": 99.0}},
    )
    change = {"ConnectedHomeForUpdate": {"Labels": ["PERSON", "PET"], "MinConfidence": 40.0}}
    rekognition.update_stream_processor(Name="porch", SettingsForUpdate=change)
    assert code_of(lambda: rekognition.stop_stream_processor(Name="porch")) == "ResourceInUseException"
    rekognition.start_stream_processor(Name="porch", StopSelector={"MaxDurationInSeconds": 2})
    with contextlib.suppress(rekognition.exceptions.ResourceInUseException):  # it may have come to its end
        rekognition.stop_stream_processor(Name="porch")
    until(lambda: rekognition.describe_stream_processor(Name="porch"), lambda told: told["Status"] == "STOPPED")
    session = rekognition.start_stream_processor(Name="porch", StopSelector={"MaxDurationInSeconds": 2})["SessionId"]
    until(lambda: rekognition.describe_stream_processor(Name="porch"), lambda told: told["Status"] == "STOPPED")
    text = clients.s3.get_object(Bucket=BUCKET, Key=f"porch/{session}/results.jsonl")["Body"].read()
    (event,) = map(json.loads, text.splitlines())
    assert (event["labels"][0]["name"], event["sessionId"]) == ("PERSON", session)
    rekognition.delete_stream_processor(Name="porch")


def test_a_liveness_session_waits_and_makes_up_nothing(clients: Clients) -> None:
    rekognition = clients.rekognition
    session = rekognition.create_face_liveness_session(ClientRequestToken="once")["SessionId"]
    assert rekognition.create_face_liveness_session(ClientRequestToken="once")["SessionId"] == session
    told = rekognition.get_face_liveness_session_results(SessionId=session)
    assert told["Status"] == "CREATED" and "Confidence" not in told
    unknown = "00000000-0000-4000-8000-000000000000"
    ask = rekognition.get_face_liveness_session_results
    assert code_of(lambda: ask(SessionId=unknown)) == "SessionNotFoundException"
