"""The taggers that Clary ships, on sentences of no training set."""

import numpy as np
import pytest

from clary.engines.refusals import Refused
from clary.engines.text import times_and_amounts
from clary.engines.text.contract import ENTITY_TYPES, PARTS_OF_SPEECH, UNSUPPORTED_LANGUAGE
from clary.engines.text.english_tagger import EnglishTagger
from clary.engines.text.linguist import Linguist
from clary.engines.text.personal_data import TYPES

STRANGE = [
    "",
    " ",
    "\n\n\t",
    "x",
    "é",
    "\u0301\u0301",
    "👩‍👩‍👧👍🏽",
    "مرحبا بالعالم",
    "a\x00b\x07c",
    "\u202eabc\u202c",
    "a" * 100_000,
    "界" * 33_000,
    ". " * 500,
    "@#$%^&*()_+",
]


@pytest.fixture(scope="module")
def linguist() -> Linguist:
    return Linguist(EnglishTagger.load(threads=1))


def test_persons_places_and_organizations_are_found_where_they_stand(linguist: Linguist) -> None:
    text = "Angela Merkel met the head of Siemens in Berlin on 3 May 2019."
    (found,) = linguist.entities([text], "en")
    assert {(one["text"], one["type"]) for one in found} >= {
        ("Angela Merkel", "PERSON"),
        ("Siemens", "ORGANIZATION"),
        ("Berlin", "LOCATION"),
        ("3 May 2019", "DATE"),
    }
    assert all(text[one["begin"] : one["end"]] == one["text"] and 0 < one["score"] <= 1 for one in found)


def test_offsets_count_characters_behind_emoji_and_combining_marks(linguist: Linguist) -> None:
    text = "👩‍👩‍👧 Cafe\u0301! John Smith lives in London."
    (found,) = linguist.entities([text], "en")
    assert ("John Smith", "PERSON") in {(text[one["begin"] : one["end"]], one["type"]) for one in found}


def test_amounts_are_found_with_their_currency_and_in_a_text_without_capitals(linguist: Linguist) -> None:
    (found,) = linguist.entities(["It costs $3.5 million and 12% more."], "en")
    assert [(one["text"], one["type"]) for one in found] == [("$3.5 million", "QUANTITY"), ("12%", "QUANTITY")]
    (found,) = linguist.entities(["wake me up tomorrow"], "en")
    assert ("tomorrow", "DATE") in {(one["text"], one["type"]) for one in found}


def test_an_identifier_is_one_entity_and_no_amount(linguist: Linguist) -> None:
    text = "Card 1111-0000-1111-0008, account XXXXXX1111, mail ann.lee@shop.com or 555-123-4567 on 2024-06-03."
    (found,) = linguist.entities([text], "en")
    others = ["1111-0000-1111-0008", "XXXXXX1111", "ann.lee@shop.com", "555-123-4567"]
    assert [one["text"] for one in found if one["type"] == "OTHER"] == others
    assert ("2024-06-03", "DATE") in {(one["text"], one["type"]) for one in found}
    assert not [one for one in found if one["type"] == "QUANTITY"]


@pytest.mark.parametrize(
    "number",
    [
        "(415) 555-2671",
        "+351 21 555 0182",
        "+1 (206) 555-0142",
        "943 476 5919",
        "4111 1111 1111 1111",
        "GB29 NWBK 6016 1331 9268 19",
        "10.0.0.15",
        "00:1A:2B:3C:4D:5E",
    ],
)
def test_a_number_in_groups_is_one_entity_and_not_several_amounts(linguist: Linguist, number: str) -> None:
    (found,) = linguist.entities([f"We use {number} since 12.05.2021 and paid 1,200 euros."], "en")
    assert [(one["text"], one["type"]) for one in found] == [
        (number, "OTHER"),
        ("12.05.2021", "DATE"),
        ("1,200 euros", "QUANTITY"),
    ]


def test_the_legal_form_belongs_to_a_company_s_name(linguist: Linguist) -> None:
    text = "Holland & Hart, LLP sued Siemens AG. It also sued Marvel Consultants, Inc. in Chicago."
    (found,) = linguist.entities([text], "en")
    names = [one["text"] for one in found if one["type"] == "ORGANIZATION"]
    assert names == ["Holland & Hart, LLP", "Siemens AG", "Marvel Consultants, Inc."]
    (found,) = linguist.entities(["IBM, Coca-Cola and Microsoft, Cohen said, agree."], "en")
    assert all(not one["text"].endswith((", Co", ",")) for one in found)


def test_key_phrases_are_noun_phrases_with_what_stands_before_the_noun(linguist: Linguist) -> None:
    (found,) = linguist.key_phrases(["The quick brown fox jumped over the lazy dog."], "en")
    assert [one["text"] for one in found] == ["The quick brown fox", "the lazy dog"]


@pytest.mark.parametrize(
    ("language", "text", "tags"),
    [
        ("en", "She did not see the dog.", ["PRON", "AUX", "PART", "VERB", "DET", "NOUN", "PUNCT"]),
        ("es", "El perro come la carne.", ["DET", "NOUN", "VERB", "DET", "NOUN", "PUNCT"]),
        ("fr", "Le chat mange la souris.", ["DET", "NOUN", "VERB", "DET", "NOUN", "PUNCT"]),
        ("de", "Der Mann kauft ein Haus.", ["DET", "NOUN", "VERB", "DET", "NOUN", "PUNCT"]),
        ("it", "La donna legge un libro.", ["DET", "NOUN", "VERB", "DET", "NOUN", "PUNCT"]),
        ("pt", "O menino comprou um livro.", ["DET", "NOUN", "VERB", "DET", "NOUN", "PUNCT"]),
    ],
)
def test_words_get_their_parts_of_speech_in_six_languages(
    linguist: Linguist, language: str, text: str, tags: list[str]
) -> None:
    (found,) = linguist.syntax([text], language)
    assert [one["tag"] for one in found] == tags
    assert all(0 < one["score"] <= 1 and text[one["begin"] : one["end"]] == one["text"] for one in found)


def test_key_phrases_are_found_in_german(linguist: Linguist) -> None:
    (found,) = linguist.key_phrases(["Der alte Mann kauft ein großes Haus."], "de")
    assert [one["text"] for one in found] == ["Der alte Mann", "ein großes Haus"]


def test_names_and_addresses_are_personal_data(linguist: Linguist) -> None:
    text = "My name is Maria Gonzalez and I live at 12 Oak Street, Springfield."
    (found,) = linguist.personal_data([text], "en")
    assert [(one["type"], text[one["begin"] : one["end"]]) for one in found] == [
        ("NAME", "Maria Gonzalez"),
        ("ADDRESS", "12 Oak Street, Springfield"),
    ]


def test_several_questions_about_one_text_look_for_its_dates_once(linguist: Linguist) -> None:
    text = "She paid $300 on the fourth of March 2023 in Rome."
    times_and_amounts.find.cache_clear()
    linguist.entities([text], "en")
    linguist.entities([text], "en")
    linguist.personal_data([text], "en")
    assert times_and_amounts.find.cache_info().misses == 1


def test_signs_and_a_small_letter_name_nobody(linguist: Linguist) -> None:
    text = "😀 Ana in Paris"
    assert [one["text"] for one in linguist.entities([text], "en")[0]] == ["Ana", "Paris"]
    assert [text[one["begin"] : one["end"]] for one in linguist.personal_data([text], "en")[0]] == ["Ana"]
    assert linguist.entities(["b", "x"], "en") == [[], []]


@pytest.mark.parametrize("text", STRANGE)
def test_strange_texts_have_answers_within_the_text(linguist: Linguist, text: str) -> None:
    for found in (linguist.entities([text], "en")[0], linguist.key_phrases([text], "en")[0]):
        assert all(0 <= one["begin"] < one["end"] <= len(text) for one in found)
    assert {one["type"] for one in linguist.entities([text], "en")[0]} <= set(ENTITY_TYPES)
    assert {one["type"] for one in linguist.personal_data([text], "en")[0]} <= set(TYPES)
    for language in ("en", "es", "de"):
        tokens = linguist.syntax([text], language)[0]
        assert {one["tag"] for one in tokens} <= set(PARTS_OF_SPEECH)
        assert all(text[one["begin"] : one["end"]] == one["text"] for one in tokens)


def test_a_text_is_read_alike_alone_and_among_others(linguist: Linguist) -> None:
    text = "Ana Lopez works for Contoso in Madrid."
    fresh = Linguist(EnglishTagger.load(threads=1))
    alone = fresh.entities([text], "en")[0]
    among = linguist.entities(["Short.", text, "A much longer sentence about nothing " * 9, text], "en")
    assert [one["text"] for one in among[1]] == [one["text"] for one in alone]
    assert among[1] == among[3]
    assert np.allclose([one["score"] for one in among[1]], [one["score"] for one in alone], atol=0.2)


def test_a_sentence_longer_than_the_model_reads_is_read_to_its_end(linguist: Linguist) -> None:
    text = "and then " * 400 + "Angela Merkel came"
    (found,) = linguist.entities([text], "en")
    assert "Angela Merkel" in {one["text"] for one in found}
    assert len(linguist.syntax([text], "en")[0]) == 803


def test_the_empty_list_has_an_empty_answer(linguist: Linguist) -> None:
    assert linguist.entities([], "en") == []


@pytest.mark.parametrize(
    ("method", "language"),
    [("entities", "es"), ("key_phrases", "ja"), ("syntax", "ar"), ("personal_data", "es"), ("entities", "")],
)
def test_languages_without_a_measured_model_are_refused_by_name(linguist: Linguist, method: str, language: str) -> None:
    with pytest.raises(Refused) as error:
        getattr(linguist, method)(["Hola"], language)
    assert error.value.reason == UNSUPPORTED_LANGUAGE
    assert "en" in error.value.details["languages"]
