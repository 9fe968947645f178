import time
from itertools import pairwise

import pytest

from clary.engines.text.words import LANGUAGES, sentences, words


def pieces(text: str, language: str = "en") -> list[str]:
    return [word.text for word in words(text, language)]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "I don't know Mr. Smith's dog.", ["I", "do", "n't", "know", "Mr.", "Smith", "'s", "dog", "."]),
        ("en", "We cannot, can\u2019t we?", ["We", "can", "not", ",", "ca", "n\u2019t", "we", "?"]),
        ("en", "O'Brien paid $3.50 at 8:30 a.m.", ["O'Brien", "paid", "$", "3.50", "at", "8:30", "a.m."]),
        ("en", "@ann see https://a.example/x, #now", ["@ann", "see", "https://a.example/x", ",", "#now"]),
        ("en", "Amazon.com, in Shop.co.uk/a.", ["Amazon.com", ",", "in", "Shop.co.uk/a", "."]),
        ("en", "Ann 's dog did n't; the 's' is", ["Ann", "'s", "dog", "did", "n't", ";", "the", "'", "s", "'", "is"]),
        ("en", "George W. Bush has plan B. too", ["George", "W.", "Bush", "has", "plan", "B", ".", "too"]),
        ("en", "AT&T re-sent e-mails twenty-one", ["AT&T", "re-sent", "e-mails", "twenty", "-", "one"]),
        ("en", "Dont mint 7:30PM or 5pm", ["Do", "nt", "mint", "7:30", "PM", "or", "5", "pm"]),
        ("en", "404-449-1026, 7-4-2001, 3-4", ["404-449-1026", ",", "7-4-2001", ",", "3", "-", "4"]),
        ("en", "Done.it works.No", ["Done", ".", "it", "works", ".", "No"]),
        ("fr", "Qu'est-ce que l'eau dit-il ?", ["Qu'", "est", "-ce", "que", "l'", "eau", "dit", "-il", "?"]),
        ("it", "dell'acqua e un po' d'amore", ["dell'", "acqua", "e", "un", "po'", "d'", "amore"]),
        ("pt", "Tornou-se R$ 10 mais caro", ["Tornou-se", "R$", "10", "mais", "caro"]),
        ("de", "Dr. Müller fährt z.B. 5 km.", ["Dr.", "Müller", "fährt", "z.B.", "5", "km", "."]),
        ("es", "¿Dónde está la casa?", ["¿", "Dónde", "está", "la", "casa", "?"]),
        ("ja", "日本 は", ["日本", "は"]),
    ],
)
def test_words_are_split_as_the_language_splits_them(language: str, text: str, expected: list[str]) -> None:
    assert pieces(text, language) == expected


@pytest.mark.parametrize(
    "text", ["", " ", "x", "\u0301", "👩‍👩‍👧 fine", "e\u0301ric", "مرحبا بالعالم", "a\x00b\tc", "\u202eabc"]
)
def test_words_stand_where_they_say_and_leave_only_whitespace(text: str) -> None:
    for language in LANGUAGES:
        found = words(text, language)
        assert all(text[word.begin : word.end] == word.text for word in found)
        assert [a.end <= b.begin for a, b in pairwise(found)] == [True] * max(0, len(found) - 1)
        assert "".join(word.text for word in found).split() == "".join(text.split()).split()


def test_a_combining_mark_stays_with_its_letter() -> None:
    assert pieces("Cafe\u0301 noir") == ["Cafe\u0301", "noir"]


def test_an_abbreviation_does_not_end_a_sentence_but_an_empty_line_does() -> None:
    text = "Mr. Smith went home. He slept!\n\nA title\n\nEnd"
    assert [text[begin:end] for begin, end in sentences(text, "en")] == [
        "Mr. Smith went home.", "He slept!", "A title", "End",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "unit",
    ["a", "1", ".", "a.", "1.", "-", "a-", "'", "n't", " 's", "nt", "A&", "1-", "re-", "A. ", "@", "a@", "#", "\u0301",
     "(", "\n", "! A"],
)  # fmt: skip
@pytest.mark.parametrize("language", ["en", "fr", "it"])
def test_hostile_text_is_split_in_time_proportional_to_its_length(unit: str, language: str) -> None:
    def seconds(characters: int) -> float:
        text = unit * (characters // len(unit))
        tries = []
        for _ in range(3):  # the least is the work itself, without a collection of garbage in between
            start = time.process_time()
            words(text, language)
            sentences(text, language)
            tries.append(time.process_time() - start)
        return min(tries)

    assert seconds(40_000) < 8 * seconds(10_000) + 0.5  # four times is linear, sixteen quadratic
