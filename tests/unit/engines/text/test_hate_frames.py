"""Our own sentences on what makes hate speech hate."""

from __future__ import annotations

import random

from training.text.hate_frames import misspelled, sentences


def test_a_clause_is_hateful_when_said_and_not_when_condemned() -> None:
    made = dict(sentences(random.Random(7)))
    assert {labels.get("hate_speech", 0) for text, labels in made.items() if text.startswith("It is hateful to")} == {0}
    assert any(labels.get("hate_speech") == 1 for labels in made.values())


def test_a_misspelled_sentence_keeps_all_words_but_one() -> None:
    text = "some people cannot read anything else"
    for seed in range(40):
        changed = misspelled(text, random.Random(seed))
        assert len(set(changed.split()) & set(text.split())) >= 4
    assert misspelled("oh no", random.Random(1)) == "oh no"
