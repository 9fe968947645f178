"""Adapters: what is learned from a user's labelled papers about how questions are answered on papers like them.

For each question an adapter keeps what named its answers on the labelled pages, where they stood and what they looked
like. On a new page every candidate is scored by these and by the question's own words; how much each counts was chosen
for each question by leaving out one labelled page after the other.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev
from typing import Any

from clary.engines.documents.contract import Box
from clary.engines.documents.queries.answering import score
from clary.engines.documents.queries.candidates import Candidate
from clary.engines.documents.queries.terms import terms_of, wanted_by
from clary.engines.documents.understanding import Passage
from clary.engines.refusals import Refused

FORMAT = "clary-documents-adapter-1"
WEIGHTS = (
    (0.4, 0.35, 0.15, 0.1),
    (0.2, 0.5, 0.2, 0.1),
    (0.1, 0.3, 0.5, 0.1),
    (0.6, 0.2, 0.1, 0.1),
    (0.1, 0.6, 0.1, 0.2),
    (0.25, 0.25, 0.25, 0.25),
)
"""How much the question's words, the learned names, the place and the looks may count."""
LEAST_SPREAD = 0.03
"""Of a place, as a ratio of the page: papers are scanned a little askew."""


@dataclass(frozen=True, slots=True)
class LabelledAnswer:
    """What a labelled page answers to a question.

    Attributes:
        question: its text.
        text: the answer; empty where the page has none.
        box: where it stands, where that is known.
    """

    question: str
    text: str
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class LabelledPage:
    """A labelled page.

    Attributes:
        candidates: everything on it that could be an answer.
    """

    candidates: tuple[Candidate, ...]
    answers: tuple[LabelledAnswer, ...]


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned about one question.

    Attributes:
        names: how often each term named an answer, 0 to 1.
        place: middle across and down of the answers, as ratios of the page, and the spread of each.
        looks: means of `looks_of`.
        weights: of the question's words, the names, the place and the looks.
        threshold: of the score, below which a page has no answer.
        examples: how many answers were seen.
    """

    question: str
    names: dict[str, float]
    place: tuple[float, float, float, float]
    looks: tuple[float, ...]
    weights: tuple[float, ...]
    threshold: float
    examples: int


def learn(pages: Sequence[LabelledPage]) -> bytes:
    """Learns an adapter.

    Args:
        pages: labelled; two or more for each question are needed to choose what counts.

    Returns:
        Its state.

    Raises:
        Refused: bad-adapter-examples, when no answer stands on the page it is given for.
    """
    questions = list(dict.fromkeys(answer.question for page in pages for answer in page.answers))
    learned = [found for question in questions if (found := _learn_question(question, pages)) is not None]
    if not learned:
        raise Refused(
            "bad-adapter-examples", "None of the labelled answers was found on its page", questions=len(questions)
        )
    return json.dumps({"format": FORMAT, "questions": [_plain(one) for one in learned]}).encode()


def load(state: bytes) -> dict[str, Learned]:
    """Reads an adapter's state.

    Returns:
        What was learned, by the question's text.

    Raises:
        Refused: bad-adapter.
    """
    try:
        value = json.loads(state)
        if value["format"] != FORMAT:
            raise ValueError(value["format"])
        return {
            one["question"]: Learned(
                one["question"],
                dict(one["names"]),
                tuple(one["place"]),
                tuple(one["looks"]),
                tuple(one["weights"]),
                one["threshold"],
                one["examples"],
            )
            for one in value["questions"]
        }
    except (ValueError, KeyError, TypeError) as error:
        raise Refused("bad-adapter", f"The adapter's state cannot be read: {error}") from error


def adapted_answer(learned: Learned, question: str, candidates: Sequence[Candidate]) -> Passage | None:
    """What a page answers to a question that an adapter has learned; None where it has no answer."""
    best = max(candidates, key=lambda one: _total(one, learned, question), default=None)
    if best is None:
        return None
    total = _total(best, learned, question)
    if total < learned.threshold:
        return None
    value = best.value
    return Passage(value.text, value.box, min(0.99, total) * value.confidence, value.words)


def _plain(one: Learned) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Learned.__slots__}


def _learn_question(question: str, pages: Sequence[LabelledPage]) -> Learned | None:
    labelled: list[tuple[LabelledPage, Candidate | None]] = []
    for page in pages:
        for answer in page.answers:
            if answer.question == question:
                labelled.append((page, _candidate_of(answer, page.candidates)))
    positives = [candidate for _, candidate in labelled if candidate is not None]
    if not positives:
        return None
    weights = max(WEIGHTS, key=lambda one: _left_out(question, labelled, one))
    learned = _summed_up(question, positives, weights)
    totals = [_total(candidate, learned, question) for candidate in positives]
    threshold = max(0.15, 0.6 * min(totals))
    return Learned(question, learned.names, learned.place, learned.looks, weights, threshold, len(positives))


def _candidate_of(answer: LabelledAnswer, candidates: Sequence[Candidate]) -> Candidate | None:
    """The candidate that is the labelled answer: the same text, the nearest place, the surest name."""
    wanted = _bare(answer.text)
    same = [candidate for candidate in candidates if wanted and _bare(candidate.value.text) == wanted]
    if not same:
        return None

    def distance(candidate: Candidate) -> tuple[float, float]:
        if answer.box is None:
            return 0.0, -candidate.trust * len(candidate.names)
        (x, y), (u, v) = candidate.value.box.centre, answer.box.centre
        return round(math.hypot(x - u, y - v), 2), -candidate.trust

    return min(same, key=distance)


def _bare(text: str) -> str:
    return "".join(character for character in text.lower() if character.isalnum())


def _left_out(
    question: str, labelled: Sequence[tuple[LabelledPage, Candidate | None]], weights: tuple[float, ...]
) -> float:
    """How many labelled pages are answered rightly by what is learned from the others."""
    right = 0
    for place, (page, candidate) in enumerate(labelled):
        if candidate is None:
            continue
        others = [other for at, (_, other) in enumerate(labelled) if at != place and other is not None] or [candidate]
        learned = _summed_up(question, others, weights)
        best = max(page.candidates, key=lambda one: _total(one, learned, question))
        right += _bare(best.value.text) == _bare(candidate.value.text)
    return right


def _summed_up(question: str, positives: Sequence[Candidate], weights: tuple[float, ...]) -> Learned:
    names: dict[str, float] = {}
    for candidate in positives:
        for term in set(candidate.names) | set(candidate.around):
            names[term] = names.get(term, 0.0) + 1 / len(positives)
    across = [candidate.value.box.centre[0] for candidate in positives]
    down = [candidate.value.box.centre[1] for candidate in positives]
    place = (fmean(across), fmean(down), pstdev(across) + LEAST_SPREAD, pstdev(down) + LEAST_SPREAD)
    shapes = [looks_of(candidate.value.text) for candidate in positives]
    looks = tuple(fmean(column) for column in zip(*shapes, strict=True))
    return Learned(question, names, place, looks, weights, 0.0, len(positives))


def looks_of(text: str) -> tuple[float, ...]:
    """What a value looks like: shares of digits, letters, capitals and signs, and its length; each 0 to 1."""
    size = max(1, len(text))
    return (
        sum(character.isdigit() for character in text) / size,
        sum(character.isalpha() for character in text) / size,
        sum(character.isupper() for character in text) / size,
        sum(not character.isalnum() and not character.isspace() for character in text) / size,
        min(1.0, len(text) / 40),
        min(1.0, len(text.split()) / 8),
    )


def _total(candidate: Candidate, learned: Learned, question: str) -> float:
    """How well a candidate answers by what was learned, about 0 to 1."""
    own = min(1.0, score(terms_of(question), wanted_by(question), candidate))
    terms = set(candidate.names) | set(candidate.around)
    hit = sum(learned.names.get(term, 0.0) for term in terms)
    most = sum(learned.names.values())
    norm = math.sqrt(max(1e-9, sum(value * value for value in learned.names.values()))) * math.sqrt(max(1, len(terms)))
    named = 0.5 * min(1.0, hit / norm) + 0.5 * min(1.0, hit / most) if most > 0 else 0.0
    (x, y), (mean_x, mean_y, spread_x, spread_y) = candidate.value.box.centre, learned.place
    near = math.exp(-0.5 * (((x - mean_x) / spread_x) ** 2 + ((y - mean_y) / spread_y) ** 2) / 4)
    shape = looks_of(candidate.value.text)
    alike = max(0.0, 1.0 - 1.5 * math.dist(shape, learned.looks))
    parts = (own, named, near, alike)
    return sum(weight * part for weight, part in zip(learned.weights, parts, strict=True))
