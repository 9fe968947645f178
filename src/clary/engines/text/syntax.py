"""Words of texts with their parts of speech."""

from __future__ import annotations

from collections.abc import Sequence

from clary.engines.text.contract import SyntaxToken
from clary.engines.text.words import Word


def syntax(words: Sequence[Word], tags: Sequence[str], scores: Sequence[float]) -> list[SyntaxToken]:
    """Returns each word of a text with its tag.

    Args:
        words: the words.
        tags: the part of speech of each.
        scores: the confidence of each tag.
    """
    return [
        {"text": word.text, "begin": word.begin, "end": word.end, "tag": tag, "score": score}
        for word, tag, score in zip(words, tags, scores, strict=True)
    ]
