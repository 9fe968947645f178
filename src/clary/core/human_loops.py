"""The seam to human review: what a service asks of whoever keeps flow definitions and human loops."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from clary.core.arn import Arn
from clary.core.call import Call
from clary.core.errors import ClaryError

_FLOW_DEFINITION = "flow-definition/"


class UnusableLoop(ClaryError):
    """An answer cannot be reviewed as a request asks; the message says which rule its HumanLoopConfig breaks."""


class HumanLoops(Protocol):
    """Decides whether people are to look at an answer, and has them do so."""

    def require(self, config: Mapping[str, Any]) -> None:
        """Checks, before anything is looked at, that an answer can be reviewed as a request asks.

        Args:
            config: the request's `HumanLoopConfig`.

        Raises:
            UnusableLoop: it cannot.
        """
        ...

    def evaluate(
        self, call: Call, source: str, config: Mapping[str, Any], asked: Mapping[str, Any], answer: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Holds an answer against the conditions of a flow definition, and starts a loop where they are met.

        Args:
            source: the `AwsManagedHumanLoopRequestSource` that the answer is of.
            config: the request's `HumanLoopConfig`.
            asked: the picture or document of the request.
            answer: what the operation answers.

        Returns:
            `HumanLoopActivationOutput`, without an ARN and reasons where no loop was started.
        """
        ...


class NoHumanLoops:
    """No conditions, so that no loop ever starts: what AWS answers where an answer meets no condition."""

    def require(self, config: Mapping[str, Any]) -> None:
        """Takes every name of a flow definition.

        Raises:
            UnusableLoop: it is not the ARN of one.
        """
        name = config["FlowDefinitionArn"]
        try:
            arn = Arn.parse(name)
        except ValueError:
            arn = None
        if arn is None or arn.service != "sagemaker" or not arn.resource.startswith(_FLOW_DEFINITION):
            raise UnusableLoop(f"HumanLoopConfig.FlowDefinitionArn {name!r} is not the ARN of a flow definition.")

    def evaluate(
        self, call: Call, source: str, config: Mapping[str, Any], asked: Mapping[str, Any], answer: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Neither an ARN nor reasons: no loop was started."""
        return {"HumanLoopActivationConditionsEvaluationResults": "{}"}
