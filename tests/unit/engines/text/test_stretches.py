"""How much of a text the taggers read: each stretch once, and no dump of signs to its end."""

import random
from typing import Any

import pytest

from clary.engines.text import english_tagger
from clary.engines.text.english_tagger import EnglishTagger
from clary.engines.text.linguist import Linguist
from clary.engines.text.sessions import run_all
from clary.engines.text.stretches import LONGEST_RUN
from clary.engines.text.treebank_tagger import TreebankTagger

LONG = 100_000
_DICE = random.Random(5)
DUMPS = {
    "one letter": "a" * LONG,
    "mail": "a@" * (LONG // 2),
    "brackets": "(" * LONG,
    "figures and dashes": "1-" * (LONG // 2),
    "families": "\U0001f469\u200d" * (LONG // 7),
    "signs at random": "".join(_DICE.choice("!\"#$%&'()*+,-./:;<=>?@[]^_{|}~ab12") for _ in range(LONG)),
    "words at random": ";".join("".join(_DICE.sample("abcdefgh", 3)) for _ in range(LONG // 4)),
}


@pytest.fixture(scope="module")
def tagger() -> EnglishTagger:
    return EnglishTagger.load(threads=1)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Rows and pieces of each batch that the English tagger's model is given."""
    shapes: list[tuple[int, int]] = []

    def counted(model: Any, outputs: Any, inputs: Any) -> Any:
        shapes.extend(one["pieces"].shape for one in inputs)
        return run_all(model, outputs, inputs)

    monkeypatch.setattr(english_tagger, "run_all", counted)
    return shapes


@pytest.mark.parametrize("name", DUMPS)
def test_of_a_long_text_without_a_space_only_the_beginning_is_read(
    tagger: EnglishTagger, read: list[tuple[int, int]], name: str
) -> None:
    (reading,) = tagger.read([DUMPS[name]])
    assert sum(rows * pieces for rows, pieces in read) <= 2 * LONGEST_RUN
    assert len(reading.tags) == len(reading.words)
    last = reading.words[max(end for _, end in reading.sentences) - 1]
    assert last.begin < LONGEST_RUN


@pytest.mark.parametrize("name", DUMPS)
def test_so_it_is_in_the_other_languages(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    counts: list[int] = []
    tagged = TreebankTagger.tagged

    def counted(self: TreebankTagger, texts: list[str]) -> tuple[list[str], list[float]]:
        counts.append(len(texts))
        return tagged(self, texts)

    monkeypatch.setattr(TreebankTagger, "tagged", counted)
    found = TreebankTagger.load("de").read(DUMPS[name])
    assert sum(counts) <= LONGEST_RUN
    assert max(counts) <= 1_000
    assert len(found.words) == len(found.tags) == len(found.tag_scores)


def test_what_stands_behind_a_dump_is_read(tagger: EnglishTagger) -> None:
    text = "(;" * 40_000 + " Angela Merkel lives in Berlin."
    (found,) = Linguist(tagger).entities([text], "en")
    assert {("Angela Merkel", "PERSON"), ("Berlin", "LOCATION")} <= {(one["text"], one["type"]) for one in found}
    assert all(text[one["begin"] : one["end"]] == one["text"] for one in found)


def test_personal_data_are_found_within_a_dump(tagger: EnglishTagger) -> None:
    text = "{" * 40_000 + "ana@example.com" + "}" * 40_000
    (found,) = Linguist(tagger).personal_data([text], "en")
    assert [(one["type"], text[one["begin"] : one["end"]]) for one in found] == [("EMAIL", "ana@example.com")]


def test_a_sentence_that_stands_in_texts_again_and_again_is_read_once(
    tagger: EnglishTagger, read: list[tuple[int, int]]
) -> None:
    sentence = "Angela Merkel met the head of Siemens in Berlin. "
    texts = [sentence * 200, "Look here! " + sentence * 3]
    found = Linguist(tagger).entities(texts, "en")
    assert sum(rows for rows, _ in read) == 2
    for text, entities, times in zip(texts, found, (200, 3), strict=True):
        assert all(text[one["begin"] : one["end"]] == one["text"] for one in entities)
        assert [one["text"] for one in entities] == ["Angela Merkel", "Siemens", "Berlin"] * times


def test_every_word_of_a_text_of_five_thousand_bytes_is_read(tagger: EnglishTagger) -> None:
    (found,) = Linguist(tagger).syntax(["(" * 2_500 + "a)" * 1_250], "en")
    assert len(found) == 5_000
    assert all(one["score"] > 0 for one in found)
