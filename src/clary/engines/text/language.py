"""Which language a text is written in: py3langid's naive Bayes over bytes, corrected where neighbours are close.

py3langid (Lui and Baldwin 2012, retrained for 139 languages) answers at once but takes Malay for Indonesian and Bosnian
for Croatian, and does not know Tswana, Tsonga and Maori. There, everyday words that only one of the neighbours writes
(`telling_words.py`) weigh in.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from clary.engines.text.contract import DetectedLanguage
from clary.engines.text.telling_words import TELLING

_CANDIDATES: Final = """
af am ar as az ba be bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gd gl gu ha he hi hr ht hu hy id is it ja jv
ka kk km kn ko ku ky la lb lg lo lt lv mg mk ml mn mr ms mt my ne nl nn no or pa pl ps pt qu ro ru sa si sk sl sn so sq
sr st sv sw ta te tg th tk tl tr tt ug uk ur uz vi xh yo zh zu
"""
"""What py3langid may answer."""

_STAND_INS: Final = {"nso": "tn", "yue": "zh", "wuu": "zh", "arz": "ar", "ary": "ar"}
"""Labels of py3langid that count for another language: Tswana is near Northern Sotho, the rest are varieties."""
_LIKE_TSONGA: Final = ("xh", "zu", "sn", "st", "tn", "sw", "lg", "so", "mg")
_WEIGHT: Final = 2.0
"""How much a telling word counts, in units of py3langid's logarithms."""
_INCLINED: Final = {"ms": 0.35}
"""What py3langid underrates these by, found on the development part of a set of 75 languages."""
_WRITTEN_OFTEN: Final = {"en": 1.0} | dict.fromkeys(
    ("ar", "de", "es", "fr", "hi", "it", "ja", "ko", "pt", "ru", "zh"), 0.5
)
"""What is likelier before a letter is read: of a word or two ("thanks"), naive Bayes knows next to nothing."""
_FIRST_CHARACTERS: Final = 20_000
"""Of a long text only so much is read: the language does not get clearer after that."""
_PART_LETTERS: Final = 40
_LEAST_SCORE: Final = 0.02
_WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_PART: Final = re.compile(r"(?<=[.!?\u3002\uff01\uff1f\u0964\u061f])\s*(?=\S)|\n+")
_MAORI: Final = re.compile(r"(?:(?:ng|wh|[hkmnprtw])?[aeiouāēīōū])+")


class LanguageDetector:
    """Names the languages of texts. Several threads may share one."""

    def __init__(self, identifier: LanguageIdentifier) -> None:
        identifier.set_languages([*_CANDIDATES.split(), *_STAND_INS])
        self._identifier = identifier

    @classmethod
    def load(cls) -> LanguageDetector:
        """Opens the model of the py3langid package."""
        return cls(LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True))

    def detect(self, text: str) -> list[DetectedLanguage]:
        """Returns the languages of a text, that of most confidence first.

        A text of several parts in different languages has several; a text without letters has none.

        Args:
            text: any text; only its first 20,000 characters are read.
        """
        text = text[:_FIRST_CHARACTERS]
        parts = [part for part in _PART.split(text) if _letters(part) >= _PART_LETTERS]
        if not _letters(text):
            return []
        scores = self._scores(text) if len(parts) < 2 else self._of_parts(text, parts)
        ranked = sorted(scores.items(), key=lambda item: -item[1])
        return [
            {"language": language, "score": score}
            for place, (language, score) in enumerate(ranked)
            if place == 0 or score >= _LEAST_SCORE
        ]

    def _of_parts(self, text: str, parts: Sequence[str]) -> dict[str, float]:
        """Where all parts agree, the whole text decides; where not, each part speaks for its length."""
        whole = self._scores(text)
        of_parts = [self._scores(part) for part in parts]
        first = {max(scores, key=scores.__getitem__) for scores in of_parts}
        if len(first) < 2:
            return whole
        length = sum(map(len, parts))
        shares: dict[str, float] = {}
        for part, scores in zip(parts, of_parts, strict=True):
            for language, score in scores.items():
                shares[language] = shares.get(language, 0.0) + score * len(part) / length
        return shares

    def _scores(self, text: str) -> dict[str, float]:
        logs: dict[str, float] = {}
        for label, probability in self._identifier.rank(text):
            language = _STAND_INS.get(label, label)
            logs[language] = max(logs.get(language, -60.0), math.log(max(probability, 1e-26)))
        for language, often in _WRITTEN_OFTEN.items():
            logs[language] += often
        words = _WORD.findall(unicodedata.normalize("NFC", text[:2000]).lower())
        if words:
            _weigh(logs, words)
        highest = max(logs.values())
        raised = {language: math.exp(log - highest) for language, log in logs.items()}
        total = sum(raised.values())
        scores = {language: value / total for language, value in raised.items()}
        if "zh" in scores and _traditional(text):
            scores["zh-TW"] = scores.pop("zh")
        return scores


def _weigh(logs: dict[str, float], words: Sequence[str]) -> None:
    """Lets telling words speak among neighbours, and for languages that py3langid does not know."""
    root = math.sqrt(len(words))
    for neighbours in (("ms", "id"), ("bs", "hr", "sr"), ("tn", "st")):
        if max(logs, key=logs.__getitem__) in neighbours:
            for language in neighbours:
                hits = sum(word in TELLING[language] for word in words)
                logs[language] += _WEIGHT * hits / root + _INCLINED.get(language, 0.0)
    best = max(logs, key=logs.__getitem__)
    if best in _LIKE_TSONGA:
        share = sum(word in TELLING["ts"] for word in words) / len(words)
        logs["ts"] = logs[best] + _WEIGHT * root * (share - 0.3)
    maori = sum(_MAORI.fullmatch(word) is not None for word in words) / len(words)
    if maori > 0.7:
        share = sum(word in TELLING["mi"] for word in words) / len(words)
        logs["mi"] = logs[best] + _WEIGHT * root * (share - 0.3)


def _letters(text: str) -> int:
    return sum(map(str.isalpha, text))


def _traditional(text: str) -> bool:
    """Says whether Chinese text is written in traditional characters: more of it is in Big5 alone than in GB 2312."""
    balance = sum(_script(character) for character in text[:2000])
    return balance > 0


@lru_cache(maxsize=20_000)
def _script(character: str) -> int:
    def has(encoding: str) -> bool:
        try:
            character.encode(encoding)
        except UnicodeEncodeError:
            return False
        return True

    return int(has("big5")) - int(has("gb2312"))
