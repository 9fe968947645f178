"""Answers of a real, freshly made Clary, held against the output shapes of the AWS model.

Every operation that can be asked without parameters is asked; those that need some are held against their shapes in
the tests of their resources.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import botocore.session
import pytest
from botocore.model import OperationModel
from botocore.validate import ParamValidator

from clary.app.coverage import answered
from clary.app.data_folder import DataFolder
from clary.app.platform import Platform
from clary.app.settings import Settings
from clary.core.call import Call
from clary.core.errors import ServiceError


def operation_model(api: str, name: str) -> OperationModel:
    return botocore.session.get_session().get_service_model(api).operation_model(name)


def needs_nothing(api: str, name: str) -> bool:
    shape = operation_model(api, name).input_shape
    return shape is None or not shape.required_members


ASKED = sorted(key for key in answered() if needs_nothing(*key))


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """Put together, not started: nothing runs in the background."""
    settings = Settings.load({}, data=tmp_path_factory.mktemp("platform") / "data", fork_server=False)
    folder = DataFolder(settings.data)
    folder.create()
    platform = Platform(settings, folder)
    yield platform
    platform.dispatcher.close()
    platform.stores.close()


async def ask(platform: Platform, api: str, name: str, request: dict[str, Any]) -> dict[str, Any]:
    credential = platform.stores.identities.bootstrap()
    principal = platform.stores.identities.role_principal(credential.role_arn, "clary")
    call = Call(api, name, credential.account, "us-east-1", principal, "request-1", datetime.now(UTC))
    result = platform.operations[api, name].handler(call, request)
    answer = await result if inspect.isawaitable(result) else result
    return {member: value for member, value in (answer or {}).items() if not member.startswith("__")}


@pytest.mark.parametrize(("api", "name"), ASKED, ids=[f"{api}:{name}" for api, name in ASKED])
async def test_an_answer_fits_the_output_shape(platform: Platform, api: str, name: str) -> None:
    shape = operation_model(api, name).output_shape
    try:
        answer = await ask(platform, api, name, {})
    except ServiceError as refusal:
        assert refusal.is_client_fault  # some need one of several parameters, which no model states
        return
    if shape is None:
        assert not answer
        return
    report = ParamValidator().validate(answer, shape)
    assert not report.has_errors(), report.generate_report()


def test_something_is_asked_of_every_service_with_lists() -> None:
    assert {"s3", "iam", "sts", "logs", "cloudwatch", "sagemaker"} <= {api for api, _ in ASKED}
