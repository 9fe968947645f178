"""The text engine as its process offers it: each public method of `TextEngine` is a call.

`contract.py` says what the answers hold. Models are loaded at their first use and kept. All methods may be called by
several threads at once.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Any, TypeVar

from clary.engines.text import word_documents
from clary.engines.text.contract import (
    DetectedLanguage,
    Entity,
    KeyPhrase,
    PersonalDatum,
    Sentiment,
    SyntaxToken,
    Target,
    Toxicity,
)
from clary.engines.text.encoder import Encoder
from clary.engines.text.feelings import Feelings
from clary.engines.text.language import LanguageDetector
from clary.engines.text.linguist import Linguist

Model = TypeVar("Model")


class TextEngine:
    """Answers for texts, given as a list; the answers come in the same order."""

    def __init__(self) -> None:
        self._loading = RLock()
        self._loaded: dict[Callable[[], Any], Any] = {}

    def _model(self, load: Callable[[], Model]) -> Model:
        """Returns what `load` loads, from its first call on the same."""
        with self._loading:
            if load not in self._loaded:
                self._loaded[load] = load()
        loaded: Model = self._loaded[load]
        return loaded

    def detect_language(self, texts: list[str]) -> list[list[DetectedLanguage]]:
        """Returns the languages of each text, that of most confidence first; none for a text without letters."""
        detector = self._model(LanguageDetector.load)
        return [detector.detect(text) for text in texts]

    def sentiment(self, texts: list[str], language: str) -> list[Sentiment]:
        """Returns what each text feels; refuses languages without a measured model."""
        return self._model(Feelings.load).sentiment(texts, language)

    def targeted_sentiment(self, texts: list[str], language: str) -> list[list[Target]]:
        """Returns what each text names and feels about it; refuses languages without a measured model."""
        return self._model(Feelings.load).targeted(texts, language, self.entities, self.syntax)

    def toxicity(self, texts: list[str], language: str) -> list[Toxicity]:
        """Returns how toxic each text is; refuses languages without a measured model."""
        return self._model(Feelings.load).toxicity(texts, language)

    def entities(self, texts: list[str], language: str) -> list[list[Entity]]:
        """Returns the entities of each text in its order; refuses languages without a measured model."""
        return self._model(Linguist.load).entities(texts, language)

    def key_phrases(self, texts: list[str], language: str) -> list[list[KeyPhrase]]:
        """Returns the noun phrases of each text in its order; refuses languages without a measured model."""
        return self._model(Linguist.load).key_phrases(texts, language)

    def syntax(self, texts: list[str], language: str) -> list[list[SyntaxToken]]:
        """Returns the words of each text with their parts of speech; refuses languages without a measured model."""
        return self._model(Linguist.load).syntax(texts, language)

    def pii(self, texts: list[str], language: str) -> list[list[PersonalDatum]]:
        """Returns the personal data of each text in its order; refuses languages without a measured model."""
        return self._model(Linguist.load).personal_data(texts, language)

    def word_document(self, document: bytes) -> list[list[str]]:
        """Returns the lines of each page of a Word document; refuses what is none, or damaged."""
        return word_documents.read(document)

    def embed(self, texts: list[str]) -> list[list[float]]:
        """Returns the embedding of each text, 384 numbers: near one another for texts that mean alike."""
        vectors: list[list[float]] = self._model(Encoder.load).embed(texts).tolist()
        return vectors


def load() -> TextEngine:
    """Returns the engine; its models are loaded when they are first asked."""
    return TextEngine()
