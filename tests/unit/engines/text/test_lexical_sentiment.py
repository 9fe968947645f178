"""Sentiment in other languages: learned pieces of words, words of feeling, and denial."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from clary.engines.text.contract import SENTIMENTS
from clary.engines.text.feeling_counts import FeelingWords
from clary.engines.text.lexical_sentiment import LexicalSentiment

MODEL = LexicalSentiment.load()
SET = Path(__file__).parents[5] / "shared/data/sentiment_tweets_8lang/dev/tweets.csv"
PAIRS = {
    "es": ("Me encanta, es una película maravillosa", "Es horrible, una película malísima y aburrida"),
    "fr": ("J'adore, c'est un film magnifique", "C'est nul, un film horrible et ennuyeux"),
    "de": ("Ein wunderbarer Film, ich liebe ihn", "Ein schrecklicher Film, langweilig und dumm"),
    "it": ("Un film meraviglioso, lo adoro", "Un film orribile, noioso e stupido"),
    "pt": ("Um filme maravilhoso, eu adoro", "Um filme horrível, chato e péssimo"),
    "ar": ("فيلم رائع وجميل جدا", "فيلم سيء وممل جدا"),
    "zh": ("质量很好、非常满意", "质量太差、非常失望"),
    "ko": ("정말 재미있고 감동적인 최고의 영화", "지루하고 재미없는 최악의 쓰레기 영화"),
}


@pytest.mark.parametrize("language", PAIRS)
def test_praise_is_more_positive_than_blame(language: str) -> None:
    praise, blame = MODEL.scores(PAIRS[language], language)
    assert SENTIMENTS[praise.argmax()] == "positive"
    assert SENTIMENTS[blame.argmax()] == "negative"


@pytest.mark.parametrize("language", PAIRS)
def test_confidences_sum_to_one_for_any_text(language: str) -> None:
    texts = ["", "😀" * 50, "x" * 100_000, "\x00\x01", "שלום עולם", "\ud83d", *PAIRS[language]]
    found = MODEL.scores(texts, language)
    assert np.allclose(found.sum(axis=1), 1)
    assert (found >= 0).all()


def test_every_language_that_is_offered_is_tested_here() -> None:
    assert set(MODEL.languages) == set(PAIRS)


@pytest.mark.parametrize(
    ("language", "text"),
    [("es", "no es bueno"), ("de", "das ist nicht gut"), ("zh", "不好"), ("fr", "ce n'est pas bon")],
)
def test_a_denied_glad_word_is_a_sad_one(language: str, text: str) -> None:
    glad, sad = FeelingWords(language).counts(text)[:2]
    assert (glad, sad > 0) == (0, True)


def test_pictures_count_in_any_language() -> None:
    assert FeelingWords("xx").counts("😍 :)")[2:4] > [0, 0]
    assert FeelingWords("xx").counts("😡 :(")[3] > 0


@pytest.mark.skipif(not SET.exists(), reason="the data sets beside the project are absent")
@pytest.mark.parametrize(
    ("name", "language"),
    [("spanish", "es"), ("french", "fr"), ("german", "de"), ("italian", "it"), ("portuguese", "pt"), ("arabic", "ar")],
)
def test_a_language_is_offered_for_beating_the_most_frequent_class_by_ten_points(name: str, language: str) -> None:
    with SET.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["language"] == name]
    answers = MODEL.scores([row["text"] for row in rows], language)[:, :3].argmax(axis=1)
    right = np.mean([SENTIMENTS[answer] == row["label"] for answer, row in zip(answers, rows, strict=True)])
    most = Counter(row["label"] for row in rows).most_common(1)[0][1] / len(rows)
    assert right >= most + 0.1
