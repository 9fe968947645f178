"""Lifecycle policies of repositories: which images a policy expires. Pure: images in, digests out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from clary.storage.images import StoredImage

_DAY_SECONDS = 86_400
_COUNTS = ("imageCountMoreThan", "sinceImagePushed", "sinceImagePulled")
_STATUSES = ("tagged", "untagged", "any")


class InvalidPolicy(ValueError):
    """The text is not a lifecycle policy; the message says why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        priority: rules are applied from the lowest on.
        status: "tagged", "untagged" or "any".
        prefixes, patterns: which tags an image must have; all of them.
        count_type: one of `_COUNTS`.
        count: images to keep, or days.
    """

    priority: int
    status: str
    prefixes: tuple[str, ...]
    patterns: tuple[str, ...]
    count_type: str
    count: int

    def selects(self, image: StoredImage) -> bool:
        """Whether the rule speaks of the image."""
        if self.status != "any" and bool(image.tags) is not (self.status == "tagged"):
            return False
        return all(any(tag.startswith(prefix) for tag in image.tags) for prefix in self.prefixes) and all(
            any(fnmatchcase(tag, pattern.replace("[", "[[]")) for tag in image.tags) for pattern in self.patterns
        )

    def expired(self, selected: Iterable[StoredImage], now: float) -> list[StoredImage]:
        """Those of the images it speaks of that have to go, the newest first."""
        newest = sorted(selected, key=lambda image: (image.pushed, image.digest), reverse=True)
        if self.count_type == "imageCountMoreThan":
            return newest[self.count :]
        before = now - self.count * _DAY_SECONDS
        if self.count_type == "sinceImagePushed":
            return [image for image in newest if image.pushed < before]
        return [image for image in newest if max(image.pushed, image.pulled or 0.0) < before]


def expiring(rules: Sequence[Rule], images: Sequence[StoredImage], now: float) -> dict[str, int]:
    """What a policy expires: digest -> priority of the rule that does it.

    A rule never touches an image that one before it spoke of (ECR: an image that matches the tagging requirements of
    a rule cannot be expired by a rule of a later priority). Members of a list are left alone: they go with it.
    """
    held = {child.digest for image in images for child in image.manifest.children}
    spoken_of: set[str] = set()
    found: dict[str, int] = {}
    for rule in sorted(rules, key=lambda rule: rule.priority):
        selected = [image for image in images if rule.selects(image) and image.digest not in held]
        for image in rule.expired(selected, now):
            if image.digest not in spoken_of:
                found[image.digest] = rule.priority
        spoken_of |= {image.digest for image in selected}
    return found


def parse_policy(text: str) -> list[Rule]:
    """Reads a policy.

    Raises:
        InvalidPolicy: it breaks a rule of the policies' grammar, or asks for what Clary does not have.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidPolicy(f"it is not JSON: {error}") from error
    listed = value.get("rules") if isinstance(value, dict) else None
    if not isinstance(listed, list) or not listed:
        raise InvalidPolicy("it must be an object with a list of at least one of 'rules'")
    rules = [_rule(entry) for entry in listed]
    priorities = [rule.priority for rule in rules]
    if len(set(priorities)) != len(priorities):
        raise InvalidPolicy("each rulePriority must be there once")
    anything = [rule.priority for rule in rules if rule.status == "any"]
    if len(anything) > 1 or (anything and anything[0] != max(priorities)):
        raise InvalidPolicy("the rule with tagStatus 'any' must be the only one and have the highest rulePriority")
    return rules


def _rule(entry: Any) -> Rule:
    if not isinstance(entry, dict) or not isinstance(entry.get("selection"), dict):
        raise InvalidPolicy("each rule must be an object with a 'selection'")
    selection = entry["selection"]
    priority = _positive(entry, "rulePriority")
    status, kind = selection.get("tagStatus"), selection.get("countType")
    action = entry.get("action")
    if not isinstance(action, dict) or action.get("type") != "expire":
        raise InvalidPolicy(f"the action of rule {priority} must be {{'type': 'expire'}}; Clary has no other yet")
    if status not in _STATUSES:
        raise InvalidPolicy(f"tagStatus of rule {priority} is {status!r}; it must be one of {', '.join(_STATUSES)}")
    if kind not in _COUNTS:
        raise InvalidPolicy(f"countType of rule {priority} is {kind!r}; it must be one of {', '.join(_COUNTS)}")
    count = _positive(selection, "countNumber")
    if (selection.get("countUnit") == "days") is not (kind != "imageCountMoreThan"):
        raise InvalidPolicy(f"countUnit of rule {priority} must be 'days' for countType since..., and left out else")
    prefixes, patterns = _texts(selection, "tagPrefixList"), _texts(selection, "tagPatternList")
    if (status == "tagged") is not (bool(prefixes) is not bool(patterns)):
        raise InvalidPolicy(
            f"rule {priority} must have tagPrefixList or tagPatternList when tagStatus is 'tagged', and else neither"
        )
    return Rule(priority, status, prefixes, patterns, kind, count)


def _positive(entry: dict[str, Any], name: str) -> int:
    value = entry.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidPolicy(f"{name} is {value!r}; it must be a whole number of at least 1")
    return value


def _texts(selection: dict[str, Any], name: str) -> tuple[str, ...]:
    value = selection.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) and one for one in value):
        raise InvalidPolicy(f"{name} must be a list of texts")
    return tuple(value)
