"""Lifecycle policies: stored, previewed, carried out."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from clary.core.call import Call
from clary.core.clock import Clock
from clary.core.operations import operation
from clary.services.ecr.errors import (
    InvalidParameterException,
    LifecyclePolicyNotFoundException,
    LifecyclePolicyPreviewNotFoundException,
)
from clary.services.ecr.lifecycle_rules import InvalidPolicy, expiring, parse_policy
from clary.services.ecr.lookup import RESOURCE, change_repository, find_repository, moment, page, registry_of
from clary.storage.images import REPOSITORY, Images, InUse
from clary.storage.records import RecordChanged, Records

_log = logging.getLogger(__name__)


class LifecyclePolicies:
    """The lifecycle policies of repositories; `carry_out` is a duty of the house."""

    api = "ecr"

    def __init__(self, records: Records, images: Images, clock: Clock) -> None:
        self._records = records
        self._images = images
        self._clock = clock

    @operation("PutLifecyclePolicy", resource=RESOURCE)
    def put(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Sets the policy; it is carried out within the hour.

        Raises:
            InvalidParameterException: it breaks a rule.
        """
        text = request["lifecyclePolicyText"]
        _check(text)
        change_repository(
            self._records, self._images, call, request, lambda body: body.update(lifecycle={"text": text})
        )
        return {**_named(call, request), "lifecyclePolicyText": text}

    @operation("GetLifecyclePolicy", resource=RESOURCE)
    def get(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The policy, and when it was carried out last.

        Raises:
            LifecyclePolicyNotFoundException: there is none.
        """
        record = find_repository(self._images, call, request)
        if "lifecycle" not in record.body:
            raise LifecyclePolicyNotFoundException(name=record.name, registry=record.account)
        return {**_named(call, request), **_shown(record.body["lifecycle"])}

    @operation("DeleteLifecyclePolicy", resource=RESOURCE)
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes the policy.

        Raises:
            LifecyclePolicyNotFoundException: there is none.
        """

        def change(body: dict[str, Any]) -> dict[str, Any] | None:
            policy: dict[str, Any] | None = body.pop("lifecycle", None)
            return policy

        policy = change_repository(self._records, self._images, call, request, change)
        if policy is None:
            raise LifecyclePolicyNotFoundException(name=request["repositoryName"], registry=registry_of(call, request))
        return {**_named(call, request), **_shown(policy)}

    @operation("StartLifecyclePolicyPreview", resource=RESOURCE)
    def start_preview(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Finds out what a policy, the one that is sent or the one that is set, would expire now.

        Raises:
            InvalidParameterException: the policy that is sent breaks a rule.
            LifecyclePolicyNotFoundException: none is sent and none is set.
        """
        record = find_repository(self._images, call, request)
        text = request.get("lifecyclePolicyText") or record.body.get("lifecycle", {}).get("text")
        if text is None:
            raise LifecyclePolicyNotFoundException(name=record.name, registry=record.account)
        _check(text)
        found = expiring(parse_policy(text), self._images.all(record.arn), self._clock.time())
        preview = {"text": text, "expiring": found}
        change_repository(self._records, self._images, call, request, lambda body: body.update(preview=preview))
        return {**_named(call, request), "lifecyclePolicyText": text, "status": "IN_PROGRESS"}

    @operation("GetLifecyclePolicyPreview", resource=RESOURCE)
    def get_preview(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """What the preview that was started last has found.

        Raises:
            LifecyclePolicyPreviewNotFoundException: none was started.
        """
        record = find_repository(self._images, call, request)
        preview = record.body.get("preview")
        if preview is None:
            raise LifecyclePolicyPreviewNotFoundException(name=record.name, registry=record.account)
        rules: Mapping[str, int] = preview["expiring"]
        images = [image for image in self._images.all(record.arn) if image.digest in rules]
        if "imageIds" in request:
            digests = {identity.get("imageDigest") for identity in request["imageIds"]}
            tags = {identity.get("imageTag") for identity in request["imageIds"]}
            images = [image for image in images if image.digest in digests or tags & set(image.tags)]
        status = request.get("filter", {}).get("tagStatus", "ANY")
        images = [image for image in images if status == "ANY" or bool(image.tags) is (status == "TAGGED")]
        images.sort(key=lambda image: image.digest)
        shown, token = page(images, lambda image: image.digest, request)
        results = [
            {
                "imageTags": list(image.tags),
                "imageDigest": image.digest,
                "imagePushedAt": moment(image.pushed),
                "action": {"type": "EXPIRE"},
                "appliedRulePriority": rules[image.digest],
            }
            for image in shown
        ]
        answer: dict[str, Any] = {
            **_named(call, request),
            "lifecyclePolicyText": preview["text"],
            "status": "COMPLETE",
            "previewResults": results,
            "summary": {"expiringImageTotalCount": len(rules)},
        }
        if token:
            answer["nextToken"] = token
        return answer

    def carry_out(self) -> None:
        """Applies every policy."""
        for record in self._records.of_kind(REPOSITORY):
            policy = record.body.get("lifecycle")
            if policy is None:
                continue
            now = self._clock.time()
            found = expiring(parse_policy(policy["text"]), self._images.all(record.arn), now)
            for digest, priority in found.items():
                with suppress(InUse):  # a list that was pushed since needs it
                    self._images.remove(record.arn, digest)
                    _log.info("rule %s of the lifecycle policy of %s expired %s", priority, record.arn, digest)
            with suppress(RecordChanged):  # the policy is another now: the next time tells when it was carried out
                self._records.update(record, body={**record.body, "lifecycle": {**policy, "evaluated": now}})


def _check(text: str) -> None:
    try:
        parse_policy(text)
    except InvalidPolicy as error:
        raise InvalidParameterException(
            f"Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation "
            f"failure: {error}'"
        ) from error


def _named(call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
    return {"registryId": registry_of(call, request), "repositoryName": request["repositoryName"]}


def _shown(policy: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"lifecyclePolicyText": policy["text"]}
    if "evaluated" in policy:
        shown["lastEvaluatedAt"] = moment(policy["evaluated"])
    return shown
