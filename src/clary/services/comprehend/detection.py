"""What one text says and feels: the real-time operations."""

from __future__ import annotations

from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.services.comprehend.analyses import ANALYSES
from clary.services.comprehend.reading import Reading


class Detection:
    """Analyses of one text; DetectEntities is with the custom models, which answer it too.

    Args:
        reading: asks the models.
    """

    api = "comprehend"

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    @operation("DetectDominantLanguage")
    def language(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The languages a text may be written in.

        Raises:
            TextSizeLimitExceededException: the text is longer than 100 KB.
        """
        return self._reading.one(ANALYSES["language"], request["Text"])

    @operation("DetectKeyPhrases")
    def key_phrases(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The noun phrases of a text.

        Raises:
            TextSizeLimitExceededException: the text is longer than 100 KB.
            UnsupportedLanguageException: there is no model for the language.
        """
        return self._reading.one(ANALYSES["key_phrases"], request["Text"], request["LanguageCode"])

    @operation("DetectSentiment")
    def sentiment(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """What a text feels.

        Raises:
            TextSizeLimitExceededException: the text is longer than 5 KB.
            UnsupportedLanguageException: there is no model for the language.
        """
        return self._reading.one(ANALYSES["sentiment"], request["Text"], request["LanguageCode"])

    @operation("DetectTargetedSentiment")
    def targeted_sentiment(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """What a text feels about each thing it speaks of.

        Raises:
            TextSizeLimitExceededException: the text is longer than 5 KB.
            UnsupportedLanguageException: there is no model for the language.
        """
        return self._reading.one(ANALYSES["targeted_sentiment"], request["Text"], request["LanguageCode"])

    @operation("DetectSyntax")
    def syntax(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """The words of a text and their parts of speech.

        Raises:
            TextSizeLimitExceededException: the text is longer than 5 KB.
            UnsupportedLanguageException: there is no model for the language.
        """
        return self._reading.one(ANALYSES["syntax"], request["Text"], request["LanguageCode"])
