"""Every operation that Clary answers, held against the AWS model."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable
from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore.model import OperationModel

from clary.app.coverage import answered, modelled
from clary.core.errors import ServiceError
from clary.core.operations import BoundOperation
from clary.services.catalog import CATALOG

TABLE = answered()
OPERATIONS = [pytest.param(bound, id=f"{api}:{name}") for (api, name), bound in sorted(TABLE.items())]

# What any operation of an API may answer beside its modelled errors, as AWS's "Common Errors" pages list them.
COMMON = frozenset(
    {"AccessDenied", "AccessDeniedException", "InternalFailure", "NotImplemented", "ValidationError"}
    | {"ValidationException", "ThrottlingException", "ServiceUnavailable"}
)
# S3 models hardly any error; these are codes of its "Error responses" page.
S3_CODES = frozenset(
    """AccessControlListNotSupported AccessDenied AuthorizationHeaderMalformed BadDigest BucketAlreadyExists
    BadRequest BucketAlreadyOwnedByYou BucketNotEmpty ConditionalRequestConflict EntityTooLarge EntityTooSmall
    ExpiredToken IllegalLocationConstraintException IllegalVersioningConfigurationException IncompleteBody
    InternalError InvalidAccessKeyId InvalidArgument InvalidBucketAclWithBlockPublicAccessError
    InvalidBucketAclWithObjectOwnership InvalidBucketName
    InvalidBucketState InvalidDigest InvalidEncryptionAlgorithmError InvalidLocationConstraint InvalidObjectState
    InvalidPart InvalidPartNumber InvalidPartOrder InvalidPayer InvalidPolicyDocument InvalidRange InvalidRequest
    InvalidSecurity InvalidStorageClass InvalidTag InvalidTargetBucketForLogging InvalidToken InvalidURI KeyTooLongError
    MalformedACLError MalformedPOSTRequest MalformedPolicy MalformedXML MaxMessageLengthExceeded MetadataTooLarge
    MethodNotAllowed MissingContentLength MissingRequestBodyError MissingSecurityHeader NoSuchBucket
    NoSuchBucketPolicy NoSuchCORSConfiguration NoSuchKey NoSuchLifecycleConfiguration
    NoSuchPublicAccessBlockConfiguration NoSuchTagSet NoSuchUpload NoSuchVersion NoSuchWebsiteConfiguration
    NotImplemented NotModified ObjectLockConfigurationNotFoundError OperationAborted
    OwnershipControlsNotFoundError PermanentRedirect PreconditionFailed ReplicationConfigurationNotFoundError
    Redirect RequestTimeTooSkewed RequestTimeout ServerSideEncryptionConfigurationNotFoundError ServiceUnavailable
    SignatureDoesNotMatch SlowDown TemporaryRedirect TooManyBuckets UnexpectedContent UnresolvableGrantByEmailAddress
    UnsupportedArgument XAmzContentChecksumMismatch XAmzContentSHA256Mismatch""".split()  # noqa: SIM905
)


@cache
def operation_model(api: str, name: str) -> OperationModel:
    return botocore.session.get_session().get_service_model(api).operation_model(name)


def allowed_codes(bound: BoundOperation) -> frozenset[str]:
    if bound.api == "s3":
        return S3_CODES | COMMON
    shapes = operation_model(bound.api, bound.mark.name).error_shapes
    return COMMON | {shape.error_code for shape in shapes} | {shape.name for shape in shapes}


def errors_raised(bound: BoundOperation) -> set[type[ServiceError]]:
    """What the handler raises, itself or through what it calls within the services, and does not catch."""
    owner = type(bound.handler.__self__)  # type: ignore[attr-defined]
    return _raised_by(bound.handler.__func__, owner, set())  # type: ignore[attr-defined]


def _raised_by(function: Callable[..., Any], owner: type, seen: set[Any]) -> set[type[ServiceError]]:
    if function in seen:
        return set()
    seen.add(function)
    names = sys.modules[function.__module__].__dict__
    raised: set[type[ServiceError]] = set()
    passed_on: set[type[ServiceError]] = set()
    caught: set[type[ServiceError]] = set()
    for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            raised |= _errors_named(node.exc.func, names)
        elif isinstance(node, ast.ExceptHandler) and node.type is not None:
            caught |= _errors_named(node.type, names)
        elif isinstance(node, ast.Call):
            called = _called(node.func, names, owner)
            if inspect.isfunction(called) and called.__module__.startswith("clary.services."):
                passed_on |= _raised_by(called, owner, seen)
    return raised | (passed_on - caught)


def _errors_named(node: ast.expr, names: dict[str, Any]) -> set[type[ServiceError]]:
    nodes = node.elts if isinstance(node, ast.Tuple) else [node]
    found = [names.get(one.id) for one in nodes if isinstance(one, ast.Name)]
    return {one for one in found if isinstance(one, type) and issubclass(one, ServiceError)}


def _called(node: ast.expr, names: dict[str, Any], owner: type) -> Any:
    """The function behind `name(...)`, `self.name(...)` or `module.name(...)`."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        holder = owner if node.value.id == "self" else names.get(node.value.id)
        return getattr(holder, node.attr, None)
    return None


@pytest.mark.parametrize("bound", OPERATIONS)
def test_the_operation_is_in_the_model(bound: BoundOperation) -> None:
    assert bound.mark.name in modelled(bound.api)


@pytest.mark.parametrize("bound", OPERATIONS)
def test_the_resource_template_names_members_of_the_input(bound: BoundOperation) -> None:
    shape = operation_model(bound.api, bound.mark.name).input_shape
    members = set(shape.members) if shape is not None else set()
    assert set(re.findall(r"\{(\w+)\}", bound.mark.resource)) <= members


@pytest.mark.parametrize("bound", OPERATIONS)
def test_every_error_it_raises_is_modelled_or_common(bound: BoundOperation) -> None:
    codes = {error.code or error.__name__ for error in errors_raised(bound)}
    assert codes <= allowed_codes(bound)


@pytest.mark.parametrize("bound", OPERATIONS)
def test_the_handler_takes_a_call_and_a_request(bound: BoundOperation) -> None:
    assert list(inspect.signature(bound.handler).parameters) == ["call", "request"]
    assert inspect.getdoc(bound.handler)


def test_the_errors_behind_a_handler_are_found_through_the_functions_it_calls() -> None:
    raised = {error.__name__ for error in errors_raised(TABLE["sagemaker", "CreateTrainingJob"])}
    assert {"ValidationException", "ResourceInUse"} <= raised


def test_every_family_with_resources_answers_something() -> None:
    for name, family in CATALOG.items():
        if family.resources:
            assert {api for api, _ in TABLE} & set(family.apis), name
