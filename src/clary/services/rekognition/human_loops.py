"""Reviews by people, as DetectModerationLabels asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from clary.core.arn import Arn
from clary.core.call import Call
from clary.services.rekognition.errors import InvalidParameterException
from clary.services.rekognition.shelf import INVALID

_FLOW_DEFINITION = "flow-definition/"


class HumanLoops(Protocol):
    """Decides whether people shall review an answer, and starts their loop."""

    def require(self, call: Call, config: Mapping[str, Any]) -> None:
        """Checks, before anything is looked at, that an answer can be reviewed as a request asks.

        Args:
            config: the request's `HumanLoopConfig`.

        Raises:
            InvalidParameterException: the flow definition is not there, or the name of the loop is taken.
        """
        ...

    def evaluate(
        self, call: Call, source: str, config: Mapping[str, Any], asked: Mapping[str, Any], answer: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """Holds an answer against the activation conditions of a flow definition.

        Args:
            source: the kind of loop, "AWS/Rekognition/DetectModerationLabels/Image/V3".
            config: the request's `HumanLoopConfig`.
            asked: what was looked at.
            answer: what was found.

        Returns:
            `HumanLoopActivationOutput`, without an ARN and reasons where no loop was started; None where the answer
            shall tell nothing of loops.
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
                f"{INVALID}: HumanLoopConfig.FlowDefinitionArn {name!r} is not the ARN of a flow definition."
            )
        raise InvalidParameterException(
            f"{INVALID}: the flow definition {name} of HumanLoopConfig does not exist. Clary has no human review "
            "workflows: leave out HumanLoopConfig."
        )

    def evaluate(
        self, call: Call, source: str, config: Mapping[str, Any], asked: Mapping[str, Any], answer: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """Nothing: no loop can be asked for."""
        return None
