"""Images and layers through the ECR operations."""

from __future__ import annotations

import json
import urllib.parse

import pytest

from clary.services.ecr import errors
from clary.storage.image_manifests import OCI_INDEX

from .conftest import World, digest_of, manifest_of

REPOSITORY = "team/app"


def test_an_image_is_put_described_fetched_and_deleted(world: World) -> None:
    digest = world.push(REPOSITORY, "v1")
    world.ecr(
        "PutImage",
        repositoryName=REPOSITORY,
        imageManifest=fetched(world, imageTag="v1")["imageManifest"],
        imageTag="latest",
    )
    (detail,) = world.ecr("DescribeImages", repositoryName=REPOSITORY)["imageDetails"]
    assert detail["imageTags"] == ["latest", "v1"]
    assert detail["imageDigest"] == digest
    assert detail["lastRecordedPullTime"] == detail["imagePushedAt"]
    identities = world.ecr("ListImages", repositoryName=REPOSITORY, filter={"tagStatus": "TAGGED"})["imageIds"]
    assert [one["imageTag"] for one in identities] == ["latest", "v1"]
    assert delete(world, imageTag="v1")["imageIds"] == [{"imageDigest": digest, "imageTag": "v1"}]
    assert fetched(world, imageDigest=digest)["imageId"] == {"imageDigest": digest}
    delete(world, imageTag="latest")  # the last tag takes the image along
    with pytest.raises(errors.ImageNotFoundException, match="imageTag:'latest'"):
        world.ecr("DescribeImages", repositoryName=REPOSITORY, imageIds=[{"imageTag": "latest"}])
    assert world.ecr("ListImages", repositoryName=REPOSITORY)["imageIds"] == []


def fetched(world: World, **identity: str) -> dict:
    answer = world.ecr("BatchGetImage", repositoryName=REPOSITORY, imageIds=[identity])
    assert answer["failures"] == []
    return answer["images"][0]


def delete(world: World, **identity: str) -> dict:
    return world.ecr("BatchDeleteImage", repositoryName=REPOSITORY, imageIds=[identity])


@pytest.mark.parametrize(
    ("identity", "code"),
    [
        ({}, "MissingDigestAndTag"),
        ({"imageDigest": "sha256:short"}, "InvalidImageDigest"),
        ({"imageTag": "unknown"}, "ImageNotFound"),
        ({"imageTag": "v1", "imageDigest": digest_of(b"another")}, "ImageTagDoesNotMatchDigest"),
    ],
)
def test_what_cannot_be_found_is_a_failure_with_its_code(world: World, identity: dict, code: str) -> None:
    world.push(REPOSITORY, "v1")
    for operation in ("BatchGetImage", "BatchDeleteImage"):
        (failure,) = world.ecr(operation, repositoryName=REPOSITORY, imageIds=[identity])["failures"]
        assert failure["failureCode"] == code


def test_an_image_without_its_layers_is_refused_and_nothing_is_stored(world: World) -> None:
    known = world.layer(REPOSITORY, b"known")
    missing = {"mediaType": "x", "size": 3, "digest": digest_of(b"missing")}
    with pytest.raises(errors.LayersNotFoundException, match=missing["digest"]):
        world.ecr("PutImage", repositoryName=REPOSITORY, imageManifest=manifest_of(known, missing), imageTag="v1")
    assert world.ecr("ListImages", repositoryName=REPOSITORY)["imageIds"] == []


def test_the_same_image_is_not_put_twice(world: World) -> None:
    world.push(REPOSITORY, "v1")
    with pytest.raises(errors.ImageAlreadyExistsException):
        world.push(REPOSITORY, "v1")


@pytest.mark.parametrize(
    "text", ["not json", "[]", '{"schemaVersion": 1}', '{"schemaVersion": 2, "mediaType": "text/html"}', "{" * 5000]
)
def test_what_is_no_manifest_is_refused(world: World, text: str) -> None:
    with pytest.raises(errors.InvalidParameterException, match="ImageManifest"):
        world.ecr("PutImage", repositoryName=REPOSITORY, imageManifest=text)


def test_a_list_needs_its_images_and_holds_them(world: World) -> None:
    digest = world.push(REPOSITORY)
    child = {"mediaType": "x", "size": 1, "digest": digest, "platform": {"os": "linux", "architecture": "amd64"}}
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [child]}
    world.ecr("PutImage", repositoryName=REPOSITORY, imageManifest=json.dumps(index), imageTag="all")
    (failure,) = delete(world, imageDigest=digest)["failures"]
    assert failure["failureCode"] == "ImageReferencedByManifestList"
    absent = {**index, "manifests": [{**child, "digest": digest_of(b"absent")}]}
    with pytest.raises(errors.ReferencedImagesNotFoundException):
        world.ecr("PutImage", repositoryName=REPOSITORY, imageManifest=json.dumps(absent))


def test_a_layer_is_taken_in_parts_that_follow_one_another(world: World) -> None:
    upload = world.ecr("InitiateLayerUpload", repositoryName=REPOSITORY)["uploadId"]
    names = {"repositoryName": REPOSITORY, "uploadId": upload}
    answer = world.ecr("UploadLayerPart", **names, partFirstByte=0, partLastByte=2, layerPartBlob=b"abc")
    assert answer["lastByteReceived"] == 2
    for first, last in ((0, 2), (4, 6), (3, 9)):
        with pytest.raises(errors.InvalidLayerPartException, match="must begin at byte 3"):
            world.ecr("UploadLayerPart", **names, partFirstByte=first, partLastByte=last, layerPartBlob=b"def")
    world.ecr("UploadLayerPart", **names, partFirstByte=3, partLastByte=5, layerPartBlob=b"def")
    with pytest.raises(errors.InvalidLayerException, match="verification failed"):
        world.ecr("CompleteLayerUpload", **names, layerDigests=[digest_of(b"abc")])
    with pytest.raises(errors.UploadNotFoundException):
        world.ecr("CompleteLayerUpload", **names, layerDigests=[digest_of(b"abcdef")])


def test_an_upload_must_hold_something_that_is_new(world: World) -> None:
    world.layer(REPOSITORY, b"layer")
    with pytest.raises(errors.LayerAlreadyExistsException):
        world.layer(REPOSITORY, b"layer")
    upload = world.ecr("InitiateLayerUpload", repositoryName=REPOSITORY)["uploadId"]
    with pytest.raises(errors.EmptyUploadException):
        world.ecr(
            "CompleteLayerUpload", repositoryName=REPOSITORY, uploadId=upload, layerDigests=[digest_of(b"nothing")]
        )


def test_a_layers_address_is_for_this_layer_alone_and_for_an_hour(world: World) -> None:
    world.layer(REPOSITORY, b"layer")
    digest = digest_of(b"layer")
    url = world.ecr("GetDownloadUrlForLayer", repositoryName=REPOSITORY, layerDigest=digest)["downloadUrl"]
    token = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)["token"][0]
    found = world.credentials.of_token(token)
    assert found is not None
    assert found.layer == f"arn:aws:ecr:us-east-1:123456789012:repository/team/app@{digest}"
    world.clock.advance(3601)
    assert world.credentials.of_token(token) is None
    with pytest.raises(errors.LayersNotFoundException):
        world.ecr("GetDownloadUrlForLayer", repositoryName=REPOSITORY, layerDigest=digest_of(b"other"))


def test_layers_that_no_image_needs_are_removed_after_a_day(world: World) -> None:
    digest = world.push(REPOSITORY, "v1", content=b"needed")
    world.layer(REPOSITORY, b"unneeded")
    world.clock.advance(86_401)
    world.images.sweep()
    arn = "arn:aws:ecr:us-east-1:123456789012:repository/team/app"
    assert world.images.layer_bytes(arn, digest_of(b"needed")) == 6
    assert world.images.layer_bytes(arn, digest_of(b"unneeded")) is None
    assert fetched(world, imageDigest=digest)
