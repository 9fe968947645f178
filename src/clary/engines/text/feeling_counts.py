"""How often a text uses words and pictures of feeling."""

from __future__ import annotations

import math
import re
from typing import Final

from clary.engines.text.feeling_words import GLAD_PICTURES, SAD_PICTURES, WORDS

_GLAD_PICTURES: Final = frozenset(GLAD_PICTURES)
_SAD_PICTURES: Final = frozenset(SAD_PICTURES)
_GLAD_FACE: Final = re.compile(r"[:;=8][-o']?[)\]D*]|<3|\^_\^|xD+\b")
_SAD_FACE: Final = re.compile(r"[:;=][-o']?[(\[/|]|>:\(|-_-|:'\(")
_WORD: Final = re.compile(r"[^\W\d_]+(?:[-'\u2019\u093c-\u094d\u0901-\u0903][^\W\d_]*)*")
_ARABIC_PREFIX: Final = re.compile(r"^(?:وال|بال|كال|فال|لل|ال|و|ب)(?=\w{3})")
_REACH: Final = 3
"""How many words a denial reaches."""

COUNTS: Final = 6
"""Numbers that `feeling_counts` returns."""


class FeelingWords:
    """The words of feeling of one language, ready to look up.

    Args:
        language: a key of `feeling_words.WORDS`; another language has pictures only.
    """

    def __init__(self, language: str) -> None:
        words = WORDS.get(language)
        self._spaced = language != "zh"
        self._glad = _Lookup(words.glad if words else "")
        self._sad = _Lookup(words.sad if words else "")
        self._denying = frozenset(words.denying.split()) if words else frozenset()
        self._denies_before = language == "hi"
        self._arabic = language == "ar"

    def counts(self, text: str) -> list[float]:
        """Counts feelings.

        Returns:
            Glad and sad words by the root of the text's words, glad and sad pictures, question marks and exclamation
            marks, each of the last four as log(1 + n).
        """
        glad, sad, length = self._of_words(text) if self._spaced else self._of_signs(text)
        root = math.sqrt(max(length, 1))
        pictures = sum(sign in _GLAD_PICTURES for sign in text) + len(_GLAD_FACE.findall(text))
        sorrows = sum(sign in _SAD_PICTURES for sign in text) + len(_SAD_FACE.findall(text))
        questions = text.count("?") + text.count("\uff1f") + text.count("\u061f")
        calls = text.count("!") + text.count("\uff01")
        return [glad / root, sad / root, *(math.log1p(count) for count in (pictures, sorrows, questions, calls))]

    def _of_words(self, text: str) -> tuple[int, int, int]:
        words = [word.lower() for word in _WORD.findall(text)]
        if self._arabic:
            words = [_ARABIC_PREFIX.sub("", word) if word not in self._glad else word for word in words]
        glad = sad = 0
        for place, word in enumerate(words):
            near = (
                words[place + 1 : place + 1 + _REACH] if self._denies_before else words[max(0, place - _REACH) : place]
            )
            denied = any(other in self._denying for other in near)
            if word in self._glad:
                glad, sad = glad + (not denied), sad + denied
            elif word in self._sad:
                glad, sad = glad + (denied and not self._arabic) // 2, sad + (not denied)
        return glad, sad, len(words)

    def _of_signs(self, text: str) -> tuple[int, int, int]:
        glad = sad = 0
        for pattern, is_glad in ((self._glad.anywhere, True), (self._sad.anywhere, False)):
            for found in pattern.finditer(text):
                before = text[max(0, found.start() - 2) : found.start()]
                denied = any(word in before for word in self._denying)
                if is_glad != denied:
                    glad += 1
                else:
                    sad += 1
        return glad, sad, len(text) // 2


class _Lookup:
    """Words and beginnings of words."""

    def __init__(self, words: str) -> None:
        given = words.split()
        self._whole = frozenset(word for word in given if not word.endswith("*"))
        self._beginnings = tuple({word[:-1] for word in given if word.endswith("*")})
        longest_first = sorted(self._whole, key=len, reverse=True)
        self.anywhere = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def __contains__(self, word: str) -> bool:
        return word in self._whole or word.startswith(self._beginnings)
