"""Calls handlers directly, as the gateway does, and holds their answers against the AWS model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

from clary.core.call import Call, Principal
from clary.core.operations import collect

ACCOUNT = "123456789012"


class Desk:
    """One API's operations.

    Args:
        resources: the resource classes.
        principal: who calls, when the call does not say.
        empty_lists: whether lists may be empty that the model wants filled: ECR itself answers so.
    """

    def __init__(
        self, api: str, resources: Iterable[object], principal: Principal, *, empty_lists: bool = False
    ) -> None:
        self._empty_lists = empty_lists
        self.api = api
        self.principal = principal
        self._table = collect(resources)
        self._model = botocore.session.get_session().get_service_model(api)

    def __call__(
        self,
        operation: str,
        /,
        *,
        principal: Principal | None = None,
        conditions: Mapping[str, str] | None = None,
        **request: Any,
    ) -> dict[str, Any]:
        caller = principal or self.principal
        model = self._model.operation_model(operation)
        if model.input_shape is not None:
            problems = ParamValidator().validate(request, model.input_shape)
            assert not problems.has_errors(), problems.generate_report()
        call = Call(
            self.api,
            operation,
            caller.account,
            "us-east-1",
            caller,
            "id",
            datetime.now(UTC),
            "http://h",
            conditions or {},
        )
        answer: dict[str, Any] = self._table[self.api, operation].handler(call, request)
        if model.output_shape is not None:
            filled = {name: value for name, value in answer.items() if value != [] or not self._empty_lists}
            problems = ParamValidator().validate(filled, model.output_shape)
            assert not problems.has_errors(), problems.generate_report()
            assert set(answer) <= set(model.output_shape.members)
        else:
            assert answer == {}
        return answer
