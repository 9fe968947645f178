"""Personal information and toxic content in texts: the real-time operations."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.comprehend import answers
from clary.services.comprehend.analyses import ANALYSES, size_of
from clary.services.comprehend.errors import InvalidRequestException, TextSizeLimitExceededException
from clary.services.comprehend.reading import Reading, check_text

MOST_SEGMENTS = 10
MOST_SEGMENTS_BYTES = 10_000


class SafetyDetection:
    """DetectPiiEntities, ContainsPiiEntities and DetectToxicContent.

    Args:
        reading: asks the models.
    """

    api = "comprehend"

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    @operation("DetectPiiEntities")
    def locate(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Where a text holds personal information, and of which type.

        Raises:
            TextSizeLimitExceededException: the text is longer than 100 KB.
            UnsupportedLanguageException: there is no model for the language.
        """
        return self._reading.one(ANALYSES["pii"], request["Text"], request["LanguageCode"])

    @operation("ContainsPiiEntities")
    def contains(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Which types of personal information a text holds.

        Raises:
            TextSizeLimitExceededException: the text is longer than 100 KB.
            UnsupportedLanguageException: there is no model for the language.
        """
        analysis = ANALYSES["pii"]
        check_text(request["Text"], analysis.most_bytes)
        return answers.pii_labels(self._reading.ask(analysis, [request["Text"]], request["LanguageCode"])[0])

    @operation("DetectToxicContent")
    def toxicity(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """How toxic each segment of a text is.

        Raises:
            InvalidRequestException: there are more than ten segments.
            TextSizeLimitExceededException: a segment is longer than 1 KB, or all are longer than 10 KB together.
            UnsupportedLanguageException: there is no model for the language.
        """
        analysis = ANALYSES["toxicity"]
        texts = [segment["Text"] for segment in request["TextSegments"]]
        if len(texts) > MOST_SEGMENTS:
            raise InvalidRequestException(f"TextSegments must have at most {MOST_SEGMENTS} segments, not {len(texts)}.")
        for text in texts:
            check_text(text, analysis.most_bytes)
        total = sum(map(size_of, texts))
        if total > MOST_SEGMENTS_BYTES:
            raise TextSizeLimitExceededException(most=MOST_SEGMENTS_BYTES, size=total)
        return {
            "ResultList": [analysis.answer(one) for one in self._reading.ask(analysis, texts, request["LanguageCode"])]
        }
