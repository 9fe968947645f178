"""Reviews by people, as DetectModerationLabels asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from clary.core.call import Call


class HumanLoops(Protocol):
    """Decides whether people shall review an answer, and starts their loop."""

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
    """Starts no loop: what is answered where nothing activates one."""

    def evaluate(
        self, call: Call, source: str, config: Mapping[str, Any], asked: Mapping[str, Any], answer: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """An activation output that says that no loop was started."""
        del call, source, config, asked, answer
        return {"HumanLoopActivationConditionsEvaluationResults": "{}"}
