"""The seam to human review: what AnalyzeDocument asks of whoever keeps human loops."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from clary.core.call import Call

SOURCE = "AWS/Textract/AnalyzeDocument/Forms/V1"
"""What flow definitions call this service's answers."""


class HumanLoops(Protocol):
    """Decides whether people are to look at an answer, and has them do so."""

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
    """No conditions, so that no loop ever starts: what AWS answers where an answer meets no condition."""

    def evaluate(
        self,
        call: Call,
        source: str,
        config: Mapping[str, Any],
        document: Mapping[str, Any],
        answer: Mapping[str, Any],
    ) -> dict[str, Any] | None:
        """Neither an ARN nor reasons: no loop was started."""
        return {"HumanLoopActivationConditionsEvaluationResults": "{}"}
