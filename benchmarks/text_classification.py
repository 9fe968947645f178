"""How good the users' own classifiers and recognizers, topics and events are, and how long they take to learn.

.venv/bin/python -m benchmarks.text_classification [--write]

Reads `ag_news`, `text/int_banking77` and `ner_wikineural` beside the project. Nothing of these sets
is in what Clary ships; each measure learns from one part and is taken on another. CPU seconds are of one thread where
OMP_NUM_THREADS=1 is set.
"""

from __future__ import annotations

import csv
import gzip
import json
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks import text_events
from benchmarks.report import machine, table
from benchmarks.text.page import publish
from clary.engines.text.classification import Matrix, train
from clary.engines.text.encoder import Encoder
from clary.engines.text.own_entities import EntityList, Mention
from clary.engines.text.own_entities import train as train_entities
from clary.engines.text.tagger_features import TaggerFeatures
from clary.engines.text.topics import find_topics

DATA = Path(__file__).parents[2] / "shared" / "data"
Rows = list[tuple[str, str]]
SEED = 17


def news() -> tuple[Rows, Rows]:
    """Four fifths of the headlines with their first sentences, and the last fifth."""
    with (DATA / "ag_news/dev/ag_news.csv").open(encoding="utf-8") as file:
        rows = [(f"{row['title']}. {row['description']}", row["class"]) for row in csv.DictReader(file)]
    random.Random(SEED).shuffle(rows)
    cut = len(rows) * 4 // 5
    return rows[:cut], rows[cut:]


def banking() -> tuple[Rows, Rows]:
    """Questions to a bank with their 77 intents: the official parts."""
    folder = DATA / "text/int_banking77"
    with gzip.open(folder / "train.jsonl.gz", "rt", encoding="utf-8") as file:
        training = [json.loads(line) for line in file]
    test = [json.loads(line) for line in (folder / "test.jsonl").open(encoding="utf-8")]
    return [(row["text"], row["intent"]) for row in training], [(row["text"], row["intent"]) for row in test]


def classifier(
    name: str, parts: Callable[[], tuple[Rows, Rows]], embed: Callable[[Sequence[str]], Matrix]
) -> list[str]:
    """A row of the table."""
    training, test = parts()
    began, cpu = time.monotonic(), time.process_time()
    model = train([text for text, _ in training], [[one] for _, one in training], several=False, embed=embed)
    seconds, cpu_seconds = time.monotonic() - began, time.process_time() - cpu
    probabilities = model.probabilities([text for text, _ in test], embed)
    best = probabilities.argmax(axis=1)
    right = np.array([model.labels[index] == one for index, (_, one) in zip(best, test, strict=True)])
    gap = abs(float(probabilities.max(axis=1).mean()) - float(right.mean()))
    quality = f"accuracy {right.mean():.3f}, confidence off by {gap:.3f}"
    return [name, f"{len(training):,} / {len(test):,}", quality, f"{seconds:.0f} s, {cpu_seconds:.0f} CPU s"]


def recognizer() -> list[str]:
    """A row of the table: names in sentences of Wikipedia, learned from 400 others."""
    texts, mentions = sentences(DATA / "ner_wikineural/dev/en.conll")
    cut = 400
    outside = TaggerFeatures.load()
    began, cpu = time.monotonic(), time.process_time()
    model = train_entities(texts[:cut], mentions[:cut], language="en", listed=EntityList({}), outside=outside)
    seconds, cpu_seconds = time.monotonic() - began, time.process_time() - cpu
    found = model.find(texts[cut:])
    told = sum(map(len, found))
    there = sum(map(len, mentions[cut:]))
    right = sum(
        len({one[:3] for one in own} & {one[:3] for one in real})
        for own, real in zip(found, mentions[cut:], strict=True)
    )
    quality = f"exact span F1 {2 * right / (told + there):.3f}"
    took = f"{seconds:.0f} s, {cpu_seconds:.0f} CPU s"
    return ["recognizer, ner_wikineural en (4 types)", f"{cut:,} / {len(texts) - cut:,}", quality, took]


def sentences(path: Path) -> tuple[list[str], list[list[Mention]]]:
    """Texts with their entities out of a file of words and labels."""
    texts: list[str] = []
    mentions: list[list[Mention]] = []
    text, own = "", list[Mention]()
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        columns = line.split()
        if not columns:
            if text:
                texts.append(text)
                mentions.append(own)
            text, own = "", []
            continue
        begin = len(text) + (1 if text else 0)
        text = f"{text} {columns[0]}".strip()
        label = columns[-1]
        if label.startswith("I-") and own and own[-1].type == label[2:] and own[-1].end == begin - 1:
            own[-1] = own[-1]._replace(end=len(text))
        elif label != "O":
            own.append(Mention(begin, len(text), label[2:]))
    return texts, mentions


def topics() -> list[str]:
    """A row of the table: how pure four topics of the headlines are."""
    rows = news()[0]
    cpu, began = time.process_time(), time.monotonic()
    best = find_topics([text for text, _ in rows], 4).shares.argmax(axis=1)
    seconds, cpu_seconds = time.monotonic() - began, time.process_time() - cpu
    classes = np.array([one for _, one in rows])
    pure = sum(max((classes[best == topic] == one).sum() for one in set(classes)) for topic in set(best.tolist()))
    took = f"{seconds:.0f} s, {cpu_seconds:.0f} CPU s"
    return ["topics, ag_news (4)", f"{len(rows):,}", f"purity {pure / len(rows):.3f}", took]


if __name__ == "__main__":
    embed = Encoder.load().embed
    events = text_events.measure()
    told = f"F1 of triggers {events['triggers']:.2f}, of arguments {events['arguments']:.2f}"
    rows = [
        classifier("classifier, ag_news (4 classes)", news, embed),
        classifier("classifier, int_banking77 (77 classes)", banking, embed),
        recognizer(),
        topics(),
        ["events, forty sentences of our own", "- / 40", told, ""],
    ]
    head = ("what", "learned from / measured on", "quality", "learning took")
    publish("text_classification", f"{table(head, rows)}\n\n{machine()}.")
