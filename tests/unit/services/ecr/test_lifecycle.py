"""Lifecycle policies: what they expire, and that they do."""

from __future__ import annotations

import json

import pytest

from clary.core.clock import FixedClock
from clary.services.ecr import errors
from clary.services.ecr.lifecycle import LifecyclePolicies
from clary.services.ecr.lifecycle_rules import InvalidPolicy, expiring, parse_policy
from clary.storage.image_manifests import DOCKER_MANIFEST
from clary.storage.images import StoredImage

from .conftest import World, digest_of, manifest_of

DAY = 86_400
NOW = 1000.0 * DAY
EXPIRE = {"type": "expire"}


def image(name: str, age_days: float, *tags: str) -> StoredImage:
    config = {"mediaType": "x", "size": 1, "digest": digest_of(name.encode())}
    return StoredImage("arn", name, DOCKER_MANIFEST, manifest_of(config).encode(), 1, NOW - age_days * DAY, None, tags)


def rule(priority: int, **selection) -> dict:
    return {"rulePriority": priority, "description": "x" * 60, "selection": selection, "action": EXPIRE}


def expired(*rules: dict, images: list[StoredImage]) -> dict[str, int]:
    return expiring(parse_policy(json.dumps({"rules": list(rules)})), images, NOW)


def newest(priority: int, count: int, **selection) -> dict:
    return rule(priority, countType="imageCountMoreThan", countNumber=count, **selection)


def since_pushed(priority: int, days: int, **selection) -> dict:
    return rule(priority, countType="sinceImagePushed", countUnit="days", countNumber=days, **selection)


def test_only_the_newest_images_stay() -> None:
    images = [image(f"i{age}", age, f"v{age}") for age in range(5)]
    found = expired(newest(1, 2, tagStatus="any"), images=images)
    assert found == {"i2": 1, "i3": 1, "i4": 1}


def test_untagged_images_go_by_age() -> None:
    images = [image("old", 15), image("new", 13), image("old but tagged", 15, "v1")]
    assert expired(since_pushed(1, 14, tagStatus="untagged"), images=images) == {"old": 1}


def test_an_image_needs_all_prefixes_of_a_rule() -> None:
    images = [image("both", 2, "prod-1", "beta-1"), image("one", 3, "prod-2")]
    chosen = since_pushed(1, 1, tagStatus="tagged", tagPrefixList=["prod", "beta"])
    assert expired(chosen, images=images) == {"both": 1}
    patterns = since_pushed(1, 1, tagStatus="tagged", tagPatternList=["*-2"])
    assert expired(patterns, images=images) == {"one": 1}


def test_an_image_that_a_rule_spoke_of_is_safe_from_the_rules_behind_it() -> None:
    images = [image("kept", 5, "prod-1"), image("old", 9, "prod-0"), image("dev", 4, "dev-1"), image("new", 1, "dev-2")]
    rules = [
        newest(1, 1, tagStatus="tagged", tagPrefixList=["prod"]),
        newest(2, 1, tagStatus="any"),
    ]
    found = expired(*rules, images=images)
    assert found["old"] == 1
    assert found["dev"] == 2
    assert "kept" not in found
    assert "new" not in found


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ([], "at least one"),
        ([newest(1, 1, tagStatus="any"), newest(1, 1, tagStatus="untagged")], "once"),
        ([newest(1, 1, tagStatus="any"), newest(2, 1, tagStatus="untagged")], "highest rulePriority"),
        ([newest(1, 0, tagStatus="any")], "countNumber is 0"),
        ([newest(1, 1, tagStatus="tagged")], "tagPrefixList"),
        ([newest(1, 1, tagStatus="some")], "'some'"),
        ([rule(1, tagStatus="any", countType="sinceImagePushed", countNumber=1)], "countUnit"),
        ([{**newest(1, 1, tagStatus="any"), "action": {"type": "transition"}}], "no other yet"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_with_the_reason(rules: list, words: str) -> None:
    with pytest.raises(InvalidPolicy, match=words):
        parse_policy(json.dumps({"rules": rules}))


def test_a_policy_is_previewed_and_carried_out(world: World, clock: FixedClock) -> None:
    old = world.push("team/app", "v1", content=b"old")
    clock.advance(3600)
    new = world.push("team/app", "v2", content=b"new")
    text = json.dumps({"rules": [newest(1, 1, tagStatus="any")]})
    named = {"repositoryName": "team/app"}
    with pytest.raises(errors.LifecyclePolicyNotFoundException):
        world.ecr("StartLifecyclePolicyPreview", **named)
    with pytest.raises(errors.LifecyclePolicyPreviewNotFoundException):
        world.ecr("GetLifecyclePolicyPreview", **named)
    world.ecr("StartLifecyclePolicyPreview", **named, lifecyclePolicyText=text)
    preview = world.ecr("GetLifecyclePolicyPreview", **named)
    assert preview["status"] == "COMPLETE"
    assert [one["imageDigest"] for one in preview["previewResults"]] == [old]
    assert preview["summary"] == {"expiringImageTotalCount": 1}
    world.ecr("PutLifecyclePolicy", **named, lifecyclePolicyText=text)
    LifecyclePolicies(world.records, world.images, clock).carry_out()
    left = world.ecr("ListImages", **named)["imageIds"]
    assert [one["imageDigest"] for one in left] == [new]
    told = world.ecr("GetLifecyclePolicy", **named)
    assert told["lastEvaluatedAt"].timestamp() == clock.time()
    assert world.ecr("DeleteLifecyclePolicy", **named)["lifecyclePolicyText"] == text
    with pytest.raises(errors.LifecyclePolicyNotFoundException):
        world.ecr("GetLifecyclePolicy", **named)


def test_a_policy_is_checked_when_it_is_set(world: World) -> None:
    text = json.dumps({"rules": [newest(1, 1, tagStatus="tagged")]})
    with pytest.raises(errors.InvalidParameterException, match="LifecyclePolicyText"):
        world.ecr("PutLifecyclePolicy", repositoryName="team/app", lifecyclePolicyText=text)
