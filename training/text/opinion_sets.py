"""The labelled English texts that the reader of opinions learns from, brought into one form.

Every set labels some of what the model answers; what it does not label is left out of the loss (`None`, or nan).
"""

from __future__ import annotations

import csv
import gzip
import json
import math
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from clary.engines.text.cleaning import plain
from training.text.entity_sets import sentences
from training.text.toxic_words import ToxicWords

SENTIMENTS = ("positive", "negative", "neutral", "mixed")
TOXICITIES = (
    "toxic",
    "profanity",
    "hate_speech",
    "insult",
    "graphic",
    "harassment_or_abuse",
    "sexual",
    "violence_or_threat",
)
UNKNOWN = math.nan
_TOLD = SENTIMENTS.index("neutral")
_SPACE_BEFORE_MARK = re.compile(r" ([.,;:!?)\]])")
_SHORTEST_TOLD = 6
"""Words of a sentence that tells something."""


@dataclass(frozen=True, slots=True)
class Target:
    """A named thing in a text: characters `begin` to `end`, and which of SENTIMENTS is felt about it."""

    begin: int
    end: int
    sentiment: int


@dataclass(frozen=True, slots=True)
class Example:
    """A text and what is known about it.

    Attributes:
        text: cleaned, except where offsets must hold.
        source: the set it comes from.
        sentiment: a share for each of SENTIMENTS, sum 1; None when unknown.
        toxicity: 0, 1 or nan for each of TOXICITIES; None when all are unknown.
        targets: the targets that are labelled.
        all_targets: whether every target of the text is labelled, so that all other words are none.
    """

    text: str
    source: str
    sentiment: tuple[float, ...] | None = None
    toxicity: tuple[float, ...] | None = None
    targets: tuple[Target, ...] = field(default=())
    all_targets: bool = False


def one_hot(label: str) -> tuple[float, ...]:
    """Returns the shares of a text that is wholly `label`."""
    return tuple(float(name == label.lower()) for name in SENTIMENTS)


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """Reads JSON lines, gzipped or not."""
    content = path.read_bytes()
    whole = gzip.decompress(content) if path.suffix == ".gz" else content
    for line in whole.decode("utf-8").split("\n"):
        if line:
            yield json.loads(line)


def films(data: Path) -> list[Example]:
    """The part of sentence_polarity that may be seen (CC BY 4.0)."""
    with (data / "sentence_polarity/dev/sentences.csv").open(encoding="utf-8", newline="") as file:
        return [
            Example(plain(row["text"]), "films", one_hot({"pos": "positive", "neg": "negative"}[row["label"]]))
            for row in csv.DictReader(file)
        ]


def rated(data: Path, part: str) -> list[Example]:
    """Sentences that twenty people rated from -4 to 4 (MIT): the nearer to nought, the more neutral."""
    found = []
    for row in rows(data / f"text/sent_vader/{part}.jsonl"):
        felt = min(1.0, max(0.0, (abs(row["score"]) - 0.2) / 0.8))
        shares = (felt, 0.0, 1 - felt, 0.0) if row["score"] > 0 else (0.0, felt, 1 - felt, 0.0)
        found.append(Example(plain(row["text"]), f"rated-{part}", shares))
    return found


def comments(data: Path) -> list[Example]:
    """GoEmotions (CC BY 4.0), its emotions grouped."""
    return [
        Example(plain(row["text"]), "comments", one_hot(row["label"]))
        for row in rows(data / "text/sent_goemotions/train.jsonl.gz")
    ]


def subtitles(data: Path) -> list[Example]:
    """The English part of XED (CC BY 4.0)."""
    return [
        Example(plain(row["text"]), "subtitles", one_hot(row["label"])) for row in rows(data / "text/sent_xed/en.jsonl")
    ]


def targeted(data: Path, name: str, file: str, *, all_targets: bool) -> list[Example]:
    """A set with targets; where all are labelled, they say what the whole sentence feels."""
    found = []
    for row in rows(data / "text" / name / file):
        targets = tuple(
            Target(target["begin"], target["end"], SENTIMENTS.index(target["sentiment"].lower()))
            for target in row["targets"]
        )
        felt = {target.sentiment for target in targets}
        whole = None
        if all_targets and felt:
            whole = one_hot("mixed" if {0, 1} <= felt else SENTIMENTS[min(felt)])
        found.append(Example(row["text"], name, whole, None, targets, all_targets))
    return found


def toxic(data: Path, words: ToxicWords) -> dict[str, list[Example]]:
    """The English toxicity sets (MIT, CC0), labelled further by the words and spans they hold."""
    tweets, spans, votes, mixed = [], [], [], []
    for row in rows(data / "text/tox_davidson/train.jsonl.gz"):
        text = plain(row["text"])
        labels = words.labels(text, toxic=row["label"] != "neither", hateful=row["label"] == "hate", hate_known=True)
        tweets.append(Example(text, "toxic-tweets", None, labels))
    for row in rows(data / "text/tox_toxic_spans/train_spans.jsonl.gz"):
        if not row["spans"]:
            continue
        pieces = [row["text"][begin:end] for begin, end in row["spans"]]
        text = plain(row["text"])
        spans.append(Example(text, "toxic-comments", None, words.labels(text, toxic=True, pieces=pieces)))
    for row in rows(data / "text/tox_toxic_spans/train_votes.jsonl.gz"):
        text = plain(row["text"])
        share = 1 - row["votes_not_toxic"] / row["votes"]
        labels = words.labels(text, toxic=share > 0.5)
        votes.append(Example(text, "toxic-votes", None, (0.3 + 0.7 * share, *labels[1:])))
    for row in rows(data / "text/tox_surge/train.jsonl"):
        text = plain(row["text"])
        mixed.append(Example(text, "toxic-posts", None, words.labels(text, toxic=row["label"] == "toxic")))
    return {"tweets": tweets, "spans": spans, "votes": votes, "posts": mixed}


def with_clean_labels(examples: list[Example], words: ToxicWords) -> list[Example]:
    """Marks texts of sets that are not toxic as such, where no word of theirs speaks against it."""
    return [
        example
        if example.toxicity is not None or words.profane(example.text)
        else replace(example, toxicity=(0.0,) * len(TOXICITIES))
        for example in examples
    ]


def encyclopedia(data: Path) -> list[Example]:
    """Sentences of Wikipedia, as CrossNER (MIT) and WikiGold (CC BY 4.0) hold them: they tell and do not judge."""
    paths = (data / "text/ner_crossner/train.conll.gz", data / "text/ner_wikigold/train.conll")
    return [
        Example(_SPACE_BEFORE_MARK.sub(r"\1", " ".join(words)), "encyclopedia", one_hot("neutral"))
        for path in paths
        for words, _ in sentences(path)
        if len(words) >= _SHORTEST_TOLD
    ]


def composed(pool: list[Example], told: list[str], count: int, chance: random.Random) -> list[Example]:
    """Makes texts of several sentences, as reviews are, from single ones.

    What is felt comes from one set. Most texts are of one mind, with some sentences that say the opposite and some that
    only tell; one in eight is of two minds.

    Args:
        pool: single sentences with what they feel.
        told: sentences that only tell.
        count: how many texts.
        chance: decides.
    """
    kinds: dict[tuple[str, int], list[str]] = {}
    for example in pool:
        if example.sentiment and max(example.sentiment) > 0.7:
            label = example.sentiment.index(max(example.sentiment))
            kinds.setdefault((example.source, label), []).append(example.text)
    sources = sorted({source for source, _ in kinds})
    made = []
    for number in range(count):
        source = chance.choice(sources)
        labels, whole = _parts(chance, number)
        pieces = [
            chance.choice(
                told if label == _TOLD and chance.random() < 0.5 else kinds.get((source, label), told)
            ).strip()
            for label in labels
        ]
        text = " ".join(piece if re.search(r"[.!?]$", piece) else piece + "." for piece in pieces)
        made.append(Example(text, f"composed-{source}", one_hot(whole)))
    return made


def _parts(chance: random.Random, number: int) -> tuple[list[int], str]:
    """Decides what the sentences of a composed text feel (places in SENTIMENTS), and what the text does."""
    length = chance.choice((2, 3, 3, 4, 5, 6, 8, 10))
    telling = chance.randint(0, length // 2)
    felt = length - telling
    if number % 8 == 7 and felt > 1:
        labels, whole = [0] * (felt // 2) + [1] * (felt - felt // 2), "mixed"
    else:
        main = number % 2
        opposite = chance.randint(0, (felt - 1) // 3)
        labels, whole = [main] * (felt - opposite) + [1 - main] * opposite, SENTIMENTS[main]
    if chance.random() < 0.5:
        labels += [_TOLD] * telling
        chance.shuffle(labels)
    else:  # first the story, then the verdict
        chance.shuffle(labels)
        labels = [_TOLD] * telling + labels
    return labels, whole
