"""Entities, key phrases, words and personal data of texts, each from one reading of the text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Final

from clary.engines.refusals import Refused
from clary.engines.text.contract import UNSUPPORTED_LANGUAGE, Entity, KeyPhrase, PersonalDatum, SyntaxToken
from clary.engines.text.english_tagger import EnglishTagger, Reading
from clary.engines.text.entities import entities
from clary.engines.text.key_phrases import key_phrases
from clary.engines.text.memory import Memory
from clary.engines.text.personal_data import finder
from clary.engines.text.sessions import WEIGHTS
from clary.engines.text.syntax import syntax
from clary.engines.text.treebank_tagger import TreebankTagger

ENTITY_LANGUAGES: Final = ("en",)
SYNTAX_LANGUAGES: Final = ("en", "es", "fr", "de", "it", "pt")
KEY_PHRASE_LANGUAGES: Final = SYNTAX_LANGUAGES
PERSONAL_DATA_LANGUAGES: Final = ("en",)


class Linguist:
    """Answers for texts in the languages whose models were measured. Several threads may share one.

    Args:
        english: the tagger of English.
        folder: holds the taggers of the other languages.
    """

    def __init__(self, english: EnglishTagger, folder: Path = WEIGHTS) -> None:
        self._english = english
        self._folder = folder
        self._loading = Lock()
        self._others: dict[str, TreebankTagger] = {}
        self._personal: Memory[list[PersonalDatum]] = Memory()

    @classmethod
    def load(cls) -> Linguist:
        """Opens the models that Clary ships; those of other languages than English when they are first asked."""
        return cls(EnglishTagger.load())

    def entities(self, texts: Sequence[str], language: str) -> list[list[Entity]]:
        """Returns the entities of each text.

        Raises:
            Refused: no model was measured in the language.
        """
        _refuse_others(language, ENTITY_LANGUAGES, "entities")
        readings = self._english.read(texts)
        return [
            [one for one in entities(text, reading) if _is_name(one["text"])]
            for text, reading in zip(texts, readings, strict=True)
        ]

    def key_phrases(self, texts: Sequence[str], language: str) -> list[list[KeyPhrase]]:
        """Returns the key phrases of each text.

        Raises:
            Refused: no model was measured in the language.
        """
        _refuse_others(language, KEY_PHRASE_LANGUAGES, "key phrases")
        if language == "en":
            readings = self._english.read(texts)
            return [
                key_phrases(text, reading.words, self._tags(reading), reading.phrases)
                for text, reading in zip(texts, readings, strict=True)
            ]
        tagger = self._other(language)
        return [
            key_phrases(text, found.words, found.tags, found.phrases) for text in texts for found in [tagger.read(text)]
        ]

    def syntax(self, texts: Sequence[str], language: str) -> list[list[SyntaxToken]]:
        """Returns the words of each text with their parts of speech.

        Raises:
            Refused: no model was measured in the language.
        """
        _refuse_others(language, SYNTAX_LANGUAGES, "syntax")
        if language == "en":
            return [
                syntax(reading.words, self._tags(reading), reading.tag_scores.tolist())
                for reading in self._english.read(texts)
            ]
        tagger = self._other(language)
        return [syntax(found.words, found.tags, found.tag_scores) for text in texts for found in [tagger.read(text)]]

    def personal_data(self, texts: Sequence[str], language: str) -> list[list[PersonalDatum]]:
        """Returns the personal data of each text.

        Raises:
            Refused: no model was measured in the language.
        """
        _refuse_others(language, PERSONAL_DATA_LANGUAGES, "personal data")
        known = self._personal.of(texts)
        fresh = [text for text in dict.fromkeys(texts) if text not in known]
        readings = self._english.read(fresh)
        new = {text: finder.find(text, _named(reading)) for text, reading in zip(fresh, readings, strict=True)}
        self._personal.keep(new)
        known |= new
        return [known[text] for text in texts]

    def _tags(self, reading: Reading) -> list[str]:
        return [self._english.tags[number] for number in reading.tags.tolist()]

    def _other(self, language: str) -> TreebankTagger:
        with self._loading:
            if language not in self._others:
                self._others[language] = TreebankTagger.load(language, self._folder)
            return self._others[language]


def _named(reading: Reading) -> list[finder.Named]:
    words = reading.words
    return [
        finder.Named(words[span.begin].begin, words[span.end - 1].end, span.type, span.score)
        for span in reading.entities
        if span.type in {"PERSON", "LOCATION", "ADDRESS"}
        and any(_is_name(word.text) for word in words[span.begin : span.end])
    ]


def _is_name(piece: str) -> bool:
    """Whether a piece can name something: signs and pictures cannot, nor can one small letter."""
    return any(map(str.isalnum, piece)) and not (len(piece) == 1 and piece.islower())


def _refuse_others(language: str, languages: tuple[str, ...], what: str) -> None:
    if language not in languages:
        message = (
            f"There is no model for {what} in the language {language!r}; there are models for: {', '.join(languages)}."
        )
        raise Refused(UNSUPPORTED_LANGUAGE, message, language=language, languages=list(languages))
