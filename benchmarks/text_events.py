"""How well events are found: exact types of triggers, and roles with the entities that play them.

    python -m benchmarks.text_events

The forty sentences of `text/events.json` were written for this measure by the author of the triggers: they tell how
much of plain business news is covered, not how the triggers do on text by others.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from clary.engines.text.events import EVENT_TYPES, find_events
from clary.engines.text.host import load

CASES = Path(__file__).parent / "text" / "events.json"


def f1(right: int, found: int, there: int) -> float:
    """The harmonic mean of precision and recall."""
    return 2 * right / (found + there) if found + there else 0.0


def measure() -> dict[str, float]:
    """The F1 of triggers and of arguments."""
    cases: list[dict[str, Any]] = json.loads(CASES.read_text(encoding="utf-8"))
    texts = [case["text"] for case in cases]
    entities = load().entities(texts=texts, language="en")
    triggers, arguments = [0, 0, 0], [0, 0, 0]
    for case, own in zip(cases, entities, strict=True):
        wanted = case["events"]
        found = find_events(case["text"], own, list(EVENT_TYPES))
        expected = sorted(kind for kind, _ in wanted)
        told = sorted(one["type"] for one in found)
        count(triggers, set(expected), set(told))
        roles = {
            (kind, role, name)
            for kind, parts in wanted
            for role, names in parts.items()
            for name in (names if isinstance(names, list) else [names])
        }
        heard = {(one["type"], part["role"], own[part["entity"]]["text"]) for one in found for part in one["arguments"]}
        count(arguments, roles, heard)
        if roles != heard:
            print(case["text"], "\n   missing", sorted(roles - heard), "\n   too much", sorted(heard - roles))
    return {"triggers": f1(*triggers), "arguments": f1(*arguments)}


def count(into: list[int], expected: set[Any], told: set[Any]) -> None:
    """Adds what is right, what was found and what is there."""
    into[0] += len(expected & told)
    into[1] += len(told)
    into[2] += len(expected)


if __name__ == "__main__":
    print(measure())
