"""Key phrases from the words and phrases that a tagger found."""

import pytest

from clary.engines.text.key_phrases import key_phrases
from clary.engines.text.labels import Span
from clary.engines.text.words import words


def phrases_of(text: str, tags: str, *spans: tuple[int, int]) -> list[str]:
    found = key_phrases(text, words(text, "en"), tags.split(), [Span(*span, "PHRASE", 0.9) for span in spans])
    assert all(text[one["begin"] : one["end"]] == one["text"] for one in found)
    return [one["text"] for one in found]


def test_signs_and_conjunctions_at_the_edges_belong_to_no_phrase() -> None:
    assert phrases_of("Suite 300, and", "NOUN NUM PUNCT CCONJ", (0, 4)) == ["Suite 300"]
    assert phrases_of("- the dog", "PUNCT DET NOUN", (0, 3)) == ["the dog"]
    assert phrases_of("salt and pepper", "NOUN CCONJ NOUN", (0, 3)) == ["salt and pepper"]


@pytest.mark.parametrize(
    ("text", "tags"), [("Its", "PRON"), ("the", "DET"), ("- ,", "PUNCT PUNCT"), ("of it", "ADP PRON")]
)
def test_little_words_alone_are_no_phrase(text: str, tags: str) -> None:
    assert phrases_of(text, tags, (0, len(tags.split()))) == []


def test_a_phrase_ends_with_its_short_line() -> None:
    assert phrases_of("Liverpool L3\nDate", "PROPN NOUN NOUN", (0, 3)) == ["Liverpool L3", "Date"]


def test_a_phrase_goes_on_where_a_page_breaks_its_line() -> None:
    begin = "It has been a long time since anybody here has seen the old\n"
    text = begin + "harbour"
    assert phrases_of(text, "PRON AUX AUX DET ADJ NOUN SCONJ PRON ADV AUX VERB DET ADJ NOUN", (11, 14)) == [
        "the old\nharbour"
    ]
