"""Puts examples of several sets into batches of like length."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from training.text.opinion_sets import TOXICITIES, Example

LONGEST = 192
"""Word pieces of a text that are read while learning."""
IGNORED = -100
_CHUNK = 2000
_MASK_PIECE = 103
_FORGOTTEN = 0.05


@dataclass(frozen=True, slots=True)
class Encoded:
    """An example as numbers: `mentions` holds 0, 1, 2 or IGNORED for each piece, `feelings` 0, 1, 2 or IGNORED."""

    pieces: list[int]
    source: int
    sentiment: tuple[float, ...] | None
    toxicity: tuple[float, ...] | None
    mentions: list[int]
    feelings: list[int]


@dataclass(frozen=True, slots=True)
class Batch:
    """Examples of like length, padded; rows without a label hold nan (shares, toxicities) or IGNORED (pieces)."""

    pieces: Tensor
    mask: Tensor
    sources: Tensor
    sentiment: Tensor
    toxicity: Tensor
    mentions: Tensor
    feelings: Tensor


def encode(examples: Sequence[Example], tokenizer: Tokenizer, sources: Mapping[str, int]) -> list[Encoded]:
    """Cuts texts into word pieces and lays their labels over them."""
    encodings = tokenizer.encode_batch([example.text for example in examples])
    found = []
    for example, encoding in zip(examples, encodings, strict=True):
        length = min(len(encoding.ids), LONGEST)
        mentions = [0 if example.all_targets else IGNORED] * length
        feelings = [IGNORED] * length
        mentions[0] = mentions[-1] = IGNORED
        for target in example.targets:
            first = True
            for index, (begin, end) in enumerate(encoding.offsets[:length]):
                if begin < end and target.begin <= begin and end <= target.end:
                    mentions[index] = 1 if first else 2
                    feelings[index] = target.sentiment
                    first = False
        found.append(
            Encoded(
                encoding.ids[: length - 1] + encoding.ids[-1:],
                sources[example.source],
                example.sentiment,
                example.toxicity,
                mentions,
                feelings,
            )
        )
    return found


def batches(examples: Sequence[Encoded], pieces: int, chance: random.Random) -> Iterator[Batch]:
    """Yields all examples once, in batches of about as many pieces, padding included; some pieces are masked."""
    order = list(range(len(examples)))
    chance.shuffle(order)
    ready: list[list[Encoded]] = []
    for start in range(0, len(order), _CHUNK):
        chunk = sorted((examples[index] for index in order[start : start + _CHUNK]), key=lambda one: len(one.pieces))
        group: list[Encoded] = []
        for example in chunk:
            if group and len(example.pieces) * (len(group) + 1) > pieces:
                ready.append(group)
                group = []
            group.append(example)
        ready.append(group)
    chance.shuffle(ready)
    for group in ready:
        yield padded(group, forgotten=_FORGOTTEN)


def padded(group: Sequence[Encoded], *, forgotten: float = 0.0) -> Batch:
    """Makes one batch; a share of `forgotten` of its pieces is masked."""
    longest = max(len(example.pieces) for example in group)

    def rows(values: list[list[int]], fill: int) -> Tensor:
        return torch.tensor([row + [fill] * (longest - len(row)) for row in values])

    pieces = rows([example.pieces for example in group], 0)
    mask = (pieces != 0).long()
    if forgotten:
        pieces[(torch.rand(pieces.shape) < forgotten) & (pieces > 999)] = _MASK_PIECE
    nothing = (float("nan"),)
    return Batch(
        pieces,
        mask,
        torch.tensor([example.source for example in group]),
        torch.tensor(np.array([example.sentiment or nothing * 4 for example in group], np.float32)),
        torch.tensor(np.array([example.toxicity or nothing * len(TOXICITIES) for example in group], np.float32)),
        rows([example.mentions for example in group], IGNORED),
        rows([example.feelings for example in group], IGNORED),
    )
