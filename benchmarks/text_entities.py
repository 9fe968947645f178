"""How well entities of English texts are found, by set, and how many sentences a second.

.venv/bin/python -m benchmarks.text_entities [--write]

Exact span F1: a piece counts when begin, end and type are right. Types that a set does not annotate are left out.
`ner_wikineural` was never trained on; of `ner_wnut17`, whose scoring half holds the training sentences, only the sixth
that was held out is read; `ner_uner_ewt`, `snips` and `int_nlu_eval` are the official test files. Dates and amounts are
also measured on the sentences of `text/dates_and_amounts.txt`, written for this purpose: a date has no preposition, an
amount has its currency or measure, and what is counted is not part of it ("twelve" in "twelve people"), as in the sets.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

from training.text.entity_sets import held_out, sentences

from benchmarks.report import machine, table
from benchmarks.text.page import publish
from clary.engines.text.linguist import Linguist

DATA = Path(__file__).parents[2] / "shared" / "data"
NAMES = ("PERSON", "LOCATION", "ORGANIZATION")
WNUT = {
    "person": "PERSON", "location": "LOCATION", "corporation": "ORGANIZATION", "group": "ORGANIZATION",
    "product": "COMMERCIAL_ITEM", "creative-work": "TITLE",
}  # fmt: skip
WIKI = {"PER": "PERSON", "LOC": "LOCATION", "ORG": "ORGANIZATION"}
MARK = re.compile(r"\{([dq]):([^}]*)\}")
Piece = tuple[int, int, str]
Example = tuple[str, set[Piece]]


def examples(path: Path, types: dict[str, str], *, unseen_only: bool = False) -> list[Example]:
    """Returns texts (words joined by blanks) and their entities, the types renamed."""
    made = []
    for words, labels in sentences(path):
        if unseen_only and not held_out(words, 6):
            continue
        text, pieces, open_piece, at = " ".join(words), set[Piece](), None, 0
        for word, label in zip([*words, ""], [*labels, "O"], strict=True):
            kind = types.get(label[2:], "") if label != "O" else ""
            if open_piece is not None and (label[0] != "I" or kind != open_piece[2]):
                pieces.add((open_piece[0], at - 1, open_piece[2]))
                open_piece = None
            if kind and open_piece is None:
                open_piece = (at, at, kind)
            at += len(word) + 1
        made.append((text, pieces))
    return made


def written() -> list[Example]:
    """Returns the sentences with dates and amounts that were written for this purpose."""
    made = []
    for line in Path(__file__).with_name("text").joinpath("dates_and_amounts.txt").read_text().splitlines():
        text, pieces, at = "", set[Piece](), 0
        for match in MARK.finditer(line):
            text += line[at : match.start()]
            pieces.add((len(text), len(text) + len(match[2]), "DATE" if match[1] == "d" else "QUANTITY"))
            text += match[2]
            at = match.end()
        made.append((text + line[at:], pieces))
    return made


def sets() -> Iterator[tuple[str, list[Example], tuple[str, ...]]]:
    """Yields name, examples and measured types of each set."""
    own = {kind: kind for kind in (*NAMES, "COMMERCIAL_ITEM", "EVENT", "DATE", "QUANTITY", "TITLE", "OTHER")}
    wnut = examples(DATA / "ner_wnut17" / "dev" / "wnut17.conll", WNUT, unseen_only=True)
    yield "ner_wnut17, held-out sixth", wnut, (*NAMES, "COMMERCIAL_ITEM", "TITLE")
    yield "ner_wikineural en", examples(DATA / "ner_wikineural" / "dev" / "en.conll", WIKI), NAMES
    yield "ner_uner_ewt test", examples(DATA / "text" / "ner_uner_ewt" / "test.conll", own), NAMES
    snips = examples(DATA / "text" / "snips_intents_slots" / "slots_test.conll", own)
    commands = examples(DATA / "text" / "int_nlu_eval" / "slots_test.conll", own)
    yield "snips test: DATE, QUANTITY", snips, ("DATE", "QUANTITY")
    yield "int_nlu_eval test: DATE", commands, ("DATE",)
    yield "written list: DATE, QUANTITY", written(), ("DATE", "QUANTITY")


def scored(linguist: Linguist, rows: list[Example], types: tuple[str, ...]) -> list[float]:
    """Returns precision, recall and F1 in percent, and sentences a second of processor time."""
    start = time.process_time()
    answers = linguist.entities([text for text, _ in rows], "en")
    seconds = time.process_time() - start
    right = said = total = 0
    for (_, gold), found in zip(rows, answers, strict=True):
        pieces = {(one["begin"], one["end"], one["type"]) for one in found if one["type"] in types}
        gold = {piece for piece in gold if piece[2] in types}
        right += len(gold & pieces)
        said += len(pieces)
        total += len(gold)
    return [
        100 * right / max(1, said),
        100 * right / max(1, total),
        200 * right / max(1, said + total),
        len(rows) / seconds,
    ]


def main() -> None:
    linguist = Linguist.load()
    linguist.entities(["Warm."], "en")
    rows = []
    for name, one, types in sets():
        precision, recall, f1, speed = scored(linguist, one, types)
        rows.append([name, str(len(one)), f"{precision:.1f}", f"{recall:.1f}", f"{f1:.1f}", f"{speed:.0f}"])
    text = table(("set", "sentences", "precision", "recall", "F1", "sentences per CPU-s"), rows)
    publish("text_entities", f"{text}\n\n{machine()}.")


if __name__ == "__main__":
    main()
