"""Repositories and what belongs to them."""

from __future__ import annotations

import json

import pytest

from clary.services.ecr import errors

from .conftest import World


def test_a_repository_is_told_with_an_address_docker_can_push_to(world: World) -> None:
    made = world.ecr("CreateRepository", repositoryName="plain", tags=[{"Key": "team", "Value": "a"}])["repository"]
    assert made["repositoryArn"] == "arn:aws:ecr:us-east-1:123456789012:repository/plain"
    assert made["repositoryUri"] == "h/plain"
    assert made["imageTagMutability"] == "MUTABLE"
    with pytest.raises(errors.RepositoryAlreadyExistsException, match="'plain' already exists"):
        world.ecr("CreateRepository", repositoryName="plain")
    tags = world.ecr("ListTagsForResource", resourceArn=made["repositoryArn"])["tags"]
    assert tags == [{"Key": "team", "Value": "a"}]


def test_repositories_are_listed_by_name_in_pages(world: World) -> None:
    for number in range(5):
        world.ecr("CreateRepository", repositoryName=f"many/{number}")
    first = world.ecr("DescribeRepositories", maxResults=4)
    rest = world.ecr("DescribeRepositories", maxResults=4, nextToken=first["nextToken"])
    names = [one["repositoryName"] for one in first["repositories"] + rest["repositories"]]
    assert names == [*(f"many/{number}" for number in range(5)), "team/app"]
    assert "nextToken" not in rest
    with pytest.raises(errors.RepositoryNotFoundException, match="'absent' does not exist"):
        world.ecr("DescribeRepositories", repositoryNames=["absent"])
    with pytest.raises(errors.InvalidParameterException, match="nextToken"):
        world.ecr("DescribeRepositories", nextToken="bm9uc2Vuc2U")


def test_a_repository_with_images_goes_only_by_force(world: World) -> None:
    world.push("team/app", "v1")
    with pytest.raises(errors.RepositoryNotEmptyException):
        world.ecr("DeleteRepository", repositoryName="team/app")
    world.ecr("DeleteRepository", repositoryName="team/app", force=True)
    world.ecr("CreateRepository", repositoryName="team/app")
    assert world.ecr("ListImages", repositoryName="team/app")["imageIds"] == []


@pytest.mark.parametrize(
    ("mutability", "filters", "moves"),
    [
        ("MUTABLE", [], {"v1": True, "latest": True}),
        ("IMMUTABLE", [], {"v1": False, "latest": False}),
        ("IMMUTABLE_WITH_EXCLUSION", ["lat*"], {"v1": False, "latest": True}),
        ("MUTABLE_WITH_EXCLUSION", ["v*"], {"v1": False, "latest": True}),
    ],
)
def test_a_tag_moves_as_the_repository_says(world: World, mutability, filters, moves) -> None:
    further = (
        {"imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": one} for one in filters]}
        if filters
        else {}
    )
    world.ecr("PutImageTagMutability", repositoryName="team/app", imageTagMutability=mutability, **further)
    for tag, may_move in moves.items():
        world.push("team/app", tag, content=f"old {tag}".encode())
        if may_move:
            world.push("team/app", tag, content=f"new {tag}".encode())
        else:
            with pytest.raises(errors.ImageTagAlreadyExistsException, match=f"'{tag}' already exists"):
                world.push("team/app", tag, content=f"new {tag}".encode())


def test_what_clary_does_not_do_is_refused_by_name(world: World) -> None:
    with pytest.raises(errors.InvalidParameterException, match="does not scan images"):
        world.ecr("CreateRepository", repositoryName="one", imageScanningConfiguration={"scanOnPush": True})
    with pytest.raises(errors.InvalidParameterException, match="encryptionType KMS"):
        world.ecr("CreateRepository", repositoryName="one", encryptionConfiguration={"encryptionType": "KMS"})
    with pytest.raises(errors.InvalidParameterException, match="_WITH_EXCLUSION"):
        world.ecr("PutImageTagMutability", repositoryName="team/app", imageTagMutability="MUTABLE_WITH_EXCLUSION")


def test_a_policy_is_kept_as_it_was_sent_and_checked(world: World) -> None:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    with pytest.raises(errors.RepositoryPolicyNotFoundException):
        world.ecr("GetRepositoryPolicy", repositoryName="team/app")
    world.ecr("SetRepositoryPolicy", repositoryName="team/app", policyText=text)
    assert world.ecr("GetRepositoryPolicy", repositoryName="team/app")["policyText"] == text
    with pytest.raises(errors.InvalidParameterException, match="Missing required field Principal"):
        wrong = {"Version": "2012-10-17", "Statement": [{**statement, "Principal": None}]}
        world.ecr("SetRepositoryPolicy", repositoryName="team/app", policyText=json.dumps(wrong))
    assert world.ecr("DeleteRepositoryPolicy", repositoryName="team/app")["policyText"] == text
    with pytest.raises(errors.RepositoryPolicyNotFoundException):
        world.ecr("DeleteRepositoryPolicy", repositoryName="team/app")


def test_tags_of_a_repository_follow_awss_rules(world: World) -> None:
    arn = "arn:aws:ecr:us-east-1:123456789012:repository/team/app"
    world.ecr("TagResource", resourceArn=arn, tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    world.ecr("UntagResource", resourceArn=arn, tagKeys=["a", "unknown"])
    assert world.ecr("ListTagsForResource", resourceArn=arn)["tags"] == [{"Key": "b", "Value": "2"}]
    with pytest.raises(errors.InvalidTagParameterException, match="aws:"):
        world.ecr("TagResource", resourceArn=arn, tags=[{"Key": "aws:x", "Value": "1"}])
    with pytest.raises(errors.TooManyTagsException):
        world.ecr("TagResource", resourceArn=arn, tags=[{"Key": f"k{n}", "Value": ""} for n in range(50)])
    with pytest.raises(errors.InvalidParameterException, match="not an ARN"):
        world.ecr("ListTagsForResource", resourceArn="team/app")
    with pytest.raises(errors.RepositoryNotFoundException):
        world.ecr("ListTagsForResource", resourceArn=arn + "x")
