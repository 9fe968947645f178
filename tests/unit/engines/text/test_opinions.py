"""Sentiment, toxicity and targets of English texts from the shipped models."""

from __future__ import annotations

import json
import math
import re
import time
from pathlib import Path
from typing import Any

import pytest

from clary.engines.refusals import Refused
from clary.engines.text import opinions
from clary.engines.text.contract import SENTIMENTS, TOXICITIES, UNSUPPORTED_LANGUAGE
from clary.engines.text.encoder import Encoder
from clary.engines.text.feelings import Feelings
from clary.engines.text.sessions import run_all

FEELINGS = Feelings.load()
DATA = Path(__file__).parents[5] / "shared/data"
HOSTILE = [
    "",
    " ",
    "a",
    "😀👩‍👩‍👧‍👦🏳️‍🌈" * 20,
    "x" * 100_000,
    "مرحبا بالعالم هذا اختبار",
    "\x00\x07\x1b[31m\u202e",
    "e\u0301" * 500,
    "lone \ud83d half",
    "word " * 1_000,
]


def _nothing(texts: list[str], language: str) -> list[Any]:
    return [[] for _ in texts]


def _nouns(texts: list[str], language: str) -> list[Any]:
    return [
        [
            {"text": word.group(), "begin": word.start(), "end": word.end(), "tag": "NOUN", "score": 1.0}
            for word in re.finditer(r"\S+", text)
        ]
        for text in texts
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I love this phone, the best I ever had.", "positive"),
        ("It broke after two days and nobody helped me. Awful.", "negative"),
        ("The box contains a cable and a manual.", "neutral"),
        ("The food was great but the service was terrible.", "mixed"),
    ],
)
def test_the_four_sentiments(text: str, expected: str) -> None:
    (found,) = FEELINGS.sentiment([text], "en")
    assert found["sentiment"] == expected
    assert list(found["scores"]) == list(SENTIMENTS)


def test_batches_answer_as_single_texts_do() -> None:
    texts = ["I love it", "I hate this so much that I could cry", "", "A table and four chairs. " * 30]
    together = FEELINGS.sentiment(texts, "en")
    for text, found in zip(texts, together, strict=True):
        (alone,) = FEELINGS.sentiment([text], "en")
        for name in SENTIMENTS:  # a batch shares one scale of eight-bit activations
            assert alone["scores"][name] == pytest.approx(found["scores"][name], abs=0.1)


def test_several_questions_about_one_text_are_answered_from_one_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "The pasta was delicious, but the waiter was rude to us on our third evening there."
    read = []

    def counted(*asked: Any) -> Any:
        read.append(len(asked[2]))
        return run_all(*asked)

    monkeypatch.setattr(opinions, "run_all", counted)
    FEELINGS.sentiment([text], "en")
    FEELINGS.toxicity([text], "en")
    FEELINGS.targeted([text], "en", _nothing, _nouns)
    assert sum(read) == 1


def test_only_a_text_that_is_not_sure_as_a_whole_is_read_sentence_by_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    def counted(*asked: Any) -> Any:
        read.extend(len(one["pieces"]) for one in asked[2])
        return run_all(*asked)

    monkeypatch.setattr(opinions, "run_all", counted)
    FEELINGS.sentiment(["I love it so much. It is wonderful. The best I have ever had."], "en")
    assert sum(read) == 1
    FEELINGS.sentiment(["The box is brown. It holds a cable. There is a manual in it."], "en")
    assert sum(read) == 1 + 1 + 3


def test_many_texts_are_answered_in_their_order() -> None:
    texts = [f"I {('love', 'hate')[number % 2]} {'this and ' * (number % 7)}that" for number in range(90)]
    found = FEELINGS.sentiment(texts, "en")
    assert [one["sentiment"] for one in found] == ["positive", "negative"] * 45


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_answered_soon_and_within_bounds(text: str) -> None:
    start = time.process_time()
    (felt,) = FEELINGS.sentiment([text], "en")
    (toxic,) = FEELINGS.toxicity([text], "en")
    (targets,) = FEELINGS.targeted([text], "en", _nothing, _nouns)
    assert time.process_time() - start < 5
    assert math.isclose(sum(felt["scores"].values()), 1, abs_tol=1e-5)
    assert all(0 <= score <= 1 for score in (toxic["toxicity"], *toxic["labels"].values()))
    for target in targets:
        for mention in target["mentions"]:
            assert text[mention["begin"] : mention["end"]] == mention["text"] != ""


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("What the fuck is this shit", "profanity"),
        ("You are such a pathetic idiot", "insult"),
        ("I will kill you and your family", "violence_or_threat"),
        ("All immigrants are vermin and should not have rights", "hate_speech"),
        ("Send me naked pictures of your tits, I want sex tonight", "sexual"),
        ("Blood and guts were everywhere, his skull crushed and the brains spilled out", "graphic"),
        ("Everybody laughs about you, delete your account and disappear, loser", "harassment_or_abuse"),
    ],
)
def test_each_kind_of_toxicity_is_told(text: str, label: str) -> None:
    toxic, clean = FEELINGS.toxicity([text, "The meeting was moved to Tuesday at ten."], "en")
    assert set(toxic["labels"]) == set(TOXICITIES)
    assert toxic["labels"][label] > 0.4 > clean["labels"][label]
    assert toxic["toxicity"] > 0.3 > clean["toxicity"]


def test_one_text_feels_differently_about_different_things() -> None:
    text = "The pasta was delicious, but the waiter was rude to us."
    (found,) = FEELINGS.targeted([text], "en", _nothing, _nouns)
    felt = {target["mentions"][0]["text"]: target["mentions"][0]["sentiment"]["sentiment"] for target in found}
    assert felt["pasta"] == "positive"
    assert felt["waiter"] == "negative"


@pytest.mark.parametrize("language", ["ja", "hi", "xx", "", "EN", "zh-TW"])
def test_a_language_without_a_measured_model_is_refused_by_name(language: str) -> None:
    for ask in (FEELINGS.sentiment, FEELINGS.toxicity):
        with pytest.raises(Refused, match=repr(language)) as refused:
            ask(["text"], language)
        assert refused.value.reason == UNSUPPORTED_LANGUAGE
        assert "en" in refused.value.details["languages"]


def test_no_texts_have_no_answers() -> None:
    assert FEELINGS.sentiment([], "en") == FEELINGS.toxicity([], "en") == []
    assert FEELINGS.targeted([], "en", _nothing, _nouns) == []
    assert Encoder.load().embed([]).shape == (0, 384)


def test_texts_that_mean_alike_are_embedded_near_one_another() -> None:
    vectors = Encoder.load().embed(["The meal was tasty", "Delicious food", "The engine needs oil"])
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2


@pytest.mark.skipif(not DATA.exists(), reason="the data sets beside the project are absent")
def test_reviews_that_were_never_learned_from_are_told_as_promised() -> None:
    lines = (DATA / "amazon_reviews_en/dev/reviews.jsonl").read_text(encoding="utf-8").split("\n")
    rows = [json.loads(line) for line in lines[::20] if line]
    found = FEELINGS.sentiment([row["text"] for row in rows], "en")
    right = [
        (one["scores"]["positive"] > one["scores"]["negative"]) == (row["label"] == "positive")
        for one, row in zip(found, rows, strict=True)
    ]
    assert sum(right) / len(right) >= 0.80
