"""Policies of projects: who of other accounts may copy a project's models."""

from __future__ import annotations

import secrets
from typing import Any

from clary.core.call import Call
from clary.core.clock import timestamp
from clary.core.operations import operation
from clary.core.policy_documents import MalformedPolicy, PolicyKind, parse
from clary.services.rekognition import shelf
from clary.services.rekognition.errors import (
    InvalidPolicyRevisionIdException,
    MalformedPolicyDocumentException,
    ResourceNotFoundException,
    ServiceQuotaExceededException,
)
from clary.services.rekognition.names import PROJECT, PROJECT_POLICY
from clary.storage.records import Record, RecordChanged, RecordExists, Records

MOST_POLICIES = 5


class ProjectPolicies:
    """The policies of every project.

    Args:
        records: where they are kept.
    """

    api = "rekognition"

    def __init__(self, records: Records) -> None:
        self._records = records

    @operation("PutProjectPolicy", resource="{ProjectArn}")
    def put(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Attaches a policy to a project, or replaces it.

        Raises:
            ResourceNotFoundException: there is no such project.
            MalformedPolicyDocumentException: the policy is not one.
            InvalidPolicyRevisionIdException: the policy was changed since the caller read it.
            ServiceQuotaExceededException: the project has five policies.
        """
        project = shelf.find(self._records, call, PROJECT, request["ProjectArn"])
        document = request["PolicyDocument"]
        try:
            parse(document, PolicyKind.RESOURCE)
        except MalformedPolicy as error:
            raise MalformedPolicyDocumentException(f"The policy document is not valid: {error}") from error
        name = f"{project.name}/{request['PolicyName']}"
        before = self._records.get(PROJECT_POLICY, call.account, call.region, name)
        body = {"name": request["PolicyName"], "document": document, "revision": secrets.token_hex(16)}
        try:
            if before is not None:
                _require_revision(before, request)
                self._records.update(before, body=body)
            else:
                if "PolicyRevisionId" in request:
                    raise InvalidPolicyRevisionIdException(f"There is no policy {request['PolicyName']} to update.")
                if len(self._records.children(PROJECT_POLICY, project)) >= MOST_POLICIES:
                    raise ServiceQuotaExceededException(f"A project can have at most {MOST_POLICIES} policies.")
                arn = f"{project.arn}/policy/{request['PolicyName']}"
                self._records.insert(
                    Record(PROJECT_POLICY, call.account, call.region, name, arn, parent=project.arn, body=body)
                )
        except (RecordChanged, RecordExists) as error:
            raise InvalidPolicyRevisionIdException(f"The policy {request['PolicyName']} was just changed.") from error
        return {"PolicyRevisionId": body["revision"]}

    @operation("ListProjectPolicies", resource="{ProjectArn}")
    def page(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of a project's policies.

        Raises:
            ResourceNotFoundException: there is no such project.
            InvalidPaginationTokenException: the token is not one of this listing.
        """
        project = shelf.find(self._records, call, PROJECT, request["ProjectArn"])
        page = shelf.page_of(self._records, call, PROJECT_POLICY, request, parent=project.arn, default=MOST_POLICIES)
        policies = [
            {
                "ProjectArn": project.arn,
                "PolicyName": record.body["name"],
                "PolicyRevisionId": record.body["revision"],
                "PolicyDocument": record.body["document"],
                "CreationTimestamp": timestamp(record.created),
                "LastUpdatedTimestamp": timestamp(record.modified),
            }
            for record in page.records
        ]
        return {"ProjectPolicies": policies, **shelf.next_token(page)}

    @operation("DeleteProjectPolicy", resource="{ProjectArn}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes a policy.

        Raises:
            ResourceNotFoundException: there is no such project or policy.
            InvalidPolicyRevisionIdException: the policy was changed since the caller read it.
        """
        project = shelf.find(self._records, call, PROJECT, request["ProjectArn"])
        name = f"{project.name}/{request['PolicyName']}"
        record = self._records.get(PROJECT_POLICY, call.account, call.region, name)
        if record is None:
            raise ResourceNotFoundException(f"The project {project.arn} has no policy {request['PolicyName']}.")
        _require_revision(record, request)
        try:
            self._records.delete(record)
        except RecordChanged as error:
            raise InvalidPolicyRevisionIdException(f"The policy {request['PolicyName']} was just changed.") from error
        return {}


def _require_revision(record: Record, request: dict[str, Any]) -> None:
    if request.get("PolicyRevisionId", record.body["revision"]) != record.body["revision"]:
        raise InvalidPolicyRevisionIdException(
            f"PolicyRevisionId {request['PolicyRevisionId']} is not the policy's latest, {record.body['revision']}."
        )
