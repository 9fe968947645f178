"""Sentiment in languages other than English: weighed pieces of words, and words and pictures of feeling.

A small linear model for each language. Pieces of two to five letters carry what was learned from labelled texts, mostly
lines of films; words of feeling carry over to what people write elsewhere. `training/text/other_sentiment.py` makes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import HashingVectorizer

from clary.engines.text.cleaning import plain
from clary.engines.text.feeling_counts import FeelingWords
from clary.engines.text.sessions import WEIGHTS

SIZE: Final = 2**17
"""How many weights a language has; pieces share them by their hashes."""
Reals = NDArray[np.float64]


def pieces_of_words() -> Any:
    """Makes what turns texts into rows of hashed pieces of words."""
    return HashingVectorizer(
        analyzer="char_wb", ngram_range=(2, 5), n_features=SIZE, alternate_sign=False, norm="l2", dtype=np.float32
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """How a language's evidence becomes confidence.

    Attributes:
        words: how much words of feeling count.
        pictures: how much pictures count.
        middle: the evidence of a text that is as good as bad.
        reach: evidence further from the middle than this is not neutral.
        sharpness: how quickly confidence grows with evidence.
        mixed: the logit of a mixed text: a constant, and a factor of what it has both of, glad and sad words.
    """

    words: float
    pictures: float
    middle: float
    reach: float
    sharpness: float
    mixed: tuple[float, float]


class LexicalSentiment:
    """Judges texts of the languages it has. Several threads may share one.

    Args:
        weights: [SIZE] for each language.
        constants: what the pieces of a text add to, by language.
        settings: by language.
    """

    def __init__(
        self,
        weights: Mapping[str, NDArray[np.float32]],
        constants: Mapping[str, float],
        settings: Mapping[str, Settings],
    ) -> None:
        self._weights = dict(weights)
        self._constants = dict(constants)
        self._settings = dict(settings)
        self._words = {language: FeelingWords(language) for language in settings}
        self._pieces = pieces_of_words()

    @classmethod
    def load(cls, folder: Path = WEIGHTS) -> LexicalSentiment:
        """Reads `other-sentiment.npz` and `other-sentiment.json` in a folder."""
        said = json.loads((folder / "other-sentiment.json").read_text(encoding="utf-8"))["languages"]
        with np.load(folder / "other-sentiment.npz", allow_pickle=False) as stored:
            weights = {language: stored[language].astype(np.float32) * one["scale"] for language, one in said.items()}
        settings = {
            language: Settings(**{**one["settings"], "mixed": tuple(one["settings"]["mixed"])})
            for language, one in said.items()
        }
        return cls(weights, {language: one["constant"] for language, one in said.items()}, settings)

    @property
    def languages(self) -> list[str]:
        """RFC 5646 tags of the languages there are."""
        return sorted(self._settings)

    def scores(self, texts: Sequence[str], language: str) -> Reals:
        """Returns [texts, 4] confidences of `contract.SENTIMENTS`; each row sums to 1.

        Args:
            texts: any texts.
            language: one of `languages`.
        """
        cleaned = [plain(text) for text in texts]
        counts = np.array([self._words[language].counts(text) for text in cleaned])
        from_pieces = self._pieces.transform(cleaned) @ self._weights[language] + self._constants[language]
        known = counts.any(axis=1) | np.array([any(map(str.isalpha, text)) for text in cleaned])
        return confidences(np.where(known, from_pieces, 0.0), counts, self._settings[language])


def evidence(from_pieces: Reals, counts: Reals, settings: Settings) -> Reals:
    """Returns [texts] how much speaks for a positive text rather than a negative one, above the language's middle."""
    from_words = settings.words * (counts[:, 0] - counts[:, 1]) + settings.pictures * (counts[:, 2] - counts[:, 3])
    return from_pieces + from_words - settings.middle


def confidences(from_pieces: Reals, counts: Reals, settings: Settings) -> Reals:
    """Returns [texts, 4] confidences of positive, negative, neutral and mixed."""
    found = evidence(from_pieces, counts, settings)
    logits = settings.sharpness * np.stack([found, -found, np.full_like(found, settings.reach)], axis=1)
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    constant, factor = settings.mixed
    mixed = 1 / (1 + np.exp(-(constant + factor * np.minimum(counts[:, 0], counts[:, 1]))))
    single = raised / raised.sum(axis=1, keepdims=True) * (1 - mixed)[:, None]
    return np.concatenate([single, mixed[:, None]], axis=1)
