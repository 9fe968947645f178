"""The users' own types of entities: learned from places in texts, with and without a list of names."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from clary.engines.text.own_entities import EntityList, Mention, OwnEntityRecognizer, train
from clary.engines.text.words import words

NOTHING = EntityList({})
ANIMALS = ("zebra", "heron", "newt", "hare", "mole", "lynx")
THINGS = ("table", "chair", "vase", "oven", "desk")


def knows(texts: Sequence[str]) -> list[list[list[str]]]:
    """Stands for a tagger: knows which words are names of animals."""
    return [
        [["animal"] if word.text in ("zebra", "heron", "newt", "lynx") else [] for word in words(text, "en")]
        for text in texts
    ]


def orders(count: int, seed: int = 1) -> tuple[list[str], list[list[Mention]]]:
    dice = random.Random(seed)
    texts, mentions = [], []
    for _ in range(count):
        code = f"{dice.choice('ABCD')}{dice.choice('XYZ')}-{dice.randrange(100, 999)}"
        start = dice.choice(("Please send ", "We need ", "Order the part "))
        texts.append(f"{start}{code} before noon.")
        mentions.append([Mention(len(start), len(start) + len(code), "PART")])
    return texts, mentions


def test_what_looks_alike_is_found_where_it_stands(tmp_path: Path) -> None:
    texts, mentions = orders(60)
    model = train(texts, mentions, language="en", listed=NOTHING)
    new, truth = orders(30, seed=2)
    found = model.find(new)
    right = sum([one[:3] for one in own] == [one[:3] for one in real] for own, real in zip(found, truth, strict=True))
    assert right >= 28
    assert all(0 < one.score <= 1 for own in found for one in own)
    model.save(tmp_path)
    assert OwnEntityRecognizer.load(tmp_path, lambda: knows).find(new) == found


def test_names_of_the_list_are_found_longest_first() -> None:
    listed = EntityList.of([("New York", "CITY"), ("New York Times", "PAPER"), ("", "CITY")], "en")
    texts = [f"He read the New York Times in New York, day {day}." for day in range(20)]
    mentions = [[Mention(12, 26, "PAPER"), Mention(30, 38, "CITY")] for _ in texts]
    model = train(texts, mentions, language="en", listed=listed)
    text = "She flew to New York with the New York Times."
    found = [(text[one.begin : one.end], one.type) for one in model.find([text])[0]]
    assert found == [("New York", "CITY"), ("New York Times", "PAPER")]


def test_what_is_known_of_words_beside_generalises(tmp_path: Path) -> None:
    texts = [f"the {one} slept" for one in (*ANIMALS[:-1], *THINGS)] * 12
    mentions = [[Mention(4, len(text) - 6, "PET")] if text.split()[1] in ANIMALS else [] for text in texts]
    new = ["the lynx slept", "the stool slept"]
    model = train(texts, mentions, language="en", listed=NOTHING, outside=knows)
    assert [[one[:3] for one in own] for own in model.find(new)] == [[(4, 8, "PET")], []]
    model.save(tmp_path)
    assert OwnEntityRecognizer.load(tmp_path, lambda: knows).find(new) == model.find(new)


def test_odd_texts_have_answers() -> None:
    texts, mentions = orders(20)
    model = train(texts, mentions, language="en", listed=NOTHING)
    for text in ("", " ", "😀", "x" * 50_000, "\u0000", "word " * 3000):
        for one in model.find([text])[0]:
            assert 0 <= one.begin < one.end <= len(text)


def test_examples_without_entities_are_told() -> None:
    with pytest.raises(ValueError, match="no entity"):
        train(["a text"], [[]], language="en", listed=NOTHING)
