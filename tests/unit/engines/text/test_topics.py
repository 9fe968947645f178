"""Topics: what a collection is about."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest

from clary.engines.text.topics import find_topics

THEMES = (
    "goal match referee striker penalty",
    "rocket orbit moon launch astronaut",
    "bank shares profit bond dividend",
)


def test_documents_of_one_theme_share_their_topic() -> None:
    dice = random.Random(1)
    texts = [" ".join(dice.choices(THEMES[number % 3].split(), k=8)) for number in range(90)]
    found = find_topics(texts, 3)
    best = found.shares.argmax(axis=1)
    assert all(len(set(best[theme::3])) == 1 for theme in range(3))
    assert found.shares.sum(axis=1) == pytest.approx(np.ones(90))
    assert {frozenset(term for term, _ in terms[:5]) for terms in found.terms} == {
        frozenset(theme.split()) for theme in THEMES
    }
    assert all(first[1] >= second[1] for terms in found.terms for first, second in itertools.pairwise(terms))
    assert np.array_equal(find_topics(texts, 3).shares, found.shares)


def test_there_are_no_more_topics_than_documents_can_tell_apart() -> None:
    found = find_topics(["goal match", "rocket orbit"], 50)
    assert found.shares.shape[0] == 2
    assert found.shares.shape[1] <= 4


def test_documents_without_words_are_told() -> None:
    with pytest.raises(ValueError, match="no words"):
        find_topics(["1 2 3", "the of"], 2)
