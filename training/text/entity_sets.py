"""The licensed entity sets as sentences with partial labels.

Every set annotates some of the nine types only. A word that a set leaves out may still be of a type that the set does
not annotate: it is given the set of labels that are possible, and training asks for one of them, whichever.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clary.engines.text import times_and_amounts

TYPES = (
    "PERSON", "LOCATION", "ORGANIZATION", "COMMERCIAL_ITEM", "EVENT", "DATE", "QUANTITY", "TITLE", "OTHER", "ADDRESS",
)  # fmt: skip
LABELS = ("O", *(f"{side}-{kind}" for kind in TYPES for side in "BI"))


@dataclass(frozen=True)
class EntitySet:
    """How one set is used.

    Attributes:
        name: its folder.
        annotates: the types it annotates throughout; where one is missing, a word may be of it.
        ignored: labels of the set that say too little: their words are left out of the loss.
        by_rule: whether dates and amounts are marked by `times_and_amounts`, which replaces what the set says of them.
        share: the part of its sentences that is used in each pass, above 1 for repetitions.
        files: of the folder.
    """

    name: str
    annotates: tuple[str, ...]
    ignored: tuple[str, ...] = ()
    share: float = 1.0
    files: tuple[str, ...] = ("train.conll.gz",)
    by_rule: bool = True


PLAIN = ("train.conll",)
SETS = (
    EntitySet("ner_uner_ewt", ("PERSON", "LOCATION", "ORGANIZATION", "OTHER")),
    EntitySet("ner_wnut17", ("PERSON", "LOCATION", "ORGANIZATION", "COMMERCIAL_ITEM", "TITLE"), share=2.0, files=PLAIN),
    EntitySet("ner_gum", ("PERSON", "LOCATION", "ORGANIZATION", "EVENT"), ("OTHER",)),
    EntitySet("ner_wikigold", ("PERSON", "LOCATION", "ORGANIZATION"), ("OTHER",), 1.5, PLAIN),
    EntitySet("ner_crossner", ("PERSON", "LOCATION", "ORGANIZATION", "EVENT", "TITLE"), ("OTHER",)),
    EntitySet("ner_btc", ("PERSON", "LOCATION", "ORGANIZATION")),
    EntitySet("ner_re3d", ("PERSON", "LOCATION"), ("ORGANIZATION", "TITLE"), files=PLAIN),
    EntitySet(
        "ner_multiconer2_en", ("PERSON", "LOCATION", "ORGANIZATION", "COMMERCIAL_ITEM", "TITLE"), ("OTHER",), 0.3
    ),
    EntitySet(
        "snips_intents_slots",
        ("DATE", "QUANTITY"),
        ("ORGANIZATION", "COMMERCIAL_ITEM"),
        0.25,
        ("slots_train.conll.gz",),
        False,
    ),
    EntitySet("int_nlu_eval", ("DATE",), ("EVENT", "TITLE", "COMMERCIAL_ITEM"), 0.5, ("slots_train.conll",), False),
)


def sentences(path: Path) -> Iterator[tuple[list[str], list[str]]]:
    """Yields the words and the labels (second column) of each sentence of a CoNLL file, gzip or plain."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        words: list[str] = []
        labels: list[str] = []
        for line in file:
            columns = line.rstrip("\n").split("\t")
            if len(columns) > 1:
                words.append(columns[0])
                labels.append(columns[1])
            elif words:
                yield words, labels
                words, labels = [], []
        if words:
            yield words, labels


def possible(labels: list[str], entity_set: EntitySet) -> list[tuple[int, ...]]:
    """Returns for each word the numbers (in LABELS) of the labels it may have; none where the set says too little."""
    closed = {*entity_set.annotates, "ADDRESS", *(("DATE", "QUANTITY") if entity_set.by_rule else ())}
    open_types = [kind for kind in TYPES if kind not in closed]
    outside = tuple(number for number, label in enumerate(LABELS) if label == "O" or label[2:] in open_types)
    answers: list[tuple[int, ...]] = []
    for label in labels:
        if label == "O":
            answers.append(outside)
        elif label[2:] in entity_set.ignored:
            answers.append(())
        else:
            answers.append((LABELS.index(label),))
    return answers


def marked_by_rule(words: list[str], labels: list[str]) -> list[str]:
    """Returns the labels with dates and amounts as the rules find them, where no other entity stands."""
    marked = ["O" if label[2:] in {"DATE", "QUANTITY"} else label for label in labels]
    begins, ends, at = {}, {}, 0
    for number, word in enumerate(words):
        begins[at] = number
        at += len(word)
        ends[at] = number + 1
        at += 1
    for span in times_and_amounts.find(" ".join(words)):
        begin, end = begins.get(span.begin), ends.get(span.end)
        if begin is not None and end is not None and set(marked[begin:end]) == {"O"}:
            marked[begin:end] = [f"B-{span.type}"] + [f"I-{span.type}"] * (end - begin - 1)
    return marked


def held_out(words: list[str], one_in: int) -> bool:
    """Whether a sentence belongs to the part that is never trained on: decided by its words alone."""
    digest = hashlib.sha256(" ".join(words).encode()).digest()
    return int.from_bytes(digest[:4], "big") % one_in == 0
