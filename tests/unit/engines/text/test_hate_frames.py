"""Our own sentences on what makes hate speech hate."""

from __future__ import annotations

import random

import pytest
from training.text.hate_frames import Author, misspelled, sentences

_SLURS = ["slurword"]


def test_a_clause_is_hateful_when_said_and_not_when_condemned() -> None:
    made = dict(sentences(random.Random(7), _SLURS, 4_000))
    condemned = [text for text in made if text.lower().startswith("it is hateful to")]
    assert condemned
    assert {made[text].get("hate_speech", 0) for text in condemned} == {0}
    assert sum(labels.get("hate_speech") == 1 for labels in made.values()) > len(made) / 4


@pytest.mark.parametrize("bad", [True, False])
def test_what_is_denied_turns_around(bad: bool) -> None:
    author = Author(random.Random(7), _SLURS)
    said = {author.rest(bad=bad) for _ in range(20_000)}
    assert ("are scum" in said) == bad
    assert ("are not scum" in said) != bad
    assert ("deserve respect" in said) != bad
    assert ("don't deserve respect" in said) == bad


def test_slurs_are_told_apart_by_who_uses_them() -> None:
    made = dict(sentences(random.Random(7), _SLURS, 4_000))
    proud = [labels for text, labels in made.items() if text.lower().startswith("i am a proud slurword")]
    called = [labels for text, labels in made.items() if text.lower().startswith("you are nothing but a slurword")]
    assert proud and all(labels["hate_speech"] == 0 for labels in proud)
    assert called and all(labels["hate_speech"] == 1 for labels in called)


def test_a_misspelled_sentence_keeps_all_words_but_two() -> None:
    text = "some people cannot read anything else"
    for seed in range(40):
        changed = misspelled(text, random.Random(seed))
        assert changed != text
        assert len(set(changed.split()) & set(text.split())) >= 3
    assert misspelled("oh no", random.Random(1)) == "oh no"
