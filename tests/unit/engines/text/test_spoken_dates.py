"""Dates in texts without capitals and figures, as they are spoken."""

import numpy as np
import pytest

from clary.engines.text import spoken_dates
from clary.engines.text.english_tagger import EnglishTagger
from clary.engines.text.linguist import Linguist


@pytest.fixture(scope="module")
def tagger() -> EnglishTagger:
    return EnglishTagger.load(threads=1)


def dates(tagger: EnglishTagger, text: str) -> list[str]:
    (found,) = Linguist(tagger).entities([text], "en")
    return [one["text"] for one in found if one["type"] == "DATE"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("please wake me up at seven", ["seven"]),
        ("book a table for the two of us", []),
        ("remind me about the dentist in twenty minutes", ["twenty minutes"]),
        ("is there rain in store for the last week of june", ["last week of june"]),
        ("read me the news of yesterday's match", ["yesterday's"]),
    ],
)
def test_a_spoken_date_has_no_preposition_and_may_be_a_bare_number(
    tagger: EnglishTagger, text: str, said: list[str]
) -> None:
    assert dates(tagger, text) == said


def test_a_capital_or_a_figure_makes_a_text_written() -> None:
    assert spoken_dates.is_spoken("see you at five, élodie")
    assert not spoken_dates.is_spoken("See you at five")
    assert not spoken_dates.is_spoken("see you at 5")


def test_a_date_takes_the_place_of_what_overlaps_it(tagger: EnglishTagger) -> None:
    text = "set a timer for forty five minutes please"
    (found,) = Linguist(tagger).entities([text], "en")
    assert [(one["type"], one["text"]) for one in found] == [("DATE", "forty five minutes")]


def test_each_sentence_is_read_alone_and_offsets_are_of_the_text(tagger: EnglishTagger) -> None:
    text = "call me tomorrow. 👍🏽 and mute the radio until noon."
    reading = tagger.read([text])[0]
    found = spoken_dates.shipped().find(text, reading)
    assert next(text[one.begin : one.end] for one in found) == "tomorrow"
    assert text[found[-1].begin : found[-1].end].endswith("noon")
    assert all(0 < one.score <= 1 for one in found)


def test_a_model_without_knowledge_finds_no_dates(tagger: EnglishTagger) -> None:
    table = np.zeros((spoken_dates.BUCKETS, len(spoken_dates.LABELS)), np.float32)
    table[:, 0] = 1
    text = "wake me at seven"
    assert spoken_dates.SpokenDates(table, 1.0).find(text, tagger.read([text])[0]) == []
