"""Repositories: created, described, deleted, and whether their tags may move."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.ecr.errors import (
    InvalidParameterException,
    RepositoryAlreadyExistsException,
    RepositoryNotEmptyException,
)
from clary.services.ecr.lookup import (
    MUTABLE,
    RESOURCE,
    change_repository,
    described,
    find_repository,
    page,
    registry_of,
    repository_arn,
)
from clary.services.ecr.tags import checked_tags
from clary.storage.images import REPOSITORY, Images, RepositoryNotEmpty
from clary.storage.records import Record, RecordExists, Records


class Repositories:
    """The repositories of every account and region."""

    api = "ecr"

    def __init__(self, records: Records, images: Images) -> None:
        self._records = records
        self._images = images

    @operation("CreateRepository", resource=RESOURCE)
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes a repository.

        Raises:
            InvalidParameterException: it asks for scanning, a KMS key, or filters that do not fit.
            RepositoryAlreadyExistsException: the name is taken.
        """
        registry, name = registry_of(call, request), request["repositoryName"]
        if registry != call.account:
            raise InvalidParameterException(
                f"Invalid parameter at 'registryId': repositories are made in the caller's registry, {call.account}."
            )
        _refuse_scanning(request)
        encryption = request.get("encryptionConfiguration", {}).get("encryptionType", "AES256")
        if encryption != "AES256":
            raise InvalidParameterException(
                f"Clary does not have encryptionType {encryption} yet: leave out encryptionConfiguration."
            )
        body = _mutability(request)
        tags = checked_tags(request.get("tags", []))
        arn = repository_arn(call.account, call.region, name)
        record = Record(REPOSITORY, call.account, call.region, name, arn, body=body)
        try:
            stored = self._records.insert(record, tags=tags)
        except RecordExists as error:
            raise RepositoryAlreadyExistsException(name=name, registry=registry) from error
        return {"repository": described(call, stored)}

    @operation("DescribeRepositories")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The repositories that are named, or a page of all of them by name."""
        registry = registry_of(call, request)
        names = request.get("repositoryNames")
        if names:
            if "nextToken" in request or "maxResults" in request:
                raise InvalidParameterException(
                    "Invalid parameter: nextToken and maxResults cannot be used together with repositoryNames."
                )
            found = [find_repository(self._images, call, {**request, "repositoryName": name}) for name in names]
            return {"repositories": [described(call, record) for record in found]}
        records = sorted(self._records.every(REPOSITORY, registry, call.region), key=lambda record: record.name)
        shown, following = page(records, lambda record: record.name, request)
        answer: dict[str, Any] = {"repositories": [described(call, record) for record in shown]}
        if following:
            answer["nextToken"] = following
        return answer

    @operation("DeleteRepository", resource=RESOURCE)
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Removes a repository; with `force` its images too.

        Raises:
            RepositoryNotEmptyException: it holds images, and `force` is not set.
        """
        record = find_repository(self._images, call, request)
        try:
            self._images.delete_repository(record, force=request.get("force", False))
        except RepositoryNotEmpty as error:
            raise RepositoryNotEmptyException(name=record.name, registry=record.account) from error
        return {"repository": described(call, record)}

    @operation("PutImageTagMutability", resource=RESOURCE)
    def put_mutability(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Says whether a tag may be given to another image."""
        sent = _mutability(request)

        def change(body: dict[str, Any]) -> None:
            body.pop("exclusions", None)
            body.update(sent)

        change_repository(self._records, self._images, call, request, change)
        answer = {
            "registryId": registry_of(call, request),
            "repositoryName": request["repositoryName"],
            "imageTagMutability": sent["mutability"],
        }
        if "exclusions" in sent:
            answer["imageTagMutabilityExclusionFilters"] = sent["exclusions"]
        return answer

    @operation("PutImageScanningConfiguration", resource=RESOURCE)
    def put_scanning(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Switches scanning off, as it is; on is refused.

        Raises:
            InvalidParameterException: it asks for scanning.
        """
        record = find_repository(self._images, call, request)
        _refuse_scanning(request)
        return {
            "registryId": record.account,
            "repositoryName": record.name,
            "imageScanningConfiguration": {"scanOnPush": False},
        }

    @operation("DescribeRegistry")
    def describe_registry(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The caller's registry, which is replicated nowhere."""
        return {"registryId": call.account, "replicationConfiguration": {"rules": []}}


def _refuse_scanning(request: dict[str, Any]) -> None:
    if request.get("imageScanningConfiguration", {}).get("scanOnPush"):
        raise InvalidParameterException(
            "Clary does not scan images yet: set imageScanningConfiguration.scanOnPush false."
        )


def _mutability(request: dict[str, Any]) -> dict[str, Any]:
    mutability = request.get("imageTagMutability", MUTABLE)
    filters = request.get("imageTagMutabilityExclusionFilters", [])
    if bool(filters) != mutability.endswith("_WITH_EXCLUSION"):
        raise InvalidParameterException(
            f"Invalid parameter at 'imageTagMutabilityExclusionFilters': {len(filters)} filters do not go with "
            f"imageTagMutability {mutability}; filters belong to the values that end in _WITH_EXCLUSION."
        )
    return {"mutability": mutability, **({"exclusions": filters} if filters else {})}
