"""Jobs on stored videos and on many pictures, and stream processors: what is around their programs."""

from __future__ import annotations

import base64
import json
from typing import Any

import orjson
import pytest

from clary.core.errors import AccessDeniedException
from clary.services.rekognition import errors
from clary.services.rekognition.faces.face_copies import FACES, read_copy
from clary.services.rekognition.line_file import read_lines, write_lines
from clary.services.rekognition.programs.segment_analysis import timecode
from clary.services.rekognition.programs.spans import spans
from clary.services.rekognition.videos.video_jobs import is_video

from ..desk import ACCOUNT
from .conftest import BUCKET, ROLE, Office
from .stand_in import face, picture

MP4 = b"\x00\x00\x00\x18ftypmp42" + b"\0" * 100
VIDEO_JOB = "rekognition:video-job"
STREAM = f"arn:aws:kinesisvideo:us-east-1:{ACCOUNT}:stream/door/1"
DATA_STREAM = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/found"


def video(office: Office) -> dict[str, Any]:
    return {"S3Object": office.put("clip.mp4", MP4)}


def finished(office: Office, **orders: list[dict[str, Any]]) -> None:
    """Lets the last job leave results and end."""
    spec = office.spec(VIDEO_JOB)
    place = office.place(spec)
    for order, entries in orders.items():
        write_lines(place / order.replace("_", "-"), entries)
    (place / "summary.json").write_text(json.dumps({"VideoMetadata": {"Codec": "h264", "FrameRate": 25.0}}))
    office.finish(spec)


def test_a_job_takes_the_video_as_it_is_and_says_how_it_goes(office: Office) -> None:
    job = office.call("StartLabelDetection", Video=video(office), MinConfidence=70.0, JobTag="mine")["JobId"]
    spec = office.spec(VIDEO_JOB)
    assert (office.place(spec) / "video").read_bytes() == MP4
    assert spec.program.environment == {"CLARY_WEIGHTS": "/weights/vision"}
    task = json.loads(spec.hyperparameters["task"])
    assert (task["kind"], task["least"]) == ("labels", 70.0)
    answer = office.call("GetLabelDetection", JobId=job)
    assert (answer["JobStatus"], answer["JobTag"], "Labels" in answer) == ("IN_PROGRESS", "mine", False)
    office.finish(spec, "ClientError: the file is damaged")
    answer = office.call("GetLabelDetection", JobId=job)
    assert (answer["JobStatus"], answer["StatusMessage"]) == ("FAILED", "the file is damaged")


def entry(moment: int, name: str) -> dict[str, Any]:
    label = {"Name": name, "Confidence": 90.0, "Instances": [], "Parents": [], "Aliases": [], "Categories": []}
    return {"Timestamp": moment, "Label": label}


def test_results_come_page_by_page_in_every_order(office: Office) -> None:
    job = office.call("StartLabelDetection", Video=video(office))["JobId"]
    by_time = [entry(0, "Car"), entry(0, "Bus"), entry(1000, "Car")]
    by_name = sorted(by_time, key=lambda one: one["Label"]["Name"])
    stretch = {**entry(0, "Car"), "StartTimestampMillis": 0, "EndTimestampMillis": 1000, "DurationMillis": 1000}
    finished(office, timestamp=by_time, name=by_name, segments_timestamp=[stretch], segments_name=[stretch])

    def told(**request: Any) -> dict[str, Any]:
        return office.call("GetLabelDetection", JobId=job, **request)

    page = told(MaxResults=2)
    assert (page["JobStatus"], page["Labels"], page["VideoMetadata"]["Codec"]) == ("SUCCEEDED", by_time[:2], "h264")
    assert page["LabelModelVersion"]
    last = told(MaxResults=2, NextToken=page["NextToken"])
    assert (last["Labels"], "NextToken" in last) == (by_time[2:], False)
    assert told(SortBy="NAME")["Labels"] == by_name
    grouped = told(AggregateBy="SEGMENTS")
    assert grouped["Labels"] == [stretch]
    assert grouped["GetRequestMetadata"] == {"SortBy": "TIMESTAMP", "AggregateBy": "SEGMENTS"}
    for token in (page["NextToken"], "nonsense"):
        with pytest.raises(errors.InvalidPaginationTokenException):
            told(SortBy="NAME", NextToken=token)


@pytest.mark.parametrize(
    ("start", "get", "more"),
    [
        ("StartLabelDetection", "GetLabelDetection", {}),
        ("StartFaceDetection", "GetFaceDetection", {"FaceAttributes": "ALL"}),
        ("StartTextDetection", "GetTextDetection", {"Filters": {"WordFilter": {"MinConfidence": 60.0}}}),
        ("StartContentModeration", "GetContentModeration", {"MinConfidence": 60.0}),
        ("StartPersonTracking", "GetPersonTracking", {}),
        ("StartCelebrityRecognition", "GetCelebrityRecognition", {}),
        ("StartSegmentDetection", "GetSegmentDetection", {"SegmentTypes": ["SHOT"]}),
    ],
)
def test_every_kind_of_job_is_started_once_for_a_token(
    office: Office, start: str, get: str, more: dict[str, Any]
) -> None:
    request = {"Video": video(office), "ClientRequestToken": "t", **more}
    job = office.call(start, **request)["JobId"]
    assert office.call(start, **request)["JobId"] == job
    assert len(office.queue.entries()) == 1
    with pytest.raises(errors.IdempotentParameterMismatchException):
        office.call(start, **request, JobTag="another")
    assert office.call(get, JobId=job)["JobStatus"] == "IN_PROGRESS"
    with pytest.raises(errors.ResourceNotFoundException, match="Could not find JobId"):
        office.call(get, JobId="x")
    other = "GetFaceDetection" if get != "GetFaceDetection" else "GetTextDetection"
    with pytest.raises(errors.ResourceNotFoundException, match="Could not find JobId"):
        office.call(other, JobId=job)


def test_what_is_no_video_is_refused_before_a_job_is_made(office: Office) -> None:
    with pytest.raises(errors.InvalidParameterException, match="is not an MPEG-4"):
        office.call("StartFaceDetection", Video={"S3Object": office.put("a.mp4", b"text, not a video")})
    with pytest.raises(errors.InvalidParameterException, match="names no video"):
        office.call("StartFaceDetection", Video={})
    office.forbidden.add(f"s3:GetObject arn:aws:s3:::{BUCKET}/clip.mp4")
    with pytest.raises(errors.InvalidS3ObjectException):
        office.call("StartFaceDetection", Video=video(office))
    assert office.queue.entries() == []
    assert not list((office.folder / "videos").glob("*"))


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\0\0\0\x20ftypisom", True),
        (b"\0\0\0\x08wide\0\0", True),
        (b"RIFF\0\0\0\0AVI LIST", True),
        (b"\x1a\x45\xdf\xa3\0", True),
        (b"RIFF\0\0\0\0WAVEfmt ", False),
        (b"GIF89a", False),
        (b"", False),
    ],
)
def test_videos_are_told_by_their_first_bytes(head: bytes, expected: bool) -> None:
    assert is_video(head) == expected


def test_results_are_kept_for_a_week(office: Office) -> None:
    job = office.call("StartFaceDetection", Video=video(office))["JobId"]
    finished(office, timestamp=[])
    place = office.folder / "videos"
    assert len(list(place.iterdir())) == 1
    office.clock.advance(8 * 24 * 3600)
    office.call("StartTextDetection", Video=video(office))
    assert len(list(place.iterdir())) == 1
    with pytest.raises(errors.ResourceNotFoundException):
        office.call("GetFaceDetection", JobId=job)


def test_at_most_twenty_jobs_are_in_progress(office: Office) -> None:
    for _ in range(20):
        office.call("StartFaceDetection", Video=video(office))
    with pytest.raises(errors.LimitExceededException, match="20 jobs"):
        office.call("StartFaceDetection", Video=video(office))


def test_segments_name_their_types_and_metadata_as_lists(office: Office) -> None:
    with pytest.raises(errors.InvalidParameterException, match="SegmentTypes lacks TECHNICAL_CUE"):
        office.call(
            "StartSegmentDetection",
            Video=video(office),
            SegmentTypes=["SHOT"],
            Filters={"TechnicalCueFilter": {"MinSegmentConfidence": 60.0}},
        )
    job = office.call("StartSegmentDetection", Video=video(office), SegmentTypes=["SHOT", "SHOT"])["JobId"]
    finished(office, timestamp=[{"Type": "SHOT", "StartTimestampMillis": 0}])
    answer = office.call("GetSegmentDetection", JobId=job)
    assert [one["Type"] for one in answer["SelectedSegmentTypes"]] == ["SHOT"]
    assert answer["VideoMetadata"] == [{"Codec": "h264", "FrameRate": 25.0}]
    assert answer["AudioMetadata"] == []
    assert answer["Segments"] == [{"Type": "SHOT", "StartTimestampMillis": 0}]


def vector(who: float) -> str:
    return base64.b64encode(str(who).encode()).decode()


def test_faces_of_a_video_are_looked_up_once_when_the_job_has_ended(office: Office) -> None:
    with pytest.raises(errors.ResourceNotFoundException, match="does not exist"):
        office.call("StartFaceSearch", Video=video(office), CollectionId="staff")
    office.call("CreateCollection", CollectionId="staff")
    image = {"Bytes": picture(faces=[face(0.5)])}
    office.call("IndexFaces", CollectionId="staff", Image=image, ExternalImageId="ada")
    job = office.call("StartFaceSearch", Video=video(office), CollectionId="staff", FaceMatchThreshold=90.0)["JobId"]
    place = office.place(office.spec(VIDEO_JOB))
    entries = [
        {"Timestamp": moment, "Person": {"Index": index}, "vector": vector(who)}
        for moment, index, who in ((0, 1, 0.52), (0, 0, 0.9), (500, 0, 0.9))
    ]
    (place / "found.jsonl").write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in entries))
    finished(office)
    for _ in range(2):
        found = office.call("GetFaceSearch", JobId=job)["Persons"]
        assert [(one["Person"]["Index"], one["Timestamp"]) for one in found] == [(0, 0), (0, 500), (1, 0)]
        assert [len(one["FaceMatches"]) for one in found] == [0, 0, 1]
    assert found[2]["FaceMatches"][0]["Face"]["ExternalImageId"] == "ada"
    assert not (place / "found.jsonl").exists()
    by_time = office.call("GetFaceSearch", JobId=job, SortBy="TIMESTAMP")["Persons"]
    assert [one["Timestamp"] for one in by_time] == [0, 0, 500]


def test_celebrities_of_a_video_are_those_of_the_gallery(office: Office) -> None:
    office.call("CreateCollection", CollectionId="clary-celebrities")
    image = {"Bytes": picture(faces=[face(0.5)])}
    office.call("IndexFaces", CollectionId="clary-celebrities", Image=image, ExternalImageId="Ada")
    job = office.call("StartCelebrityRecognition", Video=video(office))["JobId"]
    place = office.place(office.spec(VIDEO_JOB))
    seen = {"BoundingBox": {"Width": 0.1, "Height": 0.1, "Left": 0.1, "Top": 0.1}}
    entries = [{"Timestamp": 0, "Face": seen, "vector": vector(who)} for who in (0.51, 0.9)]
    (place / "found.jsonl").write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in entries))
    finished(office)
    (found,) = office.call("GetCelebrityRecognition", JobId=job)["Celebrities"]
    assert (found["Celebrity"]["Name"], found["Timestamp"]) == ("Ada", 0)


def test_lines_are_read_from_any_place(tmp_path: Any) -> None:
    assert write_lines(tmp_path / "all", ({"n": number} for number in range(10))) == 10
    assert read_lines(tmp_path / "all", 7, 2) == ([{"n": 7}, {"n": 8}], 10)
    assert read_lines(tmp_path / "all", 9, 5) == ([{"n": 9}], 10)
    assert read_lines(tmp_path / "all", 99, 5) == ([], 10)
    write_lines(tmp_path / "none", [])
    assert read_lines(tmp_path / "none", 0, 5) == ([], 0)


def test_what_is_seen_again_within_two_steps_is_one_stretch() -> None:
    names = [(0, "Bus", 60.0), (0, "Car", 60.0), (1000, "Car", 90.0), (3000, "Car", 70.0), (6000, "Car", 80.0)]
    entries = [
        {"Timestamp": at, "Label": {"Name": name, "Confidence": sure, "Instances": [1]}} for at, name, sure in names
    ]
    found = spans(entries, "Label", 1000)
    assert [(one["Label"]["Name"], one["StartTimestampMillis"], one["EndTimestampMillis"]) for one in found] == [
        ("Bus", 0, 0),
        ("Car", 0, 3000),
        ("Car", 6000, 6000),
    ]
    assert found[1]["Label"] == {"Name": "Car", "Confidence": 90.0}
    assert found[1]["DurationMillis"] == 3000


@pytest.mark.parametrize(
    ("frame", "rate", "expected"),
    [
        (0, 25.0, "00:00:00:00"),
        (90_061, 25.0, "01:00:02:11"),
        (1799, 30000 / 1001, "00:00:59;29"),
        (1800, 30000 / 1001, "00:01:00;02"),
        (17_982, 30000 / 1001, "00:10:00;00"),
        (107_892, 30000 / 1001, "01:00:00;00"),
        (1800, 30.0, "00:01:00:00"),
        (12, 12.5, "00:00:00:12"),
        (13, 12.5, "00:00:01:00"),
        (376, 12.5, "00:00:30:01"),
        (750, 12.5, "00:01:00:00"),
        (24, 23.976, "00:00:01:00"),
    ],
)
def test_timecodes_keep_to_the_clock(frame: int, rate: float, expected: str) -> None:
    assert timecode(frame, rate) == expected


def test_media_analysis_takes_the_pictures_of_a_manifest(office: Office) -> None:
    office.put("a.png", picture())
    lines = [{"source-ref": f"s3://{BUCKET}/{name}"} for name in ("a.png", "gone.png")]
    manifest = office.put("in.jsonl", b"".join(orjson.dumps(line) + b"\n" for line in lines))
    request = {
        "OperationsConfig": {"DetectModerationLabels": {"MinConfidence": 30.0}},
        "Input": {"S3Object": manifest},
        "OutputConfig": {"S3Bucket": BUCKET, "S3KeyPrefix": "out/"},
        "JobName": "nightly",
        "ClientRequestToken": "t",
    }
    job = office.call("StartMediaAnalysisJob", **request)["JobId"]
    assert office.call("StartMediaAnalysisJob", **request)["JobId"] == job
    with pytest.raises(errors.IdempotentParameterMismatchException):
        office.call("StartMediaAnalysisJob", **{**request, "JobName": "other"})
    spec = office.spec("rekognition:media-analysis-job")
    place = office.place(spec)
    assert (place / "pictures/0").read_bytes() == picture()
    staged = [orjson.loads(line) for line in (place / "lines.jsonl").read_bytes().splitlines()]
    assert [line["error"] and line["error"][0] for line in staged] == [None, "InvalidS3ObjectException"]
    assert [output.uri for output in spec.outputs] == [f"s3://{BUCKET}/out/{job}"]
    assert office.call("GetMediaAnalysisJob", JobId=job)["Status"] == "QUEUED"
    office.finish(spec)
    told = office.call("GetMediaAnalysisJob", JobId=job)
    assert (told["Status"], told["JobName"]) == ("SUCCEEDED", "nightly")
    assert told["Results"]["S3Object"]["Name"] == f"out/{job}/results.jsonl"
    assert [one["JobId"] for one in office.call("ListMediaAnalysisJobs")["MediaAnalysisJobs"]] == [job]
    with pytest.raises(errors.ResourceNotFoundException):
        office.call("GetMediaAnalysisJob", JobId="x")


@pytest.mark.parametrize("text", [b"", b"not json", b'{"source-ref": "http://x/y"}', b"[1]"])
def test_a_manifest_that_cannot_be_read_is_refused(office: Office, text: bytes) -> None:
    with pytest.raises(errors.InvalidManifestException):
        office.call(
            "StartMediaAnalysisJob",
            OperationsConfig={"DetectModerationLabels": {}},
            Input={"S3Object": office.put("in.jsonl", text or b"\n")},
            OutputConfig={"S3Bucket": BUCKET},
        )
    assert office.queue.entries() == []


def processor(office: Office, **changes: Any) -> None:
    request = {
        "Name": "door",
        "Input": {"KinesisVideoStream": {"Arn": STREAM}},
        "Output": {"KinesisDataStream": {"Arn": DATA_STREAM}},
        "Settings": {"FaceSearch": {"CollectionId": "staff"}},
        "RoleArn": ROLE,
    }
    office.call("CreateStreamProcessor", **{**request, **changes})


HOME = {
    "Output": {"S3Destination": {"Bucket": BUCKET, "KeyPrefix": "home"}},
    "Settings": {"ConnectedHome": {"Labels": ["PERSON"], "MinConfidence": 60.0}},
}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Settings": {}}, "either FaceSearch or ConnectedHome"),
        ({"Settings": {"FaceSearch": {}}}, "names no collection"),
        ({"Output": HOME["Output"]}, "needs a Kinesis data stream"),
        ({"Settings": HOME["Settings"]}, "S3Destination"),
        ({**HOME, "Settings": {"ConnectedHome": {"Labels": ["TIGER"]}}}, "'TIGER'"),
        ({"Input": {}}, "names no Kinesis video stream"),
        ({"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/nobody"}, "cannot assume the role"),
        ({"RegionsOfInterest": [{}]}, "region of interest"),
    ],
)
def test_settings_that_do_not_go_together_are_refused(office: Office, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(errors.InvalidParameterException, match=message):
        processor(office, **changes)


def test_a_processor_needs_the_right_to_its_collection(office: Office) -> None:
    office.forbidden.add(f"rekognition:CreateStreamProcessor arn:aws:rekognition:us-east-1:{ACCOUNT}:collection/staff")
    with pytest.raises(AccessDeniedException):
        processor(office)


def test_a_bucket_of_streams_that_somebody_else_made_is_no_stream(office: Office) -> None:
    office.objects.create_bucket(f"clary-streams-{ACCOUNT}-us-east-1", "999999999999", "us-east-1")
    office.objects.put_bytes(f"clary-streams-{ACCOUNT}-us-east-1", "door/a.mp4", b"a")
    processor(office)
    with pytest.raises(errors.InvalidParameterException, match="belongs to another account"):
        office.call("StartStreamProcessor", Name="door")


def test_a_processor_looks_through_a_local_stream(office: Office) -> None:
    processor(office)
    with pytest.raises(errors.ResourceInUseException, match="already exists"):
        processor(office)
    with pytest.raises(errors.ResourceNotFoundException, match="no local stream"):
        office.objects.create_bucket(f"clary-streams-{ACCOUNT}-us-east-1", ACCOUNT, "us-east-1")
        office.call("StartStreamProcessor", Name="door")
    for name in ("b.mp4", "a.mp4"):
        office.objects.put_bytes(f"clary-streams-{ACCOUNT}-us-east-1", f"door/{name}", name.encode())
    with pytest.raises(errors.ResourceNotFoundException, match="collection id: staff"):
        office.call("StartStreamProcessor", Name="door")
    office.call("CreateCollection", CollectionId="staff")
    office.call("IndexFaces", CollectionId="staff", Image={"Bytes": picture(faces=[face(0.5)])})
    office.call("StartStreamProcessor", Name="door")
    spec = office.spec("rekognition:stream-session")
    place = office.place(spec)
    assert [path.read_bytes() for path in sorted((place / "fragments").iterdir())] == [b"a.mp4", b"b.mp4"]
    ((_, vector),) = read_copy(place)
    assert vector == b"0.5"
    assert spec.outputs[0].uri.startswith(f"s3://clary-streams-{ACCOUNT}-us-east-1/found/")
    assert office.call("DescribeStreamProcessor", Name="door")["Status"] == "RUNNING"
    for operation in ("StartStreamProcessor", "DeleteStreamProcessor"):
        with pytest.raises(errors.ResourceInUseException, match="is running"):
            office.call(operation, Name="door")
    office.call("StopStreamProcessor", Name="door")
    assert office.call("ListStreamProcessors")["StreamProcessors"] == [{"Name": "door", "Status": "STOPPED"}]
    assert not place.exists()
    with pytest.raises(errors.ResourceInUseException, match="not running"):
        office.call("StopStreamProcessor", Name="door")
    office.call("DeleteStreamProcessor", Name="door")
    with pytest.raises(errors.ResourceNotFoundException):
        office.call("DescribeStreamProcessor", Name="door")


def test_deleted_faces_go_from_the_copies_that_streams_took_along(office: Office) -> None:
    processor(office)
    office.objects.create_bucket(f"clary-streams-{ACCOUNT}-us-east-1", ACCOUNT, "us-east-1")
    office.objects.put_bytes(f"clary-streams-{ACCOUNT}-us-east-1", "door/a.mp4", b"a.mp4")
    office.call("CreateCollection", CollectionId="staff")
    shown = [face(who, left=who) for who in (0.1, 0.3, 0.7)]
    kept = office.call("IndexFaces", CollectionId="staff", Image={"Bytes": picture(faces=shown)})["FaceRecords"]
    first, second, third = (record["Face"]["FaceId"] for record in kept)
    office.call("StartStreamProcessor", Name="door")
    place = office.place(office.spec("rekognition:stream-session"))
    before = (place / FACES).read_bytes()
    office.call("DeleteFaces", CollectionId="staff", FaceIds=[second])
    left = read_copy(place)
    assert [found["FaceId"] for found, _ in left] == [first, third]
    after = (place / FACES).read_bytes()
    assert second.encode() in before and second.encode() not in after and len(before) == len(after)
    office.call("DeleteCollection", CollectionId="staff")
    assert read_copy(place) == [] and not (place / FACES).read_bytes().strip()


def test_a_connected_home_can_be_changed_and_needs_an_end(office: Office) -> None:
    processor(office, **HOME)
    with pytest.raises(errors.InvalidParameterException, match="needs a StopSelector"):
        office.call("StartStreamProcessor", Name="door")
    office.call(
        "UpdateStreamProcessor",
        Name="door",
        SettingsForUpdate={"ConnectedHomeForUpdate": {"Labels": ["PET"]}},
        ParametersToDelete=["ConnectedHomeMinConfidence"],
    )
    told = office.call("DescribeStreamProcessor", Name="door")
    assert told["Settings"] == {"ConnectedHome": {"Labels": ["PET"]}}
    processor(office, Name="search")
    with pytest.raises(errors.InvalidParameterException, match="only a processor with ConnectedHome"):
        office.call("UpdateStreamProcessor", Name="search")
