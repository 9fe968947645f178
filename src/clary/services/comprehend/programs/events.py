"""The program of event jobs: what companies did, and who took part."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from clary.compute.tasks import read_task
from clary.engines.text.contract import Entity
from clary.engines.text.events import Event, find_events
from clary.engines.text.host import load
from clary.services.comprehend.analyses import JOB_BYTES
from clary.services.comprehend.programs.analysis import OUTPUT
from clary.services.comprehend.programs.documents import Document
from clary.services.comprehend.programs.passage import Passage, place_members, problem_members
from clary.services.comprehend.programs.results import Results, json_line

_NAMED = {"QUANTITY": "MONETARY_VALUE"}


def main(folder: Path, data: str) -> int:
    """Looks at all documents.

    Args:
        folder: the job's.
        data: Comprehend's folder.
    """
    task = read_task(folder)
    engine = load()

    def look(texts: Sequence[str]) -> list[Any]:
        entities = engine.entities(texts=list(texts), language="en")
        return [members(text, own, task["types"]) for text, own in zip(texts, entities, strict=True)]

    def write(results: Results, document: Document, found: Any) -> None:
        if document.problem is not None:
            results.write(OUTPUT, json_line(problem_members(document)))
        else:
            results.write(OUTPUT, json_line({**place_members(document), **found}))

    Passage(folder, Path(data), task, JOB_BYTES).go(look, write, OUTPUT)
    return 0


def members(text: str, entities: Sequence[Entity], types: Sequence[str]) -> dict[str, Any]:
    """Entities and events of a text in AWS's members; mentions that read alike are one entity."""
    groups: dict[tuple[str, str], int] = {}
    mentions: list[list[dict[str, Any]]] = []
    number: list[int] = []
    for one in entities:
        key = (one["text"].lower(), one["type"])
        if key not in groups:
            groups[key] = len(mentions)
            mentions.append([])
        number.append(groups[key])
        mentions[groups[key]].append(
            {
                "BeginOffset": one["begin"],
                "EndOffset": one["end"],
                "Score": one["score"],
                "GroupScore": 1.0,
                "Text": one["text"],
                "Type": _NAMED.get(one["type"], one["type"]),
            }
        )
    found = find_events(text, entities, types)
    return {"Entities": [{"Mentions": own} for own in mentions], "Events": [_event(text, one, number) for one in found]}


def _event(text: str, found: Event, number: Sequence[int]) -> dict[str, Any]:
    return {
        "Type": found["type"],
        "Arguments": [
            {"EntityIndex": number[one["entity"]], "Role": one["role"], "Score": one["score"]}
            for one in found["arguments"]
        ],
        "Triggers": [
            {
                "BeginOffset": found["begin"],
                "EndOffset": found["end"],
                "Score": found["score"],
                "GroupScore": 1.0,
                "Text": text[found["begin"] : found["end"]],
                "Type": found["type"],
            }
        ],
    }
