"""Sentiment, toxicity and targets of texts, in the languages whose models were measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from clary.engines.refusals import Refused
from clary.engines.text import targets
from clary.engines.text.contract import (
    SENTIMENTS,
    TOXICITIES,
    UNSUPPORTED_LANGUAGE,
    Entity,
    Sentiment,
    SyntaxToken,
    Target,
    Toxicity,
)
from clary.engines.text.lexical_sentiment import LexicalSentiment
from clary.engines.text.opinions import OpinionReader

EntityFinder = Callable[[list[str], str], list[list[Entity]]]
WordFinder = Callable[[list[str], str], list[list[SyntaxToken]]]
_ENGLISH: Final = "en"


class Feelings:
    """Answers for texts. Several threads may share one.

    Args:
        english: reads English.
        others: judges the sentiment of other languages.
    """

    def __init__(self, english: OpinionReader, others: LexicalSentiment) -> None:
        self._english = english
        self._others = others

    @classmethod
    def load(cls) -> Feelings:
        """Opens the models that Clary ships."""
        return cls(OpinionReader.load(), LexicalSentiment.load())

    def sentiment(self, texts: Sequence[str], language: str) -> list[Sentiment]:
        """Returns what each text feels.

        Raises:
            Refused: no model was measured in the language.
        """
        _refuse_others(language, (_ENGLISH, *self._others.languages), "sentiment")
        if not texts:
            return []
        found = self._english.sentiment(texts) if language == _ENGLISH else self._others.scores(texts, language)
        return [_named(row) for row in found.tolist()]

    def toxicity(self, texts: Sequence[str], language: str) -> list[Toxicity]:
        """Returns how toxic each text is.

        Raises:
            Refused: no model was measured in the language.
        """
        _refuse_others(language, (_ENGLISH,), "toxic content")
        return [
            {"toxicity": row[0], "labels": dict(zip(TOXICITIES, row[1:], strict=True))}
            for row in (self._english.toxicity(texts).tolist() if texts else [])
        ]

    def targeted(
        self, texts: Sequence[str], language: str, find_entities: EntityFinder, find_words: WordFinder
    ) -> list[list[Target]]:
        """Returns whom and what each text names, grouped, with what it feels about each.

        Args:
            texts: any texts.
            language: theirs.
            find_entities: names the entities of texts in a language.
            find_words: tells the words of texts in a language and their parts of speech.

        Raises:
            Refused: no model was measured in the language.
        """
        _refuse_others(language, (_ENGLISH,), "targeted sentiment")
        if not texts:
            return []
        entities = find_entities(list(texts), language)
        words = find_words(list(texts), language)
        given = [targets.given(*one) for one in zip(texts, entities, words, strict=True)]
        mentions = [
            targets.nominal(*one) for one in zip(self._english.mentions(texts, given), words, given, strict=True)
        ]
        return [targets.targets(*one) for one in zip(texts, mentions, entities, words, strict=True)]


def _named(scores: Sequence[float]) -> Sentiment:
    named = dict(zip(SENTIMENTS, scores, strict=True))
    return {"sentiment": max(named, key=named.__getitem__), "scores": named}


def _refuse_others(language: str, languages: Sequence[str], what: str) -> None:
    if language not in languages:
        message = (
            f"There is no model for {what} in the language {language!r}; there are models for: {', '.join(languages)}."
        )
        raise Refused(UNSUPPORTED_LANGUAGE, message, language=language, languages=list(languages))
