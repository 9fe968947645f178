"""Events of companies: triggers, and who takes part on which side of them."""

from __future__ import annotations

import pytest

from clary.engines.text.contract import Entity
from clary.engines.text.events import EVENT_TYPES, find_events


def named(text: str, **types: str) -> list[Entity]:
    """Entities of a text: NAME=TYPE, with underscores for spaces."""
    found: list[Entity] = []
    for name, kind in types.items():
        piece = name.replace("_", " ")
        begin = text.index(piece)
        found.append({"type": kind, "text": piece, "begin": begin, "end": begin + len(piece), "score": 1.0})
    return found


def roles(text: str, entities: list[Entity], kind: str) -> dict[str, list[str]]:
    (event,) = find_events(text, entities, [kind])
    assert event["type"] == kind
    told: dict[str, list[str]] = {}
    for part in event["arguments"]:
        told.setdefault(part["role"], []).append(entities[part["entity"]]["text"])
    return told


def test_roles_change_sides_in_the_passive() -> None:
    active, passive = "Acme acquired Brix in 2019.", "Brix was acquired by Acme in 2019."
    for text in (active, passive):
        entities = named(text, Acme="ORGANIZATION", Brix="ORGANIZATION")
        assert roles(text, entities, "CORPORATE_ACQUISITION") == {"INVESTOR": ["Acme"], "INVESTEE": ["Brix"]}


def test_several_take_part_in_a_merger() -> None:
    text = "Acme and Brix agreed to merge on Monday."
    entities = named(text, Acme="ORGANIZATION", Brix="ORGANIZATION", Monday="DATE")
    found = roles(text, entities, "CORPORATE_MERGER")
    assert sorted(found["PARTICIPANT"]) == ["Acme", "Brix"]
    assert found["DATE"] == ["Monday"]


@pytest.mark.parametrize(
    "text", ["Maria bought bread on Sunday.", "The rivers merge here.", "Peter joined us in Rome."]
)
def test_where_no_company_takes_part_nothing_happened(text: str) -> None:
    entities = [one for one in named(text) if one["text"]]
    entities += named(
        text, **({"Maria": "PERSON"} if "Maria" in text else {"Peter": "PERSON"} if "Peter" in text else {})
    )
    assert find_events(text, entities, list(EVENT_TYPES)) == []


def test_only_the_types_that_are_asked_for_are_found_and_sentences_are_kept_apart() -> None:
    text = "Acme went bankrupt. Brix went public."
    entities = named(text, Acme="ORGANIZATION", Brix="ORGANIZATION")
    found = find_events(text, entities, list(EVENT_TYPES))
    assert [(one["type"], [entities[part["entity"]]["text"] for part in one["arguments"]]) for one in found] == [
        ("BANKRUPTCY", ["Acme"]),
        ("IPO", ["Brix"]),
    ]
    assert [one["type"] for one in find_events(text, entities, ["IPO"])] == ["IPO"]
