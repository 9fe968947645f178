"""How well personal data are found in made-up English texts, by type, beside presidio.

make bench-peers && .venv/bin/python -m benchmarks.text_pii [--write]

Reads `pii_presidio` beside the project. A datum is found when a piece of the same type covers at least half of it; a
piece is right when it covers at least half of a datum of its type. The set's GPE, organization, nationality and title
labels stand for nothing that Clary reports; a piece of an address that lies on a place or a post code is not counted.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from subprocess import PIPE
from typing import Any

from benchmarks.report import machine, table
from benchmarks.text.page import publish
from clary.engines.text.linguist import Linguist

DATA = Path(__file__).parents[2] / "shared" / "data" / "pii_presidio" / "dev" / "pii.jsonl"
PRESIDIO = Path(__file__).parents[1] / ".venv-presidio/bin/python"
TYPES = {
    "PERSON": "NAME", "STREET_ADDRESS": "ADDRESS", "CREDIT_CARD": "CREDIT_DEBIT_NUMBER", "US_SSN": "SSN", "AGE": "AGE",
    "US_DRIVER_LICENSE": "DRIVER_ID", "DOMAIN_NAME": "URL", "EMAIL_ADDRESS": "EMAIL", "PHONE_NUMBER": "PHONE",
    "DATE_TIME": "DATE_TIME", "IP_ADDRESS": "IP_ADDRESS", "IBAN_CODE": "INTERNATIONAL_BANK_ACCOUNT_NUMBER",
}  # fmt: skip
LEARNED = ("NAME", "ADDRESS")
NOT_COUNTED = {"GPE", "ZIP_CODE"}
Piece = tuple[str, int, int]


def texts() -> list[tuple[str, list[Piece], list[Piece]]]:
    """Returns each text with its data and with the pieces that an address may hold besides."""
    made = []
    for line in DATA.open(encoding="utf-8"):
        row = json.loads(line)
        spans = [(one["entity_type"], one["start_position"], one["end_position"]) for one in row["spans"]]
        data = [(TYPES[kind], begin, end) for kind, begin, end in spans if kind in TYPES]
        besides = [("ADDRESS", begin, end) for kind, begin, end in spans if kind in NOT_COUNTED]
        made.append((row["full_text"], data, besides))
    return made


def covers(piece: Piece, datum: Piece) -> bool:
    """Whether a piece is of the datum's type and covers at least half of it."""
    common = min(piece[2], datum[2]) - max(piece[1], datum[1])
    return piece[0] == datum[0] and 2 * common >= datum[2] - datum[1]


def counted(gold: list[list[Piece]], besides: list[list[Piece]], answers: list[list[Piece]]) -> dict[str, list[int]]:
    """Returns for each type: data, data found, pieces, pieces that are right."""
    counts: dict[str, list[int]] = {kind: [0, 0, 0, 0] for kind in TYPES.values()}
    for data, other, pieces in zip(gold, besides, answers, strict=True):
        for datum in data:
            counts[datum[0]][0] += 1
            counts[datum[0]][1] += any(covers(piece, datum) for piece in pieces)
        for piece in pieces:
            right = any(covers(piece, datum) for datum in data)
            if piece[0] in counts and (right or not any(covers(piece, one) for one in other)):
                counts[piece[0]][2] += 1
                counts[piece[0]][3] += right
    return counts


def f1(rows: list[list[int]]) -> float:
    data, found, pieces, right = (sum(column) for column in zip(*rows, strict=True))
    recall, precision = found / max(1, data), right / max(1, pieces)
    return 200 * recall * precision / max(1e-9, recall + precision)


def with_presidio(rows: list[str]) -> tuple[list[list[Piece]], float] | None:
    """What presidio finds, and its seconds of processor time; None where its environment was not made.

    Raises:
        SystemExit: when the table is to be written, which must not lose presidio's row.
    """
    if not PRESIDIO.exists():
        if "--write" in sys.argv:
            raise SystemExit("the table compares with presidio: run `make bench-peers` first")
        return None
    program = Path(__file__).parent / "peers/presidio_pii.py"
    asked = json.dumps(rows).encode()
    answered = json.loads(subprocess.run([str(PRESIDIO), str(program)], input=asked, stdout=PIPE, check=True).stdout)
    names = TYPES | {"URL": "URL"}
    known = [[one for one in found if one[0] in names] for found in answered["pieces"]]
    return [[(names[kind], begin, end) for kind, begin, end, _ in found] for found in known], answered["cpu_seconds"]


def main() -> None:
    rows = texts()
    plain, gold, besides = [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]
    linguist = Linguist.load()
    linguist.personal_data(["Warm."], "en")
    start = time.process_time()
    answers = [
        [(one["type"], one["begin"], one["end"]) for one in found] for found in linguist.personal_data(plain, "en")
    ]
    systems: dict[str, tuple[list[list[Piece]], float]] = {"Clary": (answers, time.process_time() - start)}
    presidio = with_presidio(plain)
    if presidio is not None:
        systems["presidio, blank model"] = presidio
    lines: list[list[str]] = []
    summary: dict[str, Any] = {}
    for name, (found, seconds) in systems.items():
        counts = counted(gold, besides, found)
        patterns = [row for kind, row in counts.items() if kind not in LEARNED]
        summary[name] = [
            f"{f1(patterns):.1f}",
            *(f"{f1([counts[kind]]):.1f}" for kind in LEARNED),
            f"{1000 * seconds / len(rows):.1f}",
        ]
        if name == "Clary":
            for kind, row in counts.items():
                lines.append(
                    [
                        kind,
                        str(row[0]),
                        f"{100 * row[1] / max(1, row[0]):.0f}",
                        f"{100 * row[3] / max(1, row[2]):.0f}",
                        f"{f1([row]):.1f}",
                    ]
                )
    head = ("system", "F1 of pattern types", "F1 of NAME", "F1 of ADDRESS", "CPU-ms a text")
    tables = [
        table(head, [[name, *row] for name, row in summary.items()]),
        table(("type", "data", "recall", "precision", "F1"), lines),
    ]
    share = Counter(kind for data in gold for kind, _, _ in data)
    publish("text_pii", "\n\n".join([*tables, f"{len(rows)} texts with {share.total()} data; {machine()}."]))


if __name__ == "__main__":
    main()
