"""Asks the text engine and turns its refusals into the API's errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clary.compute.engine_hosts.hosts import EngineBusy, EngineFailed, Engines
from clary.engines.refusals import Refused
from clary.services.comprehend.analyses import Analysis, arguments, size_of
from clary.services.comprehend.errors import (
    InternalServerException,
    InvalidRequestException,
    TextSizeLimitExceededException,
    ThrottlingException,
    UnsupportedLanguageException,
)

UNSUPPORTED_LANGUAGE = "unsupported-language"


class Reading:
    """Looks at texts for requests.

    Args:
        engines: keeps the models loaded.
    """

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def one(self, analysis: Analysis, text: str, language: str = "") -> dict[str, Any]:
        """The answer for one text, in AWS's members.

        Raises:
            InvalidRequestException, TextSizeLimitExceededException, UnsupportedLanguageException: the text or its
                language cannot be looked at.
            ThrottlingException: too many requests wait.
            InternalServerException: the model failed.
        """
        check_text(text, analysis.most_bytes)
        return analysis.answer(self.ask(analysis, [text], language)[0])

    def ask(self, analysis: Analysis, texts: Sequence[str], language: str = "") -> list[Any]:
        """The engine's own answers for texts, in their order.

        Raises:
            InvalidRequestException, UnsupportedLanguageException, ThrottlingException, InternalServerException.
        """
        try:
            found: list[Any] = self._engines.call("text", analysis.method, **arguments(analysis, texts, language))
        except Refused as error:
            if error.reason == UNSUPPORTED_LANGUAGE:
                raise UnsupportedLanguageException(error.message) from error
            raise InvalidRequestException(error.message) from error
        except EngineBusy as error:
            raise ThrottlingException("Too many requests are under way. Try again in a moment.") from error
        except EngineFailed as error:
            raise InternalServerException("The text could not be analysed: the model failed.") from error
        return found


def check_text(text: str, most_bytes: int) -> None:
    """Checks the size of a text, and that it is one.

    Raises:
        InvalidRequestException: it holds half of a surrogate pair.
        TextSizeLimitExceededException: it is too long.
    """
    size = size_of(text)
    if size > most_bytes:
        raise TextSizeLimitExceededException(most=most_bytes, size=size)
    if not is_unicode(text):
        raise InvalidRequestException("The text is not valid UTF-8: it holds half of a surrogate pair.")


def is_unicode(text: str) -> bool:
    """Whether every character of a text is one: JSON can carry halves of surrogate pairs."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
