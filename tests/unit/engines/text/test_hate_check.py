"""The half of HateCheck that is measured shares no template with the half that is learned from."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

from training.text.hate_check import Case, examples, halves
from training.text.hate_frames import misspelled, sentences
from training.text.opinion_sets import TOXICITIES
from training.text.toxic_words import ToxicWords

WAYS = (
    "{} are the worst neighbours",
    "{} are the wrost neighbours",
    "{} are the w0rst neighbours",
    "{} are the w o r s t neighbours",
    '"{} are the worst neighbours" is a terrible thing to say',
)
OTHERS = (
    "I will always dislike {} very much",
    "Nobody should lend money to {}",
    "Please keep {} off the lawn",
    "{} sing",
)


def suite(folder: Path) -> Path:
    rows = [
        {"text": way.format(group), "label": "hateful", "functionality": "derog"}
        for way in (*WAYS, *OTHERS)
        for group in ("women", "Muslims", "immigrants")
    ]
    (folder / "text/tox_hatecheck").mkdir(parents=True)
    (folder / "text/tox_hatecheck/test_en.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_misspelled_and_quoted_sentences_stay_with_their_template(tmp_path: Path) -> None:
    sides = [{case.text for case in side} for side in halves(suite(tmp_path))]
    one_template = {way.format(group) for way in WAYS for group in ("women", "Muslims", "immigrants")}
    assert sorted(len(side & one_template) for side in sides) == [0, len(one_template)]
    assert all(sides)


def test_the_halves_are_the_same_each_time_and_hold_everything(tmp_path: Path) -> None:
    first = halves(suite(tmp_path))
    assert first == halves(tmp_path)
    assert sum(map(len, first)) == 3 * (len(WAYS) + len(OTHERS))


def test_of_abuse_of_other_people_only_hate_is_known(tmp_path: Path) -> None:
    (tmp_path / "profanity_en.csv").write_text("text,category_1,severity_rating,canonical_form_1\nfrumpel,other,2,x\n")
    words = ToxicWords(tmp_path)
    abuse, plain = examples(
        [Case("You are nothing", False, "target_indiv_nh"), Case("Women sing", False, "ident_neutral_nh")], words
    )
    assert abuse.toxicity is not None and plain.toxicity is not None
    known = dict(zip(TOXICITIES, abuse.toxicity, strict=True))
    assert known["hate_speech"] == 0
    assert math.isnan(known["toxic"])
    assert set(plain.toxicity) == {0.0}


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
