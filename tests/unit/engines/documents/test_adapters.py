"""Adapters learned from labelled pages."""

from __future__ import annotations

import json

import pytest

from clary.engines.documents.adapters import LabelledAnswer, LabelledPage, adapted_answer, learn, load
from clary.engines.documents.contract import Page
from clary.engines.documents.forms import find_fields
from clary.engines.documents.queries.candidates import Candidate, candidates_of
from clary.engines.documents.understanding import Passage
from clary.engines.refusals import Refused
from tests.unit.engines.documents.pages_made import page

QUESTION = "Which batch?"


def sheet(batch: str, other: str) -> Page:
    """A page whose words say nothing about batches: only labelled pages tell what is meant."""
    return page(
        [(60, 60, "Mill and Sons"), (60, 120, f"Charge: {batch}"), (60, 140, f"Kiln: {other}"), (60, 200, "Checked")]
    )


def candidates(made: Page) -> list[Candidate]:
    selections, fields = find_fields(made)
    return candidates_of(made, fields, selections, ())


def labelled(batch: str, other: str) -> LabelledPage:
    return LabelledPage(tuple(candidates(sheet(batch, other))), (LabelledAnswer(QUESTION, batch),))


@pytest.fixture(scope="module")
def state() -> bytes:
    return learn([labelled("AX-17", "K-3"), labelled("AX-22", "K-9"), labelled("AX-31", "K-4")])


def test_what_was_labelled_is_found_on_a_new_page(state: bytes) -> None:
    found = adapted_answer(load(state)[QUESTION], QUESTION, candidates(sheet("AX-99", "K-5")))
    assert found is not None
    assert found.text == "AX-99"
    assert 0 < found.confidence <= 1


def test_other_labels_teach_another_answer() -> None:
    pages = [
        LabelledPage(tuple(candidates(sheet(batch, other))), (LabelledAnswer(QUESTION, other),))
        for batch, other in (("AX-17", "K-3"), ("AX-22", "K-9"), ("AX-31", "K-4"))
    ]
    found = adapted_answer(load(learn(pages))[QUESTION], QUESTION, candidates(sheet("AX-99", "K-5")))
    assert found is not None
    assert found.text == "K-5"


def test_a_page_of_another_kind_has_no_answer(state: bytes) -> None:
    other = page([(300, 600, "the quick brown fox jumps over the lazy dog and rests in the shade of a tree")])
    assert adapted_answer(load(state)[QUESTION], QUESTION, candidates(other)) is None


def test_labels_that_stand_nowhere_on_their_pages_are_refused() -> None:
    lost = LabelledPage(tuple(candidates(sheet("AX-1", "K-1"))), (LabelledAnswer(QUESTION, "not there"),))
    with pytest.raises(Refused) as refused:
        learn([lost])
    assert refused.value.reason == "bad-adapter-examples"


@pytest.mark.parametrize("state", [b"", b"{}", b"nonsense", json.dumps({"format": "other", "questions": []}).encode()])
def test_a_state_that_was_not_learned_is_refused(state: bytes) -> None:
    with pytest.raises(Refused) as refused:
        load(state)
    assert refused.value.reason == "bad-adapter"


def test_the_place_of_a_label_tells_equal_texts_apart() -> None:
    made = page([(60, 100, "Left: 7"), (60, 400, "Right: 7")])
    every = candidates(made)
    low = [one for one in every if one.value.text == "7" and one.value.box.top > 0.4]
    label = LabelledAnswer(QUESTION, "7", low[0].value.box)
    learned = load(learn([LabelledPage(tuple(every), (label,))]))[QUESTION]
    assert learned.place[1] > 0.4
    found: Passage | None = adapted_answer(learned, QUESTION, every)
    assert found is not None
    assert found.box.top > 0.4
