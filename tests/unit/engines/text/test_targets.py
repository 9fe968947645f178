"""Mentions that mean the same stand together, and each has its own sentiment."""

from __future__ import annotations

import pytest

from clary.engines.text.contract import Entity, SyntaxToken, Target
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
        (", -", "PUNCT PUNCT", []),
    ],
)
def test_a_mention_holds_only_what_names_something(text: str, tags: str, expected: list[str]) -> None:
    whole = [Mentioned(0, len(text), 0.8, PLAIN)]
    found = nominal(whole, tagged(text, tags), [])
    assert [text[one.begin : one.end] for one in found] == expected
    assert nominal(whole, tagged(text, tags), [(0, len(text))]) == whole
