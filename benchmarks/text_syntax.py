"""How well parts of speech and noun phrases are found, by language, and how many words a second.

.venv/bin/python -m benchmarks.text_syntax [--write]

Reads the official test files of the treebanks in `text/ud_*`, of PUD (which has no other file) the half that the
taggers did not learn from. Sentences are given as written: a word counts as right when Clary cuts it as the treebank
does and gives it the same tag, so that wrong cuts are errors. A written word that holds several ("del") has the tag of
its first; English ones ("don't") are cut. Phrases are those of `training/text/treebanks.py`: exact F1.
"""

from __future__ import annotations

import time
from pathlib import Path

from training.text.entity_sets import held_out
from training.text.treebank_tagger import HALVED
from training.text.treebanks import Treebank, noun_phrases, read

from benchmarks.report import machine, table
from benchmarks.text.page import publish
from clary.engines.text.linguist import Linguist

DATA = Path(__file__).parents[2] / "shared" / "data" / "text"
TESTS = {
    "en": ("ud_en_ewt",), "es": ("ud_es_gsd",), "fr": ("ud_fr_gsd",), "de": ("ud_de_gsd", "ud_de_pud"),
    "it": ("ud_it_markit", "ud_it_pud", "ud_it_twittiro"), "pt": ("ud_pt_bosque",),
}  # fmt: skip
Piece = tuple[int, int]


def places(sentence: Treebank, language: str) -> tuple[list[tuple[Piece, str]], list[Piece | None]]:
    """Returns each written word with its tag, and for each syntactic word where it stands."""
    written: list[tuple[Piece, str]] = []
    where: list[Piece | None] = [None] * len(sentence.words)
    for begin, end, first, last in sentence.surface:
        at = begin
        if language == "en" and last - first > 1:
            for word in range(first, last):
                found = sentence.text.find(sentence.words[word], at, end)
                if found >= 0:
                    at = found + len(sentence.words[word])
                    where[word] = (found, at)
                    written.append(((found, at), sentence.tags[word]))
        else:
            written.append(((begin, end), sentence.tags[first]))
            where[first:last] = [(begin, end)] * (last - first)
    return [(piece, "O" if tag == "X" else tag) for piece, tag in written], where


def is_unseen(sentence: Treebank, folder: str) -> bool:
    """Whether no tagger learned from a sentence of a test file."""
    return folder not in HALVED or held_out([sentence.text[begin:end] for begin, end, _, _ in sentence.surface], 2)


def gold_phrases(sentence: Treebank, where: list[Piece | None]) -> set[Piece]:
    """Returns the noun phrases of a tree as characters; a written word that is only partly inside is left out."""
    found = set()
    for begin, end in noun_phrases(sentence):
        outside = {*where[:begin], *where[end:]}
        inside = [piece for piece in where[begin:end] if piece is not None and piece not in outside]
        if inside:
            found.add((inside[0][0], inside[-1][1]))
    return found


def measured(linguist: Linguist, language: str, folder: str) -> list[str]:
    """Returns a row of the table."""
    sentences = [one for one in read(DATA / folder / "test.conllu.gz") if one.surface and is_unseen(one, folder)]
    texts = [one.text for one in sentences]
    start = time.process_time()
    answers = linguist.syntax(texts, language)
    seconds = time.process_time() - start
    right = cut = total = both = either = 0
    for sentence, tokens, phrases in zip(sentences, answers, linguist.key_phrases(texts, language), strict=True):
        written, where = places(sentence, language)
        said = {(token["begin"], token["end"]): token["tag"] for token in tokens}
        right += sum(said.get(piece) == tag for piece, tag in written)
        cut += sum(piece in said for piece, _ in written)
        total += len(written)
        gold = gold_phrases(sentence, where)
        found = {(phrase["begin"], phrase["end"]) for phrase in phrases}
        both += len(gold & found)
        either += len(gold) + len(found)
    name = f"{folder}, held-out half" if folder in HALVED else folder
    return [
        language, name, str(total), f"{100 * cut / total:.1f}", f"{100 * right / total:.1f}",
        f"{100 * right / cut:.1f}", f"{200 * both / either:.1f}", f"{total / seconds:,.0f}",
    ]  # fmt: skip


def main() -> None:
    linguist = Linguist.load()
    rows = [measured(linguist, language, folder) for language, folders in TESTS.items() for folder in folders]
    head = (
        "language",
        "test",
        "words",
        "cut alike %",
        "tags right %",
        "of those cut alike %",
        "phrases F1",
        "words per CPU-s",
    )
    publish("text_syntax", f"{table(head, rows)}\n\n{machine()}.")


if __name__ == "__main__":
    main()
