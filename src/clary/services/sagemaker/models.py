"""Models: an image with the place of its model data, ready to be deployed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.core.call import Call
from clary.core.clock import timestamp
from clary.core.errors import AccessDenied, ServiceError, ValidationException
from clary.core.operations import operation
from clary.services.sagemaker.images import Container, OwnImages, Resolved
from clary.services.sagemaker.listing import listing, page_of
from clary.services.sagemaker.locations import location
from clary.services.sagemaker.names import MODEL, resource_arn
from clary.services.sagemaker.own_images import ImagesOfCaller
from clary.services.sagemaker.roles import require_role
from clary.services.sagemaker.serving import code_uri, resolve_inference_image
from clary.services.sagemaker.tags import tags_of
from clary.storage.data_access import DataAccess
from clary.storage.identities import Identities
from clary.storage.records import Record, RecordChanged, RecordExists, Records

_RESOURCE = "model/{ModelName}"

# (member of the container, what it asks for): set to anything but None, False, "" or an empty list, it is refused.
_NOT_YET: tuple[tuple[str, str], ...] = (
    ("ModelPackageName", "models made from model packages"),
    ("InferenceSpecificationName", "models made from model packages"),
    ("MultiModelConfig", "multi-model endpoints"),
    ("AdditionalModelDataSources", "additional model data sources"),
    ("ContainerMetricsConfig", "container metrics"),
)


class Models:
    """The models of every account; a model's record holds the request under "request".

    Args:
        records: where models are.
        identities: whom roles belong to and what they allow.
        data_access: tells whether a model's role can read its data.
        own_images: finds images of users.
    """

    api = "sagemaker"

    def __init__(
        self,
        records: Records,
        identities: Identities,
        data_access: DataAccess,
        own_images: ImagesOfCaller | None = None,
    ) -> None:
        self._own_images = own_images
        self._records = records
        self._identities = identities
        self._data_access = data_access

    @operation("CreateModel", resource=_RESOURCE, lower=True)
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Stores a model.

        Raises:
            ValidationException: the name is taken, the data cannot be read with the role, or the request breaks a rule
                or asks for what Clary does not have.
        """
        container = container_of(request)
        resolved = _check_container(container, self._own_images(call) if self._own_images else None)
        tags = tags_of(request.get("Tags", []))
        role = request.get("ExecutionRoleArn")
        if not role:
            raise ValidationException("ExecutionRoleArn is required: Clary reads the model data with it.")
        require_role(self._identities, call, role, "ExecutionRoleArn")
        self._check_data(call, role, container)
        arn = resource_arn(call, MODEL, request["ModelName"])
        body: dict[str, Any] = {"request": {member: value for member, value in request.items() if member != "Tags"}}
        if isinstance(resolved, Container):
            body["image"] = resolved.image
        record = Record(MODEL, call.account, call.region, request["ModelName"], arn, body=body)
        try:
            self._records.insert(record, tags=tags)
        except RecordExists as error:
            raise ValidationException(f'Cannot create already existing model "{arn}".') from error
        return {"ModelArn": arn}

    @operation("DescribeModel", resource=_RESOURCE, lower=True)
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Everything about one model."""
        return description(find_model(self._records, call, request["ModelName"]))

    @operation("ListModels")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of models."""
        page = page_of(self._records, call, MODEL, request, descending_by_default=True)
        summaries = [
            {"ModelName": record.name, "ModelArn": record.arn, "CreationTime": timestamp(record.created)}
            for record in page.records
        ]
        return listing("Models", summaries, page)

    @operation("DeleteModel", resource=_RESOURCE, lower=True)
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Forgets a model; endpoints that run it go on, as their plan is their own."""
        try:
            self._records.delete(find_model(self._records, call, request["ModelName"]))
        except RecordChanged:
            return self.delete(call, request)
        return {}

    def _check_data(self, call: Call, role: str, container: Mapping[str, Any]) -> None:
        uri = model_data_uri(container)
        if not uri:
            return
        place = location(uri, "ModelDataUrl")
        try:
            if uri.endswith("/"):
                found = next(self._data_access.list(role, uri), None) is not None
            else:
                found = bool(self._data_access.head(role, place.bucket, place.key))
        except AccessDenied as error:
            raise ValidationException(
                f'Could not access model data at {uri}. Please ensure that the role "{role}" exists and that its trust '
                'relationship policy allows the action "sts:AssumeRole" for the service principal '
                '"sagemaker.amazonaws.com". Also ensure that the role has "s3:GetObject" permissions and that the '
                f"object is located in {call.region}. {error.message}"
            ) from error
        except ServiceError:
            found = False
        if not found:
            raise ValidationException(f"Could not find model data at {uri}.")


def find_model(records: Records, call: Call, name: str) -> Record:
    """A model of the caller's account and region.

    Raises:
        ValidationException: there is none of that name.
    """
    record = records.get(MODEL, call.account, call.region, name)
    if record is None:
        raise ValidationException(f'Could not find model "{resource_arn(call, MODEL, name)}".')
    return record


def container_of(request: Mapping[str, Any]) -> dict[str, Any]:
    """The one container of a model.

    Raises:
        ValidationException: there is none, or there are several.
    """
    primary, several = request.get("PrimaryContainer"), request.get("Containers", [])
    if primary and several:
        raise ValidationException("You must specify either PrimaryContainer or Containers, not both.")
    containers: list[dict[str, Any]] = [primary] if primary else several
    if not containers:
        raise ValidationException("You must specify either PrimaryContainer or Containers; both are missing.")
    if len(containers) > 1:
        raise ValidationException(
            "Clary does not have models of several containers yet (inference pipelines and direct invocation): give "
            "one container."
        )
    return containers[0]


def model_data_uri(container: Mapping[str, Any]) -> str:
    """Where a container's model data is: an archive, or with a "/" at the end a prefix of files; "" for none."""
    source = container.get("ModelDataSource", {}).get("S3DataSource")
    uri: str = source["S3Uri"] if source else container.get("ModelDataUrl", "")
    return str(location(uri, "ModelDataUrl")) if uri else ""


def description(record: Record) -> dict[str, Any]:
    """What DescribeModel answers."""
    request = record.body["request"]
    answer = {
        "ModelName": record.name,
        "ModelArn": record.arn,
        "CreationTime": timestamp(record.created),
        "EnableNetworkIsolation": request.get("EnableNetworkIsolation", False),
    }
    for member in ("ExecutionRoleArn", "VpcConfig", "InferenceExecutionConfig"):
        if member in request:
            answer[member] = request[member]
    if "PrimaryContainer" in request:
        answer["PrimaryContainer"] = _described(request["PrimaryContainer"])
    else:
        answer["Containers"] = [_described(container) for container in request["Containers"]]
    return answer


def _described(container: Mapping[str, Any]) -> dict[str, Any]:
    """A container as SageMaker shows it: its defaults filled in, its model data in both ways of writing."""
    shown = {"Mode": "SingleModel", "Environment": {}, **container}
    url = container.get("ModelDataUrl")
    if url and "ModelDataSource" not in container:
        source = {"S3Uri": url, "S3DataType": "S3Object", "CompressionType": "Gzip"}
        shown["ModelDataSource"] = {"S3DataSource": source}
    return shown


def _check_container(container: Mapping[str, Any], own: OwnImages | None) -> Resolved:
    for member, feature in _NOT_YET:
        if container.get(member):
            raise ValidationException(f"Clary does not have {feature} yet: leave out {member}.")
    if container.get("Mode") == "MultiModel":
        raise ValidationException("Clary does not have multi-model endpoints yet: leave out Mode MultiModel.")
    if container.get("ImageConfig", {}).get("RepositoryAccessMode") == "Vpc":
        raise ValidationException("Clary does not have private registries yet: leave out ImageConfig.")
    if not container.get("Image"):
        raise ValidationException("You must specify the Image of the container.")
    resolved = resolve_inference_image(container, own)
    code_uri(container)
    source = container.get("ModelDataSource", {}).get("S3DataSource")
    if source:
        if container.get("ModelDataUrl") not in (None, source["S3Uri"]):
            raise ValidationException("You must specify either ModelDataUrl or ModelDataSource, not both.")
        _check_source(source)
    elif container.get("ModelDataUrl", "").endswith("/"):
        raise ValidationException(
            f"Invalid ModelDataUrl {container['ModelDataUrl']!r}: it must be the address of one tar.gz archive."
        )
    return resolved


def _check_source(source: Mapping[str, Any]) -> None:
    for member in ("HubAccessConfig", "ManifestS3Uri", "ManifestEtag", "ETag"):
        if source.get(member):
            raise ValidationException(f"Clary does not have S3DataSource.{member} yet: leave it out.")
    kind, compression = source["S3DataType"], source["CompressionType"]
    if (kind, compression) not in (("S3Object", "Gzip"), ("S3Prefix", "None")):
        raise ValidationException(
            f"Clary does not have S3DataType {kind} with CompressionType {compression}: it reads an S3Object with "
            "Gzip or an S3Prefix with None."
        )
    if source["S3Uri"].endswith("/") != (kind == "S3Prefix"):
        raise ValidationException(
            f"Invalid S3Uri {source['S3Uri']!r}: it must end with a slash when S3DataType is S3Prefix, and only then."
        )
