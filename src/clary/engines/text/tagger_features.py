"""What Clary's own tagger says of English words, as features for the users' recognizers."""

from __future__ import annotations

from collections.abc import Sequence

from clary.engines.text.english_tagger import EnglishTagger

_SURE = 0.8


class TaggerFeatures:
    """Describes words by their parts of speech, and by the entities and noun phrases they stand in.

    Args:
        tagger: reads the texts.
    """

    def __init__(self, tagger: EnglishTagger) -> None:
        self._tagger = tagger

    @classmethod
    def load(cls) -> TaggerFeatures:
        """With the tagger that Clary ships."""
        return cls(EnglishTagger.load())

    def __call__(self, texts: Sequence[str]) -> list[list[list[str]]]:
        """The features of each word of each text, words as `words.words` splits English."""
        described: list[list[list[str]]] = []
        for reading in self._tagger.read(texts):
            rows = [[f"t{self._tagger.tags[tag]}"] for tag in reading.tags]
            for span in reading.entities:
                for place in range(span.begin, span.end):
                    mark = f"{'B' if place == span.begin else 'I'}{span.type}"
                    rows[place] += [f"e{mark}", *([f"s{mark}"] * 2 if span.score >= _SURE else [])]
            for span in reading.phrases:
                rows[span.begin].append("pB")
                rows[span.end - 1].append("pE")
            described.append(rows)
        return described
