"""Mentions that mean the same stand together, and each has its own sentiment."""

from __future__ import annotations

import pytest
from botocore.session import Session

from clary.engines.text.contract import ENTITY_TYPES, Entity, SyntaxToken, Target
from clary.engines.text.opinions import Mentioned
from clary.engines.text.targets import given, nominal, targets

GOOD, BAD, PLAIN = (0.9, 0.05, 0.05), (0.05, 0.9, 0.05), (0.1, 0.1, 0.8)


def entity(text: str, piece: str, kind: str = "PERSON", start: int = 0) -> Entity:
    begin = text.index(piece, start)
    return {"type": kind, "text": piece, "begin": begin, "end": begin + len(piece), "score": 0.9}


def mentioned(text: str, *pieces: str, feelings: tuple[float, float, float] = PLAIN) -> list[Mentioned]:
    found, at = [], 0
    for piece in pieces:
        at = text.index(piece, at)
        found.append(Mentioned(at, at + len(piece), 0.8, feelings))
        at += len(piece)
    return found


def texts_of(found: list[Target]) -> list[list[str]]:
    return [[mention["text"] for mention in target["mentions"]] for target in found]


def test_a_surname_and_a_pronoun_mean_the_person_named_before() -> None:
    text = "Ana Diaz wrote it. Diaz is happy, and she smiles."
    entities = [entity(text, "Ana Diaz"), entity(text, "Diaz", start=10)]
    found = targets(text, mentioned(text, "Ana Diaz", "Diaz", "she"), entities)
    assert texts_of(found) == [["Ana Diaz", "Diaz", "she"]]
    assert found[0]["descriptive"] == [0]
    assert found[0]["mentions"][1]["group_score"] == 0.5
    assert {mention["type"] for mention in found[0]["mentions"]} == {"PERSON"}


def test_a_pronoun_between_two_candidates_is_half_as_sure() -> None:
    text = "Ana met Eva. She left."
    entities = [entity(text, "Ana"), entity(text, "Eva")]
    found = targets(text, mentioned(text, "Ana", "Eva", "She"), entities)
    assert texts_of(found) == [["Ana"], ["Eva", "She"]]
    assert found[1]["mentions"][1]["group_score"] == 0.5


def test_she_never_means_a_thing_and_it_never_a_person() -> None:
    text = "The camera broke. She cried. It was new."
    found = targets(text, mentioned(text, "camera", "She", "It"), [])
    assert texts_of(found) == [["camera", "It"], ["She"]]


def test_somebody_without_a_name_is_a_person_of_their_own() -> None:
    text = "He was late, and his train was full. It rained."
    (found,) = targets(text, mentioned(text, "He", "his", "It"), [])
    assert [mention["text"] for mention in found["mentions"]] == ["He", "his"]
    assert {mention["type"] for mention in found["mentions"]} == {"PERSON"}
    assert found["descriptive"] == [0]


def test_a_pronoun_three_sentences_on_means_nothing() -> None:
    text = "The camera broke. I cried. I slept. I ate. It rained."
    assert texts_of(targets(text, mentioned(text, "camera", "It"), [])) == [["camera"]]


def test_what_is_judged_has_a_type() -> None:
    text = "The waiter of Roma was rude, the pasta cold."
    found = targets(text, mentioned(text, "waiter", "Roma", "pasta"), [entity(text, "Roma", "ORGANIZATION")])
    assert [target["mentions"][0]["type"] for target in found] == ["PERSON", "ORGANIZATION", "ATTRIBUTE"]


def test_the_head_of_a_mention_says_whether_it_is_a_person() -> None:
    text = "The receptionist, the staff of the hotel and my driver's license number."
    found = targets(text, mentioned(text, "receptionist", "staff of the hotel", "driver's license number"), [])
    assert [target["mentions"][0]["type"] for target in found] == ["PERSON", "PERSON", "ATTRIBUTE"]


def test_a_part_of_a_date_is_the_date_once() -> None:
    text = "We meet on 12 May 2024 with Ana."
    entities = [entity(text, "12 May 2024", "DATE"), entity(text, "Ana")]
    found = targets(text, mentioned(text, "12 May", "2024", "Ana"), entities)
    assert [(one["text"], one["type"]) for target in found for one in target["mentions"]] == [
        ("12 May 2024", "DATE"),
        ("Ana", "PERSON"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I read Emma in a week.", "BOOK"),
        ("We watched Emma at the cinema.", "MOVIE"),
        ("Emma is the best song of the album.", "MUSIC"),
        ("I played Emma on my Xbox.", "GAME"),
        ("Emma crashes since the last update.", "SOFTWARE"),
        ("I like Emma.", "OTHER"),
    ],
)
def test_a_work_is_of_the_kind_that_the_words_around_tell(text: str, expected: str) -> None:
    (found,) = targets(text, mentioned(text, "Emma"), [entity(text, "Emma", "TITLE")])
    assert found["mentions"][0]["type"] == expected


def test_every_type_is_one_of_the_api() -> None:
    api = Session().get_service_model("comprehend").shape_for("TargetedSentimentEntityType").enum
    for kind in ENTITY_TYPES:
        for around in ("read", "watched", "sang", "played", "installed", "saw"):
            text = f"I {around} Emma and she liked it."
            found = targets(text, mentioned(text, "Emma", "she", "it"), [entity(text, "Emma", kind)])
            assert {one["type"] for target in found for one in target["mentions"]} <= set(api)


def test_he_and_she_mean_those_whose_gender_fits() -> None:
    text = "John told Mary that he would call her. The nurse was kind. She helped my father, and he slept."
    entities = [entity(text, "John"), entity(text, "Mary")]
    found = targets(text, mentioned(text, "John", "Mary", "he", "her", "nurse", "She", "father", "he"), entities)
    assert texts_of(found) == [["John", "he"], ["Mary", "her"], ["nurse", "She"], ["father", "he"]]


def test_a_nurse_who_was_she_is_not_he() -> None:
    text = "The nurse was kind. She smiled, and he felt better."
    assert texts_of(targets(text, mentioned(text, "nurse", "She", "he"), [])) == [["nurse", "She"], ["he"]]


def test_it_means_the_hotel_and_not_the_town_it_stands_in() -> None:
    text = "We stayed at the Adlon in Berlin. It was expensive."
    entities = [entity(text, "Adlon", "LOCATION"), entity(text, "Berlin", "LOCATION")]
    found = targets(text, mentioned(text, "Adlon", "Berlin", "It"), entities)
    assert texts_of(found) == [["Adlon", "It"], ["Berlin"]]


def test_they_are_several_and_it_is_one() -> None:
    text = "The table was taken and they laughed. The shoes hurt, and it rained. The hotel is full. They know."
    found = targets(text, mentioned(text, "table", "they", "shoes", "it", "hotel", "They"), [])
    assert texts_of(found) == [["table", "it"], ["shoes"], ["hotel", "They"]]


def test_what_a_sentence_is_about_is_meant_before_what_a_preposition_governs() -> None:
    text = "The app crashes on my phone . I deleted it ."
    words = tagged(text, "DET NOUN VERB ADP PRON NOUN PUNCT PRON VERB PRON PUNCT")
    assert texts_of(targets(text, mentioned(text, "app", "phone", "it"), [], words)) == [["app", "it"], ["phone"]]


def test_she_is_who_won_rather_than_who_lost() -> None:
    text = "Serena beat Maria . She smiled ."
    entities = [entity(text, "Serena"), entity(text, "Maria")]
    words = tagged(text, "PROPN VERB PROPN PUNCT PRON VERB PUNCT")
    assert texts_of(targets(text, mentioned(text, "Serena", "Maria", "She"), entities, words)) == [
        ["Serena", "She"],
        ["Maria"],
    ]


def test_what_a_verb_acts_upon_is_not_its_subject() -> None:
    text = "The game is old . Acme updates it ."
    words = tagged(text, "DET NOUN AUX ADJ PUNCT PROPN VERB PRON PUNCT")
    found = targets(text, mentioned(text, "game", "Acme", "it"), [entity(text, "Acme", "ORGANIZATION")], words)
    assert texts_of(found) == [["game", "it"], ["Acme"]]


def test_it_may_mean_any_noun_but_nothing_in_it_is_easy_to() -> None:
    text = "The pizza was cold . It came late . It is easy to see why ."
    words = tagged(text, "DET NOUN AUX ADJ PUNCT PRON VERB ADV PUNCT PRON AUX ADJ PART VERB ADV PUNCT")
    assert given(text, [], words) == [(21, 23)]


def test_mentions_are_whole_words_that_do_not_overlap() -> None:
    text = "the #iphone rocks"
    words = tagged(text, "DET PROPN VERB")
    found = nominal([Mentioned(4, 5, 0.9, PLAIN), Mentioned(5, 11, 0.8, PLAIN)], words, [])
    assert [text[one.begin : one.end] for one in found] == ["#iphone"]
    found = nominal([Mentioned(4, 5, 0.9, PLAIN), Mentioned(5, 11, 1.0, PLAIN)], words, [(5, 11)])
    assert [text[one.begin : one.end] for one in found] == ["iphone"]


def test_as_good_as_bad_is_mixed_and_scores_sum_to_one() -> None:
    text = "pasta"
    for feelings, expected in ((GOOD, "positive"), (BAD, "negative"), (PLAIN, "neutral"), ((0.5, 0.5, 0.0), "mixed")):
        (target,) = targets(text, mentioned(text, "pasta", feelings=feelings), [])
        sentiment = target["mentions"][0]["sentiment"]
        assert sentiment["sentiment"] == expected
        assert abs(sum(sentiment["scores"].values()) - 1) < 1e-9


def test_it_is_given_only_after_something_it_can_mean_and_she_always() -> None:
    text = "It rained. She saw the Tagus and loved it."
    spans = [text[begin:end] for begin, end in given(text, [entity(text, "Tagus", "LOCATION")])]
    assert spans == ["Tagus", "She", "it"]


@pytest.mark.parametrize(
    ("text", "name", "kind", "expected"),
    [
        ("We met Mr. Alves there.", "Alves", "PERSON", "Mr. Alves"),
        ("We met President Alves there.", "Alves", "PERSON", "President Alves"),
        ("We met Dr Alves there.", "Alves", "PERSON", "Dr Alves"),
        ("We met in President Alves there.", "Alves", "LOCATION", "Alves"),
        ("We met XMr. Alves there.", "Alves", "PERSON", "Alves"),
    ],
)
def test_how_a_person_is_addressed_belongs_to_the_mention(text: str, name: str, kind: str, expected: str) -> None:
    ((begin, end),) = given(text, [entity(text, name, kind)])
    assert text[begin:end] == expected


def tagged(text: str, tags: str) -> list[SyntaxToken]:
    found: list[SyntaxToken] = []
    at = 0
    for piece, tag in zip(text.split(), tags.split(), strict=True):
        at = text.index(piece, at)
        found.append({"text": piece, "begin": at, "end": at + len(piece), "tag": tag, "score": 1.0})
        at += len(piece)
    return found


@pytest.mark.parametrize(
    ("text", "tags", "expected"),
    [
        ("third man who was with Battle and", "ADJ NOUN PRON AUX ADP PROPN CCONJ", ["third man"]),
        ("lawyers plan to file a complaint", "NOUN VERB PART VERB DET NOUN", ["lawyers"]),
        ("and the bottle of wine with", "CCONJ DET NOUN ADP NOUN ADP", ["the bottle of wine"]),
        ("eggs served with onions", "NOUN VERB ADP NOUN", ["eggs served with onions"]),
        ("was", "AUX", []),
        ("served", "VERB", ["served"]),
        ("Call", "VERB", []),
        ("14 / 02", "NUM SYM NUM", []),
        ("Italian", "ADJ", []),
        ("Hi", "INTJ", []),
        (", -", "PUNCT PUNCT", []),
    ],
)
def test_a_mention_holds_only_what_names_something(text: str, tags: str, expected: list[str]) -> None:
    whole = [Mentioned(0, len(text), 0.8, PLAIN)]
    found = nominal(whole, tagged(text, tags), [])
    assert [text[one.begin : one.end] for one in found] == expected
    assert nominal(whole, tagged(text, tags), [(0, len(text))]) == whole
