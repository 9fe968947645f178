"""Collections, their faces, and their users: rows and vectors that agree whatever happens."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from clary.services.rekognition import errors
from clary.services.rekognition.faces.face_copies import FaceCopies
from clary.services.rekognition.faces.face_indexes import FaceIndexes
from clary.services.rekognition.faces.face_store import FaceStore
from clary.services.rekognition.faces.faces import Faces
from clary.services.rekognition.vision import Vision

from .conftest import Office
from .stand_in import Crash, face, picture

GONE = "00000000-0000-4000-8000-000000000000"


def collection(office: Office, name: str = "staff") -> str:
    return str(office.call("CreateCollection", CollectionId=name)["CollectionArn"])


def index(office: Office, *faces: dict[str, Any], **request: Any) -> list[str]:
    request = {"CollectionId": "staff", "Image": {"Bytes": picture(faces=list(faces))}, **request}
    return [record["Face"]["FaceId"] for record in office.call("IndexFaces", **request)["FaceRecords"]]


def listed(office: Office, **request: Any) -> list[str]:
    return [one["FaceId"] for one in office.call("ListFaces", CollectionId="staff", **request)["Faces"]]


def vectors(office: Office) -> int:
    return sum(map(len, office.engine.vectors.values()))


def after_a_restart(office: Office) -> None:
    """Puts a new set of resources in the place of the old, as a new process would."""
    faces = next(one for one in office.made if isinstance(one, Faces))
    store = FaceStore(office.records.database)
    engine: Any = office.engine
    office.engine.crash_at = ""
    fresh = FaceIndexes(store, Vision(engine), FaceCopies(office.folder))
    for resource in office.made:
        if hasattr(resource, "_held"):
            resource._held = replace(resource._held, indexes=fresh)
    assert faces._held.indexes is fresh


def test_collections_are_made_listed_described_and_deleted(office: Office) -> None:
    arn = collection(office)
    collection(office, "guests")
    with pytest.raises(errors.ResourceAlreadyExistsException, match="The collection id: staff already exists"):
        collection(office)
    page = office.call("ListCollections", MaxResults=1)
    assert page["CollectionIds"] == ["guests"]
    assert office.call("ListCollections", NextToken=page["NextToken"])["CollectionIds"] == ["staff"]
    described = office.call("DescribeCollection", CollectionId="staff")
    assert (described["CollectionARN"], described["FaceCount"], described["UserCount"]) == (arn, 0, 0)
    assert office.call("DeleteCollection", CollectionId="staff") == {"StatusCode": 200}
    for operation in ("DescribeCollection", "DeleteCollection", "ListFaces", "ListUsers"):
        with pytest.raises(errors.ResourceNotFoundException, match="The collection id: staff does not exist"):
            office.call(operation, CollectionId="staff")
    with pytest.raises(errors.InvalidPaginationTokenException):
        office.call("ListCollections", NextToken="nonsense")


def test_indexed_faces_are_kept_with_their_names(office: Office) -> None:
    collection(office)
    (one,) = index(office, face(0.5), ExternalImageId="ada")
    (kept,) = office.call("ListFaces", CollectionId="staff")["Faces"]
    assert (kept["FaceId"], kept["ExternalImageId"], kept["Confidence"]) == (one, "ada", 99.0)
    assert kept["BoundingBox"] == {"Width": 0.3, "Height": 0.4, "Left": 0.1, "Top": 0.2}
    assert office.call("DescribeCollection", CollectionId="staff")["FaceCount"] == 1


def test_the_same_picture_under_the_same_name_is_not_kept_twice(office: Office) -> None:
    collection(office)
    first = index(office, face(0.5), face(0.7, left=0.6), ExternalImageId="ada")
    assert index(office, face(0.5), face(0.7, left=0.6), ExternalImageId="ada") == first
    assert len(listed(office)) == vectors(office) == 2
    assert index(office, face(0.5), face(0.7, left=0.6)) != first
    assert len(listed(office)) == 4


def test_faces_that_are_not_good_enough_are_told_with_the_reason(office: Office) -> None:
    collection(office)
    faces = [
        face(0.1),
        face(0.2, pose={"roll": 0.0, "yaw": 80.0, "pitch": 0.0}),
        face(0.3, quality={"brightness": 2.0, "sharpness": 1.0}),
        face(0.4, confidence=0.3),
        face(0.5, box={"left": 0.1, "top": 0.1, "width": 0.01, "height": 0.01}),
        face(0.6, left=0.3),
    ]
    image = {"Bytes": picture(faces=faces)}
    answer = office.call("IndexFaces", CollectionId="staff", Image=image, MaxFaces=1)
    assert [record["Face"]["FaceId"] for record in answer["FaceRecords"]] == listed(office)
    assert [left["Reasons"] for left in answer["UnindexedFaces"]] == [
        ["EXTREME_POSE"],
        ["LOW_BRIGHTNESS", "LOW_SHARPNESS"],
        ["LOW_CONFIDENCE"],
        ["SMALL_BOUNDING_BOX"],
        ["EXCEEDS_MAX_FACES"],
    ]
    everything = office.call("IndexFaces", CollectionId="staff", Image=image, QualityFilter="NONE")
    assert len(everything["FaceRecords"]) == 6


def test_faces_are_listed_page_by_page(office: Office) -> None:
    collection(office)
    ids = [index(office, face(number / 10))[0] for number in range(3)]
    page = office.call("ListFaces", CollectionId="staff", MaxResults=2)
    assert [one["FaceId"] for one in page["Faces"]] == ids[:2]
    assert listed(office, NextToken=page["NextToken"]) == ids[2:]
    assert listed(office, FaceIds=[ids[1], GONE]) == [ids[1]]
    with pytest.raises(errors.InvalidPaginationTokenException):
        listed(office, NextToken="bm9uc2Vuc2U")


def test_faces_are_found_by_face_and_by_picture(office: Office) -> None:
    collection(office)
    ada, twin, other = (index(office, face(who))[0] for who in (0.5, 0.55, 0.9))
    found = office.call("SearchFaces", CollectionId="staff", FaceId=ada)
    assert [match["Face"]["FaceId"] for match in found["FaceMatches"]] == [twin]
    assert round(found["FaceMatches"][0]["Similarity"]) == 95
    image = {"Bytes": picture(faces=[face(0.52), face(0.9)])}
    found = office.call("SearchFacesByImage", CollectionId="staff", Image=image)
    assert [match["Face"]["FaceId"] for match in found["FaceMatches"]] == [ada, twin]
    found = office.call("SearchFacesByImage", CollectionId="staff", Image=image, FaceMatchThreshold=0.0, MaxFaces=3)
    assert [match["Face"]["FaceId"] for match in found["FaceMatches"]] == [ada, twin, other]
    assert len(office.call("SearchFaces", CollectionId="staff", FaceId=ada, FaceMatchThreshold=0.0)["FaceMatches"]) == 2


def test_searches_for_nobody_are_refused(office: Office) -> None:
    collection(office)
    with pytest.raises(errors.InvalidParameterException, match="There are no faces in the image"):
        office.call("SearchFacesByImage", CollectionId="staff", Image={"Bytes": picture()})
    with pytest.raises(errors.InvalidParameterException, match="was not found in the collection"):
        office.call("SearchFaces", CollectionId="staff", FaceId=GONE)


def test_deleted_faces_take_their_vectors_along(office: Office) -> None:
    collection(office)
    one, two = (index(office, face(who))[0] for who in (0.5, 0.6))
    answer = office.call("DeleteFaces", CollectionId="staff", FaceIds=[one, GONE])
    assert answer["DeletedFaces"] == [one]
    assert answer["UnsuccessfulFaceDeletions"] == [{"FaceId": GONE, "Reasons": ["FACE_NOT_FOUND"]}]
    assert listed(office) == [two]
    assert vectors(office) == 1
    office.call("DeleteCollection", CollectionId="staff")
    assert vectors(office) == 0


def test_a_collection_made_again_is_empty(office: Office) -> None:
    collection(office)
    index(office, face(0.5))
    office.call("DeleteCollection", CollectionId="staff")
    collection(office)
    assert listed(office) == []
    image = {"Bytes": picture(faces=[face(0.5)])}
    assert office.call("SearchFacesByImage", CollectionId="staff", Image=image)["FaceMatches"] == []


@pytest.mark.parametrize("moment", ["index_add", "index_add afterwards"])
def test_a_crash_while_indexing_leaves_what_was_acknowledged(office: Office, moment: str) -> None:
    collection(office)
    kept = index(office, face(0.5))
    office.engine.crash_at = moment
    with pytest.raises(Crash):
        index(office, face(0.7))
    after_a_restart(office)
    assert listed(office) == kept
    image = {"Bytes": picture(faces=[face(0.7)])}
    found = office.call("SearchFacesByImage", CollectionId="staff", Image=image, FaceMatchThreshold=0.0)
    assert [match["Face"]["FaceId"] for match in found["FaceMatches"]] == kept
    assert vectors(office) == 1


@pytest.mark.parametrize("moment", ["index_remove", "index_remove afterwards"])
def test_a_crash_while_deleting_faces_is_finished_afterwards(office: Office, moment: str) -> None:
    collection(office)
    one, two = (index(office, face(who))[0] for who in (0.5, 0.6))
    office.engine.crash_at = moment
    with pytest.raises(Crash):
        office.call("DeleteFaces", CollectionId="staff", FaceIds=[one])
    after_a_restart(office)
    office.call("SearchFaces", CollectionId="staff", FaceId=two)
    assert listed(office) == [two]
    assert vectors(office) == 1


def test_a_crash_while_deleting_a_collection_is_finished_afterwards(office: Office) -> None:
    collection(office)
    index(office, face(0.5))
    office.engine.crash_at = "index_drop"
    with pytest.raises(Crash):
        office.call("DeleteCollection", CollectionId="staff")
    after_a_restart(office)
    collection(office)
    office.call("SearchFacesByImage", CollectionId="staff", Image={"Bytes": picture(faces=[face(0.5)])})
    assert vectors(office) == 0


def user(office: Office, name: str = "ada", **request: Any) -> None:
    office.call("CreateUser", CollectionId="staff", UserId=name, **request)


def associate(office: Office, faces: list[str], name: str = "ada", **request: Any) -> dict[str, Any]:
    return office.call("AssociateFaces", CollectionId="staff", UserId=name, FaceIds=faces, **request)


def test_users_gather_faces_that_look_alike(office: Office) -> None:
    collection(office)
    user(office)
    ids = [index(office, face(who))[0] for who in (0.5, 0.55, 0.95)]
    answer = associate(office, [*ids, GONE], UserMatchThreshold=80.0)
    assert [one["FaceId"] for one in answer["AssociatedFaces"]] == ids[:2]
    assert answer["UserStatus"] == "ACTIVE"
    reasons = {one["FaceId"]: one["Reasons"] for one in answer["UnsuccessfulFaceAssociations"]}
    assert reasons == {ids[2]: ["LOW_MATCH_CONFIDENCE"], GONE: ["FACE_NOT_FOUND"]}
    assert listed(office, UserId="ada") == ids[:2]
    (found,) = office.call("SearchUsers", CollectionId="staff", FaceId=ids[0])["UserMatches"]
    assert found["User"] == {"UserId": "ada", "UserStatus": "ACTIVE"}
    image = {"Bytes": picture(faces=[face(0.53), face(0.9, left=0.6)])}
    answer = office.call("SearchUsersByImage", CollectionId="staff", Image=image)
    assert [match["User"]["UserId"] for match in answer["UserMatches"]] == ["ada"]
    assert [other["Reasons"] for other in answer["UnsearchedFaces"]] == [["FACE_NOT_LARGEST"]]
    refused = office.call("DeleteFaces", CollectionId="staff", FaceIds=[ids[0]])
    assert refused["UnsuccessfulFaceDeletions"] == [
        {"FaceId": ids[0], "UserId": "ada", "Reasons": ["ASSOCIATED_TO_AN_EXISTING_USER"]}
    ]


def test_users_are_found_by_users(office: Office) -> None:
    collection(office)
    for name, who in (("ada", 0.5), ("twin", 0.55), ("other", 0.99)):
        user(office, name)
        associate(office, index(office, face(who)), name)
    found = office.call("SearchUsers", CollectionId="staff", UserId="ada", UserMatchThreshold=80.0)
    assert [match["User"]["UserId"] for match in found["UserMatches"]] == ["twin"]
    assert found["SearchedUser"] == {"UserId": "ada"}
    with pytest.raises(errors.InvalidParameterException, match="either UserId or FaceId"):
        office.call("SearchUsers", CollectionId="staff")
    user(office, "nobody")
    with pytest.raises(errors.InvalidParameterException, match="has no faces"):
        office.call("SearchUsers", CollectionId="staff", UserId="nobody")
    with pytest.raises(errors.ResourceNotFoundException, match="The face id"):
        office.call("SearchUsers", CollectionId="staff", FaceId=GONE)


def test_faces_of_somebody_else_stay_with_them(office: Office) -> None:
    collection(office)
    user(office)
    user(office, "bob")
    faces = index(office, face(0.5))
    associate(office, faces)
    answer = associate(office, faces, "bob")
    assert answer["UnsuccessfulFaceAssociations"][0]["Reasons"] == ["ASSOCIATED_TO_A_DIFFERENT_USER"]
    taken = office.call("DisassociateFaces", CollectionId="staff", UserId="bob", FaceIds=faces)
    assert taken["UnsuccessfulFaceDisassociations"][0]["Reasons"] == ["ASSOCIATED_TO_A_DIFFERENT_USER"]
    taken = office.call("DisassociateFaces", CollectionId="staff", UserId="ada", FaceIds=faces)
    assert (taken["DisassociatedFaces"], taken["UserStatus"]) == ([{"FaceId": faces[0]}], "CREATED")
    assert vectors(office) == 1


def test_a_deleted_user_leaves_its_faces(office: Office) -> None:
    collection(office)
    user(office)
    faces = index(office, face(0.5))
    associate(office, faces)
    assert vectors(office) == 2
    office.call("DeleteUser", CollectionId="staff", UserId="ada")
    assert vectors(office) == 1
    assert "UserId" not in office.call("ListFaces", CollectionId="staff")["Faces"][0]
    for operation, more in (("DeleteUser", {}), ("AssociateFaces", {"FaceIds": faces})):
        with pytest.raises(errors.ResourceNotFoundException, match="The user id: ada does not exist"):
            office.call(operation, CollectionId="staff", UserId="ada", **more)


def test_a_crash_while_a_user_changes_is_put_right_afterwards(office: Office) -> None:
    collection(office)
    user(office)
    first, second = (index(office, face(who))[0] for who in (0.5, 0.6))
    associate(office, [first])
    before = [match for index_name, match in office.engine.vectors.items() if index_name.endswith("-users")]
    assert before == [{"ada": b"0.5"}]
    office.engine.crash_at = "index_add"
    with pytest.raises(Crash):
        associate(office, [second])
    assert office.call("ListUsers", CollectionId="staff")["Users"] == [{"UserId": "ada", "UserStatus": "UPDATING"}]
    after_a_restart(office)
    office.call("SearchUsers", CollectionId="staff", UserId="ada")
    assert office.call("ListUsers", CollectionId="staff")["Users"] == [{"UserId": "ada", "UserStatus": "ACTIVE"}]
    (after,) = [match for index_name, match in office.engine.vectors.items() if index_name.endswith("-users")]
    assert float(after["ada"]) == pytest.approx(0.55)


def test_tokens_make_requests_safe_to_repeat(office: Office) -> None:
    collection(office)
    for _ in range(2):
        user(office, ClientRequestToken="t")
    with pytest.raises(errors.IdempotentParameterMismatchException):
        user(office, "bob", ClientRequestToken="t")
    with pytest.raises(errors.ConflictException, match="already exists"):
        user(office)
    page = office.call("ListUsers", CollectionId="staff", MaxResults=1)
    assert [one["UserId"] for one in page["Users"]] == ["ada"]
    assert "NextToken" not in page


def test_celebrities_are_those_whom_the_account_knows(office: Office) -> None:
    image = {"Bytes": picture(faces=[face(0.5), face(0.9, left=0.6)])}
    assert len(office.call("RecognizeCelebrities", Image=image)["UnrecognizedFaces"]) == 2
    arn = collection(office, "clary-celebrities")
    index(office, face(0.51), CollectionId="clary-celebrities", ExternalImageId="Ada_Lovelace")
    office.call("TagResource", ResourceArn=arn, Tags={"Ada_Lovelace": "https://example.org/ada gender=Female"})
    answer = office.call("RecognizeCelebrities", Image=image)
    (known,) = answer["CelebrityFaces"]
    assert (known["Name"], known["Urls"]) == ("Ada Lovelace", ["https://example.org/ada"])
    assert known["KnownGender"] == {"Type": "Female"}
    assert round(known["MatchConfidence"]) == 99
    assert len(answer["UnrecognizedFaces"]) == 1
    told = office.call("GetCelebrityInfo", Id=known["Id"])
    assert told == {"Name": "Ada Lovelace", "Urls": ["https://example.org/ada"], "KnownGender": {"Type": "Female"}}
    with pytest.raises(errors.ResourceNotFoundException, match="No celebrity"):
        office.call("GetCelebrityInfo", Id="x")


def test_liveness_sessions_expire_and_never_make_up_a_confidence(office: Office) -> None:
    session = office.call("CreateFaceLivenessSession", ClientRequestToken="t")["SessionId"]
    assert office.call("CreateFaceLivenessSession", ClientRequestToken="t")["SessionId"] == session
    with pytest.raises(errors.InvalidParameterException, match="other parameters"):
        office.call("CreateFaceLivenessSession", ClientRequestToken="t", Settings={"AuditImagesLimit": 1})
    assert office.call("GetFaceLivenessSessionResults", SessionId=session)["Status"] == "CREATED"
    office.clock.advance(200)
    assert office.call("GetFaceLivenessSessionResults", SessionId=session) == {
        "SessionId": session,
        "Status": "EXPIRED",
    }
    with pytest.raises(errors.SessionNotFoundException, match="Could not find session"):
        office.call("GetFaceLivenessSessionResults", SessionId=GONE)
    with pytest.raises(errors.InvalidParameterException, match="bucket nowhere"):
        office.call("CreateFaceLivenessSession", Settings={"OutputConfig": {"S3Bucket": "nowhere"}})


def test_tags_are_kept_and_limited(office: Office) -> None:
    arn = collection(office)
    office.call("TagResource", ResourceArn=arn, Tags={"a": "1", "b": "2"})
    office.call("UntagResource", ResourceArn=arn, TagKeys=["a"])
    assert office.call("ListTagsForResource", ResourceArn=arn)["Tags"] == {"b": "2"}
    with pytest.raises(errors.ServiceQuotaExceededException):
        office.call("TagResource", ResourceArn=arn, Tags={str(number): "" for number in range(50)})
    with pytest.raises(errors.InvalidParameterException, match="aws:"):
        office.call("TagResource", ResourceArn=arn, Tags={"aws:x": ""})
    with pytest.raises(errors.ResourceNotFoundException):
        office.call("ListTagsForResource", ResourceArn=f"{arn}x")


def test_a_full_collection_takes_no_more_and_others_do(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clary.services.rekognition.faces.faces.MOST_FACES_OF_COLLECTION", 2)
    monkeypatch.setattr("clary.services.rekognition.faces.users.MOST_USERS", 1)
    collection(office)
    collection(office, "guests")
    assert len(index(office, face(0.1), face(0.9, left=0.6))) == 2
    office.call("CreateUser", CollectionId="staff", UserId="ada")
    with pytest.raises(errors.ServiceQuotaExceededException, match="holds 2 faces"):
        index(office, face(0.5))
    with pytest.raises(errors.ServiceQuotaExceededException, match="has 1 users"):
        office.call("CreateUser", CollectionId="staff", UserId="grace")
    assert index(office, face(0.5), CollectionId="guests")
    assert office.call("CreateUser", CollectionId="guests", UserId="grace") == {}
