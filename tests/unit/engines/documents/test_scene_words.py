"""What a word in a photograph says, and which words make up its lines."""

from __future__ import annotations

import math

import numpy as np
import pytest

from clary.engines.documents.alignment import log_likelihood
from clary.engines.documents.scene_lines import lines_of_words
from clary.engines.documents.vocabulary import Vocabulary, scene_words

COUNTS = {"fire": 50, "fare": 20, "hire": 2, "queen": 30, "street": 40}


def test_the_likelihood_of_a_text_is_the_sum_over_all_ways_to_see_it() -> None:
    steps = np.log(np.array([[0.2, 0.8], [0.5, 0.5], [0.1, 0.9]], np.float32))
    one = 0.8 * 0.5 * 0.9 + 0.8 * 0.5 * 0.1 + 0.2 * 0.5 * 0.9 + 0.8 * 0.5 * 0.1 + 0.2 * 0.5 * 0.1 + 0.2 * 0.5 * 0.9
    twice = 0.8 * 0.5 * 0.9  # a letter that stands twice needs a blank between
    assert math.exp(log_likelihood(steps, [1])) == pytest.approx(one)
    assert math.exp(log_likelihood(steps, [1, 1])) == pytest.approx(twice)


def test_words_one_edit_away_are_found_and_further_ones_are_not() -> None:
    words = Vocabulary(COUNTS)
    assert sorted(words.near("fre", 1)) == ["fare", "fire"]
    assert sorted(words.near("fires", 1)) == ["fire"]
    assert sorted(words.near("fire", 1)) == ["fare", "fire", "hire"]
    assert sorted(words.near("dueen", 1)) == ["queen"]
    assert words.near("steot", 1) == []
    assert words.near("steot", 2) == ["street"]


def test_a_listed_word_is_likelier_than_one_that_is_only_spelled_like_words() -> None:
    words = scene_words()
    assert words.log_prior("street") > words.log_prior("streed") > words.log_prior("xqzjkw")
    assert "été" in words or words.log_prior("été") > words.log_prior("éxé")


def box(left: float, top: float, width: float, height: float) -> np.ndarray:
    right, bottom = left + width, top + height
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float32)


def test_words_beside_each_other_make_a_line_and_those_below_or_of_another_size_do_not() -> None:
    boxes = [
        box(120, 12, 80, 30),
        box(10, 10, 100, 30),
        box(10, 60, 100, 30),
        box(205, 10, 90, 80),
        box(300, 62, 60, 30),
    ]
    assert lines_of_words(boxes) == [[1, 0], [3], [2], [4]]
