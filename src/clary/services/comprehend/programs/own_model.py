"""The users' own models as programs ask them: texts in, answers of JSON's types out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from clary.engines.text.classification import DocumentClassifier
from clary.engines.text.encoder import Encoder
from clary.engines.text.own_entities import OwnEntityRecognizer
from clary.engines.text.tagger_features import TaggerFeatures

MOST_CLASSES = 10
"""Of a document's classes that are told."""


class OwnClassifier:
    """A document classifier with the encoder it needs.

    Args:
        model: the classifier.
    """

    def __init__(self, model: DocumentClassifier) -> None:
        self._model = model
        self._embed = Encoder.load().embed if model.needs_embeddings else None

    @classmethod
    def load(cls, folder: Path) -> OwnClassifier:
        """Reads a trained model's folder.

        Raises:
            OSError, ValueError: it is not all there.
        """
        return cls(DocumentClassifier.load(folder))

    @property
    def several(self) -> bool:
        """Whether several classes may hold at once."""
        return self._model.several

    def answers(self, texts: list[str]) -> list[Any]:
        """For each text its likeliest classes as "name" and "score"."""
        found = self._model.classify(texts, self._embed)
        return [[{"name": one.name, "score": one.score} for one in row[:MOST_CLASSES]] for row in found]


class OwnRecognizer:
    """An entity recognizer.

    Args:
        model: the recognizer.
    """

    def __init__(self, model: OwnEntityRecognizer) -> None:
        self._model = model

    @classmethod
    def load(cls, folder: Path) -> OwnRecognizer:
        """Reads a trained model's folder.

        Raises:
            OSError, ValueError: it is not all there.
        """
        return cls(OwnEntityRecognizer.load(folder, TaggerFeatures.load))

    def answers(self, texts: list[str]) -> list[Any]:
        """For each text its entities as "type", "text", "begin", "end" and "score"."""
        return [
            [
                {
                    "type": one.type,
                    "text": text[one.begin : one.end],
                    "begin": one.begin,
                    "end": one.end,
                    "score": one.score,
                }
                for one in found
            ]
            for text, found in zip(texts, self._model.find(texts), strict=True)
        ]
