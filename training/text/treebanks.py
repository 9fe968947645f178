"""Universal Dependencies treebanks as sentences, and the noun phrases that their trees hold.

A noun phrase here is a noun or proper noun with what stands before it and belongs to it:

* its head is a word tagged NOUN or PROPN that is no part of another word's name or compound;
* to it belong, with everything below them, its left dependents that are determiners, adjectives, numbers, compounds,
  possessors ("the old man's") and parts of names, and the parts of names or compounds and the numbers at its
  right ("Del Diablo", "July 13");
* it is contiguous, but for quotation marks and hyphens inside; punctuation at its edges is left out; of nested phrases
  the longest counts;
* prepositional phrases, relative clauses and further members of an enumeration are not part of it but, where they hold
  a noun, phrases of their own; pronouns are none.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LEFT_RELATIONS = frozenset(
    {"det", "amod", "compound", "nummod", "nmod:poss", "flat", "nmod:unmarked", "nmod:desc", "goeswith"}
)
INNER_RELATIONS = frozenset({"flat", "compound", "goeswith"})
RIGHT_RELATIONS = INNER_RELATIONS | {"nummod"}


@dataclass(frozen=True)
class Treebank:
    """One sentence.

    Attributes:
        text: the sentence as written.
        words: its syntactic words.
        tags: the universal part of speech of each.
        heads: the index of each word's head, -1 for the root.
        relations: each word's relation to its head.
        surface: begin, end in `text`, first and last+1 word of each written token ("don't" is one, with two words).
    """

    text: str
    words: list[str]
    tags: list[str]
    heads: list[int]
    relations: list[str]
    surface: list[tuple[int, int, int, int]]


def read(path: Path) -> Iterator[Treebank]:
    """Yields the sentences of a CoNLL-U file, gzip or plain."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        text, rows = "", []
        for line in file:
            line = line.rstrip("\n")
            if line.startswith("# text = "):
                text = line[9:]
            elif line and line[0] != "#":
                rows.append(line.split("\t"))
            elif not line and rows:
                yield _sentence(text, rows)
                rows = []
        if rows:
            yield _sentence(text, rows)


def _sentence(text: str, rows: list[list[str]]) -> Treebank:
    words = [row for row in rows if row[0].isdigit()]
    surface, at, covered = [], 0, 0
    for row in rows:
        if "." in row[0]:
            continue
        first, _, last = row[0].partition("-")
        if not last and int(first) <= covered:
            continue
        covered = int(last or first)
        begin = text.find(row[1], at)
        if begin >= 0:
            at = begin + len(row[1])
            surface.append((begin, at, int(first) - 1, covered))
    return Treebank(
        text,
        [row[1] for row in words],
        [row[3] for row in words],
        [int(row[6]) - 1 for row in words],
        [row[7] for row in words],
        surface,
    )


def noun_phrases(sentence: Treebank) -> list[tuple[int, int]]:
    """Returns the noun phrases as first word and word after the last, in order, without overlap."""
    children: list[list[int]] = [[] for _ in sentence.words]
    for word, head in enumerate(sentence.heads):
        if head >= 0:
            children[head].append(word)
    found = [_phrase(sentence, children, word) for word in range(len(sentence.words)) if _is_head(sentence, word)]
    found.sort(key=lambda span: (span[0] - span[1], span[0]))
    taken: set[int] = set()
    kept = []
    for begin, end in found:
        if not taken.intersection(range(begin, end)):
            kept.append((begin, end))
            taken.update(range(begin, end))
    return sorted(kept)


def _is_head(sentence: Treebank, word: int) -> bool:
    if sentence.tags[word] not in {"NOUN", "PROPN"}:
        return False
    return _base(sentence.relations[word]) not in INNER_RELATIONS


def _base(relation: str) -> str:
    return relation if relation in LEFT_RELATIONS else relation.partition(":")[0]


def _phrase(sentence: Treebank, children: list[list[int]], head: int) -> tuple[int, int]:
    inside = {head}
    for child in children[head]:
        allowed = LEFT_RELATIONS if child < head else RIGHT_RELATIONS
        if _base(sentence.relations[child]) in allowed:
            inside.update(_below(children, child))
    begin = end = head
    while begin - 1 in inside or (begin >= 2 and sentence.tags[begin - 1] == "PUNCT" and begin - 2 in inside):
        begin -= 1
    while end + 1 in inside:
        end += 1
    while begin < head and sentence.tags[begin] == "PUNCT":
        begin += 1
    while end > head and sentence.tags[end] == "PUNCT":
        end -= 1
    return begin, end + 1


def _below(children: list[list[int]], word: int) -> set[int]:
    found, waiting = set(), [word]
    while waiting:
        one = waiting.pop()
        found.add(one)
        waiting += children[one]
    return found
