"""Which of the labelled English texts the reader of opinions learns from, and which are held out to judge it by."""

from __future__ import annotations

import random
from pathlib import Path

from training.text import opinion_sets as sets
from training.text import toxic_templates
from training.text.toxic_words import ToxicWords

HELD_OUT = {"films": 500, "rated-amazon": 300, "toxic-tweets": 1500, "toxic-posts": 300, "sent_targets_tsamd": 150}
"""Examples of a set, the first in an order of chance, that nothing learns from."""
_SETS_SEED = 7


def read_sets(data: Path) -> tuple[list[sets.Example], list[sets.Example]]:
    """Returns what is learned from and what is held out: the same, whatever seed a training has."""
    words = ToxicWords(data / "text/tox_surge")
    toxic = sets.toxic(data, words)
    clean = [
        *sets.films(data),
        *sets.rated(data, "amazon"),
        *sets.rated(data, "tweets"),
        *[one for one in sets.comments(data) if one.sentiment == sets.one_hot("positive")],
        *sets.targeted(data, "sent_targets_mams", "train.jsonl.gz", all_targets=True),
        *sets.targeted(data, "sent_targets_tsamd", "train.jsonl", all_targets=True),
        *sets.targeted(data, "sent_targets_newsmtsc", "train.jsonl.gz", all_targets=False),
    ]
    whole = [
        *sets.with_clean_labels(clean, words),
        *[one for one in sets.comments(data) if one.sentiment != sets.one_hot("positive")],
        *sets.subtitles(data),
        *(example for part in toxic.values() for example in part),
        *templates(_SETS_SEED),
    ]
    random.Random(_SETS_SEED).shuffle(whole)
    left = dict(HELD_OUT)
    learned, held = [], []
    for example in whole:
        if left.get(example.source, 0) > 0:
            left[example.source] -= 1
            held.append(example)
        else:
            learned.append(example)
    learned += sets.with_clean_labels(sets.encyclopedia(data), words)
    return learned, held


def templates(seed: int) -> list[sets.Example]:
    """Our own sentences for the kinds of toxicity."""
    return [
        sets.Example(
            text,
            "toxic-templates",
            None,
            tuple(float(labels.get(name, 0)) for name in sets.TOXICITIES),
        )
        for text, labels in toxic_templates.sentences(random.Random(seed))
    ]
