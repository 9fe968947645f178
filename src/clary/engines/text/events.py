"""Events that companies have: which words tell of one, and who takes part in it in which role.

Triggers are words and phrases written down for each type of event; the entities of the same sentence take the roles of
the type by their own type and by the side of the trigger on which they stand (in the passive the other way round). A
knowledge-based extractor in the manner of the MUC systems (Appelt et al. 1993), not a trained model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, TypedDict

from clary.engines.text.contract import Entity
from clary.engines.text.words import sentences

BEFORE, AFTER, ANY = "before", "after", "any"


@dataclass(frozen=True, slots=True)
class Role:
    """A part in an event.

    Attributes:
        name: AWS's word for it.
        types: of the entities that can play it.
        side: of the trigger on which they stand in the active voice.
        several: whether more than the nearest one can.
        turns: whether the side changes in the passive.
    """

    name: str
    types: tuple[str, ...]
    side: str = ANY
    several: bool = False
    turns: bool = True


@dataclass(frozen=True, slots=True)
class EventType:
    """A type of event: its triggers as regular expressions, and its roles."""

    triggers: tuple[str, ...]
    roles: tuple[Role, ...]


_COMPANY: Final = ("ORGANIZATION",)
_ACTOR: Final = ("ORGANIZATION", "PERSON")
_DATE: Final = Role("DATE", ("DATE",))
_MONEY: Final = Role("AMOUNT", ("QUANTITY",))
_OFFERING: Final = (
    Role("OFFEROR", _COMPANY, ANY),
    Role("OFFERING_AMOUNT", ("QUANTITY",)),
    Role("OFFERING_DATE", ("DATE",)),
)

EVENT_TYPES: Final[Mapping[str, EventType]] = {
    "BANKRUPTCY": EventType(
        (
            r"fil(?:ed|es|ing) for (?:chapter (?:7|11|13) )?(?:bankruptcy|insolvency|administration)(?: protection)?",
            r"(?:went|goes|going|gone) bankrupt",
            r"declar(?:ed|es|ing) (?:itself )?(?:bankruptcy|bankrupt|insolvency|insolvent)",
            r"(?:bankruptcy|insolvency) (?:filing|petition|proceedings|protection)",
            r"(?:sought|seeks|seeking) (?:bankruptcy|creditor) protection",
            r"enter(?:ed|s|ing) (?:administration|receivership|liquidation)",
        ),
        (Role("FILER", _ACTOR, BEFORE), _DATE, Role("PLACE", ("LOCATION",))),
    ),
    "EMPLOYMENT": EventType(
        (
            r"(?:was |were |has been |have been |been )?(?:hired|appointed|named|promoted|fired|dismissed|sacked)",
            r"(?:hires|appoints|names|promotes|fires|dismisses)",
            r"(?:joined|joins|joining)",
            r"(?:resigned|resigns|resigning|retired|retires|retiring)",
            r"(?:stepped|steps|stepping) down",
            r"(?:took|takes) over as",
            r"(?:laid|lays|laying) off",
        ),
        (
            Role("EMPLOYEE", ("PERSON",), ANY, several=True),
            Role("EMPLOYER", _COMPANY, ANY),
            Role("START_DATE", ("DATE",)),
        ),
    ),
    "CORPORATE_ACQUISITION": EventType(
        (
            r"(?:was |were |has been |have been |been |be )?(?:acquired|bought|purchased|taken over)",
            r"(?:acquires|acquiring|acquire|buys|buying|purchases|purchasing)",
            r"(?:took|takes|taking) over(?! as)",
            r"(?:acquisition|takeover|purchase|buyout) of",
        ),
        (Role("INVESTOR", _ACTOR, BEFORE), Role("INVESTEE", _COMPANY, AFTER), _MONEY, _DATE),
    ),
    "INVESTMENT_GENERAL": EventType(
        (
            r"(?:was |were |has been )?invested(?: in)?",
            r"(?:invests|investing|invest)(?: in)?",
            r"(?:led|leads|leading) (?:a|the|an) (?:\S+ ){0,3}?(?:round|investment|funding)",
            r"(?:raised|raises|raising)(?= (?:more than |over |about |around |nearly )?(?:[$\u20ac\u00a3]|US\$|\d))",
        ),
        (Role("INVESTOR", _ACTOR, BEFORE), Role("INVESTEE", _COMPANY, AFTER), _MONEY, _DATE),
    ),
    "CORPORATE_MERGER": EventType(
        (
            r"(?:merged|merges|merging|merge|to merge)(?: with| into)?",
            r"(?:merger)(?: of| with| between)?",
            r"(?:combined|combining|combine)(?= (?:with|their))",
        ),
        (Role("PARTICIPANT", _COMPANY, ANY, several=True), _MONEY, _DATE),
    ),
    "IPO": EventType(
        (
            r"initial public offerings?",
            r"IPOs?",
            r"(?:went|goes|going|go) public",
            r"(?:stock )?market (?:debut|listing|flotation)",
        ),
        _OFFERING,
    ),
    "RIGHTS_ISSUE": EventType((r"rights (?:issues?|offerings?)",), _OFFERING),
    "SECONDARY_OFFERING": EventType(
        (r"secondary (?:public |share |stock )?(?:offerings?|sales?)", r"follow-on (?:public )?offerings?"), _OFFERING
    ),
    "SHELF_OFFERING": EventType((r"shelf (?:offerings?|registrations?(?: statements?)?)",), _OFFERING),
    "TENDER_OFFERING": EventType((r"tender offer(?:ing)?s?",), _OFFERING),
    "STOCK_SPLIT": EventType(
        (
            r"(?:\S+-for-\S+ |reverse )*(?:stock|share) splits?",
            r"split (?:its|their|the) (?:stock|shares)",
        ),
        (Role("COMPANY", _COMPANY, ANY), Role("SPLIT_RATIO", ("QUANTITY",)), _DATE),
    ),
}
"""AWS's types of events."""

_PASSIVE: Final = re.compile(r"(?i)^(?:was|were|has been|have been|been|be|taken)\b")
_BY: Final = re.compile(r"(?i)^\W*(?:\w+ly )?by\b")
_SURE, _LIKELY = 0.9, 0.7


class Participant(TypedDict):
    """An entity's part in an event: its number among the entities, its role and how sure that is."""

    entity: int
    role: str
    score: float


class Event(TypedDict):
    """An event.

    Attributes:
        type: a key of EVENT_TYPES.
        begin, end: characters of the trigger.
        score: confidence.
        arguments: who takes part.
    """

    type: str
    begin: int
    end: int
    score: float
    arguments: list[Participant]


def find_events(text: str, entities: Sequence[Entity], types: Sequence[str]) -> list[Event]:
    """The events that a text tells of, in its order.

    Args:
        text: English.
        entities: of the text.
        types: the types to look for, keys of EVENT_TYPES.
    """
    found: list[Event] = []
    for begin, end in sentences(text, "en"):
        inside = [number for number, one in enumerate(entities) if begin <= one["begin"] and one["end"] <= end]
        taken: list[tuple[int, int]] = []
        for kind in types:
            for match in _pattern(kind).finditer(text, begin, end):
                if any(match.start() < last and first < match.end() for first, last in taken):
                    continue
                arguments = _arguments(text, match, end, kind, entities, inside)
                if arguments:  # a trigger in which nobody takes part tells of no event
                    taken.append(match.span())
                    first, last = match.span()
                    score = _SURE if len(arguments) > 1 else _LIKELY
                    found.append({"type": kind, "begin": first, "end": last, "score": score, "arguments": arguments})
    return sorted(found, key=lambda one: (one["begin"], one["type"]))


@cache
def _pattern(kind: str) -> re.Pattern[str]:
    return re.compile(rf"(?i)(?<!\w)(?:{'|'.join(EVENT_TYPES[kind].triggers)})(?!\w)")


def _arguments(
    text: str, trigger: re.Match[str], end: int, kind: str, entities: Sequence[Entity], inside: Sequence[int]
) -> list[Participant]:
    """Who takes part in an event: the nearest entities of a fitting type on the side where the role stands."""
    passive = bool(_PASSIVE.match(trigger.group())) or bool(_BY.match(text[trigger.end() : end]))
    free = [number for number in inside if not _overlaps(entities[number], trigger)]
    found: list[Participant] = []
    for role in EVENT_TYPES[kind].roles:
        side = role.side
        if passive and role.turns and side != ANY:
            side = AFTER if side == BEFORE else BEFORE
        fit = [
            number
            for number in free
            if entities[number]["type"] in role.types and _stands(entities[number], trigger, side)
        ]
        fit.sort(key=lambda number: _distance(entities[number], trigger))
        for number in fit if role.several else fit[:1]:
            free.remove(number)
            found.append({"entity": number, "role": role.name, "score": round(_SURE * entities[number]["score"], 6)})
    # Who merely bought bread, or joined for dinner, is no event of a company.
    return found if any(entities[one["entity"]]["type"] == "ORGANIZATION" for one in found) else []


def _overlaps(entity: Entity, trigger: re.Match[str]) -> bool:
    return entity["begin"] < trigger.end() and trigger.start() < entity["end"]


def _stands(entity: Entity, trigger: re.Match[str], side: str) -> bool:
    if side == ANY:
        return True
    return entity["end"] <= trigger.start() if side == BEFORE else entity["begin"] >= trigger.end()


def _distance(entity: Entity, trigger: re.Match[str]) -> int:
    return max(trigger.start() - entity["end"], entity["begin"] - trigger.end())
