"""Analyses of up to 25 texts at once: a text that cannot be looked at does not hold up the others."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.comprehend.analyses import ANALYSES, SHORT_BYTES, Analysis
from clary.services.comprehend.errors import (
    BatchSizeLimitExceededException,
    InvalidRequestException,
    TextSizeLimitExceededException,
)
from clary.services.comprehend.reading import Reading, check_text

MOST_TEXTS = 25


class BatchDetection:
    """The Batch operations.

    Args:
        reading: asks the models.
    """

    api = "comprehend"

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    @operation("BatchDetectDominantLanguage")
    def language(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The languages of each text.

        Raises:
            BatchSizeLimitExceededException: there are more than 25 texts.
        """
        return self._batch(ANALYSES["language"], request)

    @operation("BatchDetectEntities")
    def entities(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Whom and what each text names.

        Raises:
            BatchSizeLimitExceededException: there are more than 25 texts.
            UnsupportedLanguageException: there is no model for the language.
        """
        return self._batch(ANALYSES["entities"], request)

    @operation("BatchDetectKeyPhrases")
    def key_phrases(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The noun phrases of each text.

        Raises:
            BatchSizeLimitExceededException: there are more than 25 texts.
            UnsupportedLanguageException: there is no model for the language.
        """
        return self._batch(ANALYSES["key_phrases"], request)

    @operation("BatchDetectSentiment")
    def sentiment(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """What each text feels.

        Raises:
            BatchSizeLimitExceededException: there are more than 25 texts.
            UnsupportedLanguageException: there is no model for the language.
        """
        return self._batch(ANALYSES["sentiment"], request)

    @operation("BatchDetectSyntax")
    def syntax(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The words of each text and their parts of speech.

        Raises:
            BatchSizeLimitExceededException: there are more than 25 texts.
            UnsupportedLanguageException: there is no model for the language.
        """
        return self._batch(ANALYSES["syntax"], request)

    @operation("BatchDetectTargetedSentiment")
    def targeted_sentiment(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """What each text feels about each thing it speaks of.

        Raises:
            BatchSizeLimitExceededException: there are more than 25 texts.
            UnsupportedLanguageException: there is no model for the language.
        """
        return self._batch(ANALYSES["targeted_sentiment"], request)

    def _batch(self, analysis: Analysis, request: dict[str, Any]) -> dict[str, Any]:
        texts: list[str] = request["TextList"]
        if len(texts) > MOST_TEXTS:
            raise BatchSizeLimitExceededException(most=MOST_TEXTS, size=len(texts))
        fit: list[int] = []
        errors: list[dict[str, Any]] = []
        for index, text in enumerate(texts):
            try:
                check_text(text, SHORT_BYTES)
                fit.append(index)
            except TextSizeLimitExceededException as error:
                errors.append(_told(index, "TEXT_SIZE_LIMIT_EXCEEDED", error.message))
            except InvalidRequestException as error:
                errors.append(_told(index, "INVALID_REQUEST", error.message))
        found = self._reading.ask(analysis, [texts[index] for index in fit], request.get("LanguageCode", ""))
        results = [{"Index": index, **analysis.answer(one)} for index, one in zip(fit, found, strict=True)]
        return {"ResultList": results, "ErrorList": errors}


def _told(index: int, code: str, message: str) -> dict[str, Any]:
    return {"Index": index, "ErrorCode": code, "ErrorMessage": message}
