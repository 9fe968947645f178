"""The dispatch table is made from marks."""

from __future__ import annotations

from typing import Any

import pytest

from clary.core.operations import collect, operation


class Jobs:
    api = "sagemaker"

    @operation("StopTrainingJob", resource="training-job/{TrainingJobName}")
    def stop(self, call: Any, request: Any) -> dict[str, Any]:
        return {"stopped": True}

    @operation("InvokeEndpoint", api="sagemaker-runtime")
    def invoke(self, call: Any, request: Any) -> dict[str, Any]:
        return {}


def test_marked_methods_are_found_under_their_api_and_name() -> None:
    table = collect([Jobs()])
    assert set(table) == {("sagemaker", "StopTrainingJob"), ("sagemaker-runtime", "InvokeEndpoint")}
    assert table["sagemaker", "StopTrainingJob"].handler(None, {}) == {"stopped": True}
    assert table["sagemaker", "StopTrainingJob"].mark.resource == "training-job/{TrainingJobName}"


def test_an_operation_has_one_handler() -> None:
    with pytest.raises(ValueError, match="two handlers for sagemaker-runtime:InvokeEndpoint"):
        collect([Jobs(), Jobs()])


def test_a_mark_without_an_api_is_refused() -> None:
    class Homeless:
        @operation("StopTrainingJob")
        def stop(self, call: Any, request: Any) -> dict[str, Any]:
            return {}

    with pytest.raises(ValueError, match=r"Homeless\.stop"):
        collect([Homeless()])
