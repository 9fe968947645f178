"""The resource policies of models: which other accounts may import them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from clary.core.call import Call
from clary.core.clock import timestamp
from clary.core.operations import operation
from clary.services.comprehend import shelf
from clary.services.comprehend.errors import InvalidRequestException, ResourceNotFoundException
from clary.services.comprehend.names import MODELS
from clary.storage.records import Record, RecordChanged, Records


class ModelPolicies:
    """PutResourcePolicy, DescribeResourcePolicy and DeleteResourcePolicy.

    Args:
        records: where models and their policies are.
    """

    api = "comprehend"

    def __init__(self, records: Records) -> None:
        self._records = records

    @operation("PutResourcePolicy", resource="{ResourceArn}")
    def put(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Gives a model a policy, or another one.

        Raises:
            InvalidRequestException: it is no policy, or the revision is not the current one.
            ResourceNotFoundException: there is no such model.
        """
        record = shelf.find(self._records, call, MODELS, request["ResourceArn"])
        known = record.body.get("policy", {})
        _check_revision(request, known)
        policy = new_policy(request["ResourcePolicy"], call.time.timestamp(), known.get("created"))
        self._store(record, {**record.body, "policy": policy})
        return {"PolicyRevisionId": policy["revision"]}

    @operation("DescribeResourcePolicy", resource="{ResourceArn}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The policy of a model.

        Raises:
            ResourceNotFoundException: there is no such model, or it has none.
        """
        record = shelf.find(self._records, call, MODELS, request["ResourceArn"])
        policy = _policy(record)
        return {
            "ResourcePolicy": policy["text"],
            "CreationTime": timestamp(policy["created"]),
            "LastModifiedTime": timestamp(policy["modified"]),
            "PolicyRevisionId": policy["revision"],
        }

    @operation("DeleteResourcePolicy", resource="{ResourceArn}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Takes the policy of a model away.

        Raises:
            InvalidRequestException: the revision is not the current one.
            ResourceNotFoundException: there is no such model, or it has none.
        """
        record = shelf.find(self._records, call, MODELS, request["ResourceArn"])
        _check_revision(request, _policy(record))
        self._store(record, {name: value for name, value in record.body.items() if name != "policy"})
        return {}

    def _store(self, record: Record, body: dict[str, Any]) -> None:
        try:
            self._records.update(record, body=body)
        except RecordChanged as error:
            raise InvalidRequestException(f"{record.arn} is being changed. Try again.") from error


def new_policy(text: str, now: float, created: float | None = None) -> dict[str, Any]:
    """A policy as it is kept.

    Args:
        now: seconds since 1970.
        created: when the model got its first one, None where this is it.

    Raises:
        InvalidRequestException: it is no policy.
    """
    try:
        policy = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidRequestException(f"The policy is not valid JSON: {error}") from error
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    if not statements or not isinstance(statements, list | dict):
        raise InvalidRequestException("The policy must be a JSON object with a Statement.")
    for statement in statements if isinstance(statements, list) else [statements]:
        if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
            raise InvalidRequestException("Each Statement of the policy must have the Effect Allow or Deny.")
    return {"text": text, "created": created or now, "modified": now, "revision": uuid.uuid4().hex}


def _policy(record: Record) -> Mapping[str, Any]:
    policy: Mapping[str, Any] = record.body.get("policy", {})
    if not policy:
        raise ResourceNotFoundException(f"{record.arn} has no resource policy.")
    return policy


def _check_revision(request: Mapping[str, Any], policy: Mapping[str, Any]) -> None:
    asked = request.get("PolicyRevisionId")
    if asked is not None and asked != policy.get("revision"):
        raise InvalidRequestException(f"PolicyRevisionId {asked} is not the current revision of the policy.")
