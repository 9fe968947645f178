"""Repository policies: who else may pull and push."""

from __future__ import annotations

import functools
import json
from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.core.policy import PolicyDocument
from clary.core.policy_documents import MalformedPolicy, PolicyKind, parse
from clary.services.ecr.errors import InvalidParameterException, RepositoryPolicyNotFoundException
from clary.services.ecr.lookup import RESOURCE, change_repository, find_repository, registry_of
from clary.storage.images import Images
from clary.storage.records import Record, Records


@functools.lru_cache(maxsize=256)
def policy_document(text: str) -> PolicyDocument:
    """A repository policy, parsed; its statements name no resource, they speak of their repository.

    Raises:
        clary.core.policy_documents.MalformedPolicy: it breaks the grammar.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return parse(text, PolicyKind.RESOURCE)  # says in AWS's words what is wrong
    statements = value.get("Statement") if isinstance(value, dict) else None
    listed = [statements] if isinstance(statements, dict) else statements
    if isinstance(listed, list):
        listed = [{"Resource": "*", **one} if isinstance(one, dict) else one for one in listed]
        value = {**value, "Statement": listed}
    return parse(value, PolicyKind.RESOURCE)


def policy_of(record: Record) -> PolicyDocument | None:
    """The policy of a repository, the same object for the same text; None without one."""
    text = record.body.get("policy")
    return policy_document(text) if text else None


class RepositoryPolicies:
    """SetRepositoryPolicy, GetRepositoryPolicy and DeleteRepositoryPolicy."""

    api = "ecr"

    def __init__(self, records: Records, images: Images) -> None:
        self._records = records
        self._images = images

    @operation("SetRepositoryPolicy", resource=RESOURCE)
    def put(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Sets the policy.

        Raises:
            InvalidParameterException: it breaks the grammar of policies.
        """
        text = request["policyText"]
        try:
            policy_document(text)
        except MalformedPolicy as error:
            raise InvalidParameterException(
                f"Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy "
                f"provided': {error}"
            ) from error

        change_repository(self._records, self._images, call, request, lambda body: body.update(policy=text))
        return self._answer(call, request, text)

    @operation("GetRepositoryPolicy", resource=RESOURCE)
    def get(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The policy.

        Raises:
            RepositoryPolicyNotFoundException: there is none.
        """
        record = find_repository(self._images, call, request)
        if "policy" not in record.body:
            raise RepositoryPolicyNotFoundException(name=record.name, registry=record.account)
        return self._answer(call, request, record.body["policy"])

    @operation("DeleteRepositoryPolicy", resource=RESOURCE)
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes the policy.

        Raises:
            RepositoryPolicyNotFoundException: there is none.
        """

        def change(body: dict[str, Any]) -> str | None:
            text: str | None = body.pop("policy", None)
            return text

        text = change_repository(self._records, self._images, call, request, change)
        if text is None:
            raise RepositoryPolicyNotFoundException(name=request["repositoryName"], registry=registry_of(call, request))
        return self._answer(call, request, text)

    @staticmethod
    def _answer(call: Call, request: dict[str, Any], text: str) -> dict[str, Any]:
        return {
            "registryId": registry_of(call, request),
            "repositoryName": request["repositoryName"],
            "policyText": text,
        }
