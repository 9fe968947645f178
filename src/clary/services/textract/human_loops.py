"""The seam to human review: what AnalyzeDocument asks of whoever keeps human loops."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from clary.core.arn import Arn
from clary.core.call import Call
from clary.services.textract.errors import InvalidParameterException

SOURCE = "AWS/Textract/AnalyzeDocument/Forms/V1"
"""What flow definitions call this service's answers."""
_FLOW_DEFINITION = "flow-definition/"


class HumanLoops(Protocol):
    """Decides whether people are to look at an answer, and has them do so."""

    def require(self, call: Call, config: Mapping[str, Any]) -> None:
        """Checks, before anything is read, that an answer can be looked at as a request asks.

        Args:
            config: the request's HumanLoopConfig.

        Raises:
            InvalidParameterException: the flow definition is not there, or the name of the loop is taken.
        """
        ...

    def evaluate(
        self,
        call: Call,
        source: str,
        config: Mapping[str, Any],
        document: Mapping[str, Any],
        answer: Mapping[str, Any],
    ) -> dict[str, Any] | None:
        """Holds an answer against the conditions of a flow definition, and starts a loop where they are met.

        Args:
            source: the flow definition's AwsManagedHumanLoopRequestSource that the answer is of.
            config: the request's HumanLoopConfig.
            document: the request's Document.
            answer: what the operation answers.

        Returns:
            A HumanLoopActivationOutput, or None where the answer tells nothing of loops.
        """
        ...


class NoHumanLoops:
    """Has no flow definitions: whichever a request names is not there."""

    def require(self, call: Call, config: Mapping[str, Any]) -> None:
        """Refuses every flow definition.

        Raises:
            InvalidParameterException: always.
        """
        name = config["FlowDefinitionArn"]
        try:
            arn = Arn.parse(name)
        except ValueError:
            arn = Arn("", "", "", "")
        if arn.service != "sagemaker" or not arn.resource.startswith(_FLOW_DEFINITION):
            raise InvalidParameterException(
                rule=f"HumanLoopConfig.FlowDefinitionArn {name!r} is not the ARN of a flow definition."
            )
        raise InvalidParameterException(
            rule=f"the flow definition {name} of HumanLoopConfig does not exist. Clary has no human review workflows: "
            "leave out HumanLoopConfig."
        )

    def evaluate(
        self,
        call: Call,
        source: str,
        config: Mapping[str, Any],
        document: Mapping[str, Any],
        answer: Mapping[str, Any],
    ) -> dict[str, Any] | None:
        """Nothing: no loop can be asked for."""
        return None
