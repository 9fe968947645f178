"""Operations on pictures that are not kept."""

from __future__ import annotations

from typing import Any

import pytest

from clary.services.rekognition import errors
from clary.services.rekognition.picture_size import size_of

from .conftest import BUCKET, Office
from .stand_in import box, face, label, picture

CAR = {"Bytes": picture(labels=[label("Car", 0.9, parents=["Vehicle"], categories=["Vehicles and Automotive"])])}


def names(answer: dict[str, Any]) -> list[str]:
    return [one["Name"] for one in answer["Labels"]]


def street(office: Office, **request: Any) -> dict[str, Any]:
    instances = [{"box": box(), "confidence": share, "colours": []} for share in (0.9, 0.3)]
    labels = [
        label("Person", 0.7, categories=["Person Description"], instances=instances),
        label("Car", 0.9, categories=["Vehicles and Automotive"], parents=["Vehicle"], aliases=["Automobile"]),
        label("Bus", 0.4, categories=["Vehicles and Automotive"]),
    ]
    return office.call("DetectLabels", Image={"Bytes": picture(labels=labels)}, **request)


def test_labels_come_by_confidence_down_to_55_percent(office: Office) -> None:
    answer = street(office)
    assert names(answer) == ["Car", "Person"]
    car, person = answer["Labels"]
    assert (car["Confidence"], car["Parents"], car["Aliases"]) == (
        90.0,
        [{"Name": "Vehicle"}],
        [{"Name": "Automobile"}],
    )
    assert person["Instances"] == [
        {"BoundingBox": {"Width": 0.3, "Height": 0.4, "Left": 0.1, "Top": 0.2}, "Confidence": 90.0}
    ]
    assert answer["OrientationCorrection"] == "ROTATE_0"


def test_labels_are_limited_by_confidence_and_number(office: Office) -> None:
    assert names(street(office, MinConfidence=30.0)) == ["Car", "Person", "Bus"]
    assert names(street(office, MinConfidence=30.0, MaxLabels=1)) == ["Car"]
    assert names(street(office, MaxLabels=0)) == []


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ({"LabelInclusionFilters": ["car"]}, ["Car"]),
        ({"LabelExclusionFilters": ["Car"]}, ["Person", "Bus"]),
        ({"LabelCategoryInclusionFilters": ["Vehicles and Automotive"]}, ["Car", "Bus"]),
        ({"LabelCategoryInclusionFilters": ["Vehicles and Automotive"], "LabelExclusionFilters": ["Bus"]}, ["Car"]),
        (
            {"LabelCategoryInclusionFilters": ["Person Description"], "LabelInclusionFilters": ["Bus"]},
            ["Person", "Bus"],
        ),
        ({"LabelCategoryExclusionFilters": ["Person Description"]}, ["Car", "Bus"]),
    ],
)
def test_labels_are_filtered_by_name_and_category(office: Office, filters: dict[str, Any], left: list[str]) -> None:
    assert names(street(office, MinConfidence=0.0, Settings={"GeneralLabels": filters})) == left


def test_a_label_cannot_be_included_and_excluded(office: Office) -> None:
    both = {"LabelInclusionFilters": ["Car"], "LabelExclusionFilters": ["car"]}
    with pytest.raises(errors.InvalidParameterException, match="'car' is included and excluded"):
        street(office, Settings={"GeneralLabels": both})


def properties() -> dict[str, Any]:
    colour = {"red": 255, "green": 16, "blue": 0, "name": "red", "simple": "red", "share": 0.25}
    region = {
        "quality": {"brightness": 50.0, "sharpness": 60.0, "contrast": 70.0},
        "colours": [{**colour, "share": 0.1}, colour],
    }
    return {"whole": region, "foreground": region, "background": None}


def test_properties_tell_quality_and_colours(office: Office) -> None:
    image = {"Bytes": picture(labels=[], properties=properties())}
    settings = {"ImageProperties": {"MaxDominantColors": 1}}
    for features in (["IMAGE_PROPERTIES"], ["GENERAL_LABELS", "IMAGE_PROPERTIES"]):
        answer = office.call("DetectLabels", Image=image, Features=features, Settings=settings)
        found = answer["ImageProperties"]
        assert found["Quality"] == {"Brightness": 50.0, "Sharpness": 60.0, "Contrast": 70.0}
        assert found["DominantColors"] == [
            {
                "Red": 255,
                "Green": 16,
                "Blue": 0,
                "HexCode": "#ff1000",
                "CSSColor": "red",
                "SimplifiedColor": "red",
                "PixelPercent": 25.0,
            }
        ]
        assert "Foreground" in found
        assert "Background" not in found
        assert ("Labels" in answer) == (len(features) == 2)


def test_default_attributes_are_few_and_all_are_many(office: Office) -> None:
    image = {"Bytes": picture(faces=[face()])}
    (detail,) = office.call("DetectFaces", Image=image)["FaceDetails"]
    assert set(detail) == {"BoundingBox", "Landmarks", "Pose", "Quality", "Confidence"}
    assert [point["Type"] for point in detail["Landmarks"]] == ["eyeLeft", "nose"]
    (detail,) = office.call("DetectFaces", Image=image, Attributes=["ALL"])["FaceDetails"]
    assert detail["AgeRange"] == {"Low": 20, "High": 30}
    assert [emotion["Type"] for emotion in detail["Emotions"]] == ["HAPPY", "CALM"]
    assert detail["Gender"] == {"Value": "Female", "Confidence": 90.0}
    assert "leftPupil" in [point["Type"] for point in detail["Landmarks"]]
    (detail,) = office.call("DetectFaces", Image=image, Attributes=["SMILE", "AGE_RANGE"])["FaceDetails"]
    assert set(detail) == {"BoundingBox", "Landmarks", "Pose", "Quality", "Confidence", "Smile", "AgeRange"}


def test_all_holds_every_member_that_programs_read_without_asking(office: Office) -> None:
    image = {"Bytes": picture(faces=[face()])}
    (detail,) = office.call("DetectFaces", Image=image, Attributes=["ALL"])["FaceDetails"]
    flags = {"Smile", "Eyeglasses", "Sunglasses", "Beard", "Mustache", "EyesOpen", "MouthOpen", "FaceOccluded"}
    others = {"BoundingBox", "Landmarks", "Pose", "Quality", "Confidence"}
    assert set(detail) == flags | others | {"AgeRange", "Gender", "Emotions", "EyeDirection"}
    assert all(detail[name] == {"Value": True, "Confidence": 90.0} for name in flags)


def test_faces_are_compared_with_the_threshold(office: Office) -> None:
    source = {"Bytes": picture(faces=[face(0.5)])}
    target = {"Bytes": picture(faces=[face(0.9), face(0.45)])}
    answer = office.call("CompareFaces", SourceImage=source, TargetImage=target)
    assert [round(match["Similarity"]) for match in answer["FaceMatches"]] == [95]
    assert len(answer["UnmatchedFaces"]) == 1
    assert answer["SourceImageFace"]["Confidence"] == 99.0
    answer = office.call("CompareFaces", SourceImage=source, TargetImage=target, SimilarityThreshold=50.0)
    assert [round(match["Similarity"]) for match in answer["FaceMatches"]] == [95, 60]


def test_a_source_without_a_good_face_is_refused(office: Office) -> None:
    nobody, somebody = {"Bytes": picture()}, {"Bytes": picture(faces=[face()])}
    with pytest.raises(errors.InvalidParameterException, match="shows no face"):
        office.call("CompareFaces", SourceImage=nobody, TargetImage=somebody)
    dark = {"Bytes": picture(faces=[face(quality={"brightness": 1.0, "sharpness": 90.0})])}
    with pytest.raises(errors.InvalidParameterException, match="LOW_BRIGHTNESS"):
        office.call("CompareFaces", SourceImage=dark, TargetImage=somebody, QualityFilter="AUTO")
    assert office.call("CompareFaces", SourceImage=dark, TargetImage=somebody)["FaceMatches"]


def text(number: int, words: str, parent: int | None = None, **changes: Any) -> dict[str, Any]:
    kind = "line" if parent is None else "word"
    made = {
        "id": number,
        "parent": parent,
        "kind": kind,
        "text": words,
        "confidence": 0.95,
        "box": box(),
        "polygon": [],
    }
    return {**made, **changes}


def test_text_keeps_the_lines_of_the_words_that_pass(office: Office) -> None:
    texts = [
        text(3, "EXIT NOW"),
        text(7, "faint"),
        text(4, "EXIT", 3, box=box(0.1, 0.1, 0.2, 0.1)),
        text(5, "NOW", 3, confidence=0.7, box=box(0.6, 0.1, 0.2, 0.1)),
        text(8, "faint", 7, confidence=0.6, box=box(0.6, 0.8, 0.2, 0.02)),
    ]
    image = {"Bytes": picture(texts=texts)}

    def found(**filters: Any) -> list[tuple[str, str, int, int | None]]:
        request = {"Filters": filters} if filters else {}
        detections = office.call("DetectText", Image=image, **request)["TextDetections"]
        return [(one["Type"], one["DetectedText"], one["Id"], one.get("ParentId")) for one in detections]

    assert found() == [
        ("LINE", "EXIT NOW", 0, None),
        ("LINE", "faint", 1, None),
        ("WORD", "EXIT", 2, 0),
        ("WORD", "NOW", 3, 0),
        ("WORD", "faint", 4, 1),
    ]
    assert found(WordFilter={}) == [("LINE", "EXIT NOW", 0, None), ("WORD", "EXIT", 1, 0)]
    tall = {"MinConfidence": 0.0, "MinBoundingBoxHeight": 0.05}
    assert [one[1] for one in found(WordFilter=tall)] == ["EXIT NOW", "EXIT", "NOW"]
    left = {"BoundingBox": {"Left": 0.0, "Top": 0.0, "Width": 0.25, "Height": 0.5}}
    assert [one[1] for one in found(RegionsOfInterest=[left])] == ["EXIT NOW", "EXIT"]
    corner = {"Polygon": [{"X": 0.5, "Y": 0.5}, {"X": 1.0, "Y": 0.5}, {"X": 1.0, "Y": 1.0}]}
    assert [one[1] for one in found(RegionsOfInterest=[left, corner])] == ["EXIT NOW", "EXIT"]
    corner["Polygon"].append({"X": 0.5, "Y": 1.0})
    assert [one[1] for one in found(RegionsOfInterest=[corner])] == ["faint", "faint"]


@pytest.mark.parametrize(
    "region",
    [
        {},
        {"BoundingBox": {"Left": 0.5, "Top": 0.0, "Width": 0.6, "Height": 0.5}},
        {"Polygon": [{"X": 0.1, "Y": 0.1}, {"X": 0.2, "Y": 0.2}]},
        {"Polygon": [{"X": 0.1, "Y": 0.1}, {"X": 0.2, "Y": 0.2}, {"X": 0.3, "Y": 0.3}]},
    ],
)
def test_a_region_that_is_no_area_is_refused(office: Office, region: dict[str, Any]) -> None:
    with pytest.raises(errors.InvalidParameterException, match="region of interest"):
        office.call("DetectText", Image={"Bytes": picture()}, Filters={"RegionsOfInterest": [region]})


def test_moderation_tells_parents_before_children(office: Office) -> None:
    labels = [
        {"name": "Child", "parent": "Parent", "level": 2, "confidence": 0.8},
        {"name": "Parent", "parent": "", "level": 1, "confidence": 0.8},
        {"name": "Weak", "parent": "", "level": 1, "confidence": 0.4},
    ]
    image = {"Bytes": picture(moderation=labels)}
    answer = office.call("DetectModerationLabels", Image=image)
    assert [(one["Name"], one["ParentName"], one["TaxonomyLevel"]) for one in answer["ModerationLabels"]] == [
        ("Parent", "", 1),
        ("Child", "Parent", 2),
    ]
    assert len(office.call("DetectModerationLabels", Image=image, MinConfidence=0.0)["ModerationLabels"]) == 3


def test_a_human_loop_that_nothing_starts_is_told_so(office: Office) -> None:
    config = {"HumanLoopName": "a", "FlowDefinitionArn": "arn:aws:sagemaker:us-east-1:123456789012:flow-definition/a"}
    answer = office.call("DetectModerationLabels", Image={"Bytes": picture()}, HumanLoopConfig=config)
    assert "HumanLoopArn" not in answer["HumanLoopActivationOutput"]


@pytest.mark.parametrize("flow", ["arn:aws:sagemaker:us-east-1:123456789012:workteam/a", "a"])
def test_a_review_by_what_is_no_flow_definition_is_refused_before_anything_is_looked_at(
    office: Office, flow: str
) -> None:
    config = {"HumanLoopName": "a", "FlowDefinitionArn": flow}
    with pytest.raises(errors.InvalidParameterException, match="not the ARN of a flow definition"):
        office.call("DetectModerationLabels", Image={"Bytes": picture()}, HumanLoopConfig=config)
    assert "moderation" not in office.engine.asked


def test_a_moderation_adapter_is_refused_by_name(office: Office) -> None:
    arn = "arn:aws:rekognition:us-east-1:123456789012:project/a/version/b/1"
    with pytest.raises(errors.InvalidParameterException, match="adapters"):
        office.call("DetectModerationLabels", Image={"Bytes": picture()}, ProjectVersion=arn)


def person(number: int, *parts: dict[str, Any], confidence: float = 0.9) -> dict[str, Any]:
    return {"id": number, "box": box(), "confidence": confidence, "parts": list(parts)}


def part(name: str, kind: str = "", covers: bool = True, confidence: float = 0.9) -> dict[str, Any]:
    flag = {"value": covers, "confidence": 0.9}
    piece = {"kind": kind, "confidence": confidence, "box": box(), "covers": flag}
    return {"name": name, "confidence": 0.9, "equipment": [piece] if kind else []}


def test_equipment_is_summed_up_for_what_is_required(office: Office) -> None:
    persons = [
        person(0, part("head", "head-cover")),
        person(1, part("head")),
        person(2, part("face")),
        person(3, part("head", "head-cover"), confidence=0.4),
        person(4, part("head", "head-cover", covers=False)),
        person(5, part("head", "head-cover", confidence=0.6)),
    ]
    wanted = {"MinConfidence": 80.0, "RequiredEquipmentTypes": ["HEAD_COVER"]}
    image = {"Bytes": picture(persons=persons)}
    answer = office.call("DetectProtectiveEquipment", Image=image, SummarizationAttributes=wanted)
    assert answer["Summary"] == {
        "PersonsWithRequiredEquipment": [0],
        "PersonsWithoutRequiredEquipment": [1, 4, 5],
        "PersonsIndeterminate": [2, 3],
    }
    (shown,) = answer["Persons"][0]["BodyParts"]
    assert shown["EquipmentDetections"][0]["Type"] == "HEAD_COVER"
    assert shown["EquipmentDetections"][0]["CoversBodyPart"] == {"Value": True, "Confidence": 90.0}
    assert "Summary" not in office.call("DetectProtectiveEquipment", Image=image)


def test_both_hands_that_are_seen_need_their_cover(office: Office) -> None:
    persons = [
        person(0, part("left-hand", "hand-cover"), part("right-hand")),
        person(1, part("left-hand", "hand-cover"), part("right-hand", "hand-cover")),
    ]
    wanted = {"MinConfidence": 50.0, "RequiredEquipmentTypes": ["HAND_COVER"]}
    image = {"Bytes": picture(persons=persons)}
    summary = office.call("DetectProtectiveEquipment", Image=image, SummarizationAttributes=wanted)["Summary"]
    assert summary["PersonsWithRequiredEquipment"] == [1]
    assert summary["PersonsWithoutRequiredEquipment"] == [0]


def test_a_picture_is_read_from_s3_with_the_caller_s_rights(office: Office) -> None:
    place = office.put("street.png", CAR["Bytes"])
    assert names(office.call("DetectLabels", Image={"S3Object": place})) == ["Car"]
    office.forbidden.add(f"s3:GetObject arn:aws:s3:::{BUCKET}/street.png")
    for image in (place, {**place, "Name": "gone.png"}, {**place, "Bucket": "nowhere"}, {**place, "Version": "x"}):
        with pytest.raises(errors.InvalidS3ObjectException, match="Unable to get object metadata from S3"):
            office.call("DetectLabels", Image={"S3Object": image})


def test_the_rights_to_a_version_of_a_picture_are_asked_for_by_its_id(office: Office) -> None:
    office.objects.set_bucket(BUCKET, "versioning", "Enabled")
    place = office.put("street.png", CAR["Bytes"])
    version = office.objects.head(BUCKET, "street.png").version_id
    assert names(office.call("DetectLabels", Image={"S3Object": {**place, "Version": version}})) == ["Car"]
    office.forbidden.add(f"s3:GetObjectVersion arn:aws:s3:::{BUCKET}/street.png?versionId={version}")
    with pytest.raises(errors.InvalidS3ObjectException):
        office.call("DetectLabels", Image={"S3Object": {**place, "Version": version}})


def test_pictures_that_are_none_or_too_large_are_refused(office: Office) -> None:
    def detect(image: dict[str, Any]) -> None:
        office.call("DetectLabels", Image=image)

    for image in ({}, {"Bytes": CAR["Bytes"], "S3Object": {"Bucket": BUCKET, "Name": "a"}}, {"S3Object": {}}):
        with pytest.raises(errors.InvalidParameterException, match="Request has invalid parameters"):
            detect(image)
    with pytest.raises(errors.InvalidImageFormatException, match="Request has invalid image format"):
        detect({"Bytes": b"GIF89a"})
    with pytest.raises(errors.ImageTooLargeException):
        detect({"S3Object": office.put("large.png", CAR["Bytes"] + b" " * (15 << 20))})
    assert not office.engine.asked


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("invalid-format", errors.InvalidImageFormatException),
        ("too-large", errors.ImageTooLargeException),
        ("too-small", errors.InvalidParameterException),
        ("weights-missing", errors.InternalServerError),
    ],
)
def test_what_the_engine_refuses_becomes_rekognition_s_error(
    office: Office, reason: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        office.call("DetectFaces", Image={"Bytes": picture(refuse=reason)})


def header(width: int, height: int, kind: str) -> bytes:
    if kind == "png":
        return b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big")
    frame = b"\xff\xc2\x00\x11\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big") + b"\x03"
    return b"\xff\xd8\xff\xe0\x00\x04\xff\xc0\xff\xff\xfe\x00\x03x" + frame


@pytest.mark.parametrize("kind", ["png", "jpeg"])
def test_a_picture_s_size_is_told_by_its_header(office: Office, kind: str) -> None:
    assert size_of(header(79, 300, kind)) == (79, 300)
    assert size_of(header(79, 300, kind)[:20]) is None
    with pytest.raises(errors.InvalidParameterException, match="79 x 300 pixels; each side needs at least 80"):
        office.call("DetectLabels", Image={"Bytes": header(79, 300, kind)})
    with pytest.raises(errors.InvalidParameterException, match="at least 64"):
        office.call("DetectProtectiveEquipment", Image={"Bytes": header(63, 63, kind)})
    assert not office.engine.asked


@pytest.mark.parametrize("filling", [b"\xff", b"\xff\xe0\x00\x02"])
def test_a_size_behind_endless_filling_is_not_looked_for(filling: bytes) -> None:
    jpeg = header(79, 300, "jpeg")
    assert size_of(jpeg[:2] + filling * 100 + jpeg[2:]) == (79, 300)
    assert size_of(jpeg[:2] + filling * 20_000 + jpeg[2:]) is None
