r"""Makes the shipped reader of English opinions of what `opinion_train` wrote, and calibrates it.

    python -m training.text.opinion_export --data ../shared/data --model FIRST/opinion.pt SECOND/opinion.pt \
        --out src/clary/engines/text/weights

Several models become one by the average of their weights.

Writes `english-opinions.onnx` and `english-opinions.json`. The scales and shifts of sentiment are found on the
development parts of amazon_reviews_en and sentiment_tweets_8lang, on sentence_polarity's held-out sentences and on
sentences of CrossNER's test, those of toxicity on held-out texts of its sets. No word is learned from any of them.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn

from clary.engines.text.opinions import OpinionReader
from training.text import opinion_sets as sets
from training.text import outliers
from training.text.entity_sets import sentences
from training.text.onnx_export import export
from training.text.opinion_batches import LONGEST
from training.text.opinion_model import OpinionModel
from training.text.opinion_split import read_sets
from training.text.opinion_train import averaged, base_model, new_model

_NO_CALIBRATION = {
    "sentiment_scale": 1.0,
    "sentiment_shift": [0.0] * 4,
    "toxicity_scale": [1.0] * 8,
    "toxicity_shift": [0.0] * 8,
    "hate_in_toxicity": 1.0,
    "feeling_scale": 1.0,
    "mention_threshold": 0.5,
}
Logits = NDArray[Any]
_JUDGED_KINDS = 3
_POLAR, _TWEETS, _PLAIN = range(3)
_PLAIN_TEXTS = 600
_WEIGHTS = {_POLAR: 1.0, _TWEETS: 1.0, _PLAIN: 0.25}
"""Of their right answers: whoever asks for sentiment mostly sends opinions."""
_LISTENED = 128
"""Texts that tell which neurons are loud."""


class Reader(nn.Module):
    """The model without what only learning needs."""

    def __init__(self, model: OpinionModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, pieces: Tensor, mask: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Takes [texts, length] pieces and mask; returns the logits of the three heads."""
        sentiment, toxicity, targets = self.model(pieces, mask)
        return sentiment, toxicity, targets


def write(saved: Sequence[Path], texts: Sequence[str], folder: Path) -> None:
    """Writes the average of models, not yet calibrated; `texts` tell which neurons `outliers` sets apart."""
    state = averaged(saved)
    model = new_model(len(state["sources"]))
    model.load_state_dict(state["model"])
    tokenizer = Tokenizer.from_file(str(base_model() / "tokenizer.json"))
    tokenizer.enable_truncation(LONGEST)
    tokenizer.enable_padding()
    read = tokenizer.encode_batch(list(texts))
    inputs = [torch.tensor([one.ids for one in read]), torch.tensor([one.attention_mask for one in read])]
    outliers.set_apart(model, model.encoder, inputs)
    pieces = torch.tensor([[101, 2023, 2003, 102], [101, 2204, 102, 0]])
    export(
        Reader(model),
        {"pieces": pieces, "mask": (pieces != 0).long()},
        {"sentiment": ("texts",), "toxicity": ("texts",), "targets": ("texts", "length")},
        folder / "english-opinions.onnx",
        keep=("sentiment", "toxicity", "targets", *outliers.KEEP),
    )
    (folder / "english-opinions.json").write_text(json.dumps(_NO_CALIBRATION))


def judged(data: Path, held: list[sets.Example]) -> list[tuple[str, NDArray[Any], int]]:
    """Returns texts, the shares of their sentiments, and where each is from: _POLAR, _TWEETS or _PLAIN."""
    found = []
    for number, row in enumerate(sets.rows(data / "amazon_reviews_en/dev/reviews.jsonl")):
        if number % 8 == 0:
            found.append((row["text"], np.array(sets.one_hot(row["label"])), _POLAR))
    with (data / "sentiment_tweets_8lang/dev/tweets.csv").open(encoding="utf-8", newline="") as file:
        found += [
            (row["text"], np.array(sets.one_hot(row["label"])), _TWEETS)
            for row in csv.DictReader(file)
            if row["language"] == "english"
        ]
    found += [(one.text, np.array(one.sentiment), _POLAR) for one in held if one.source == "films"]
    plain = [" ".join(words) for words, _ in sentences(data / "text/ner_crossner/test.conll.gz")][:_PLAIN_TEXTS]
    return found + [(text, np.array(sets.one_hot("neutral")), _PLAIN) for text in plain]


def sentiment_calibration(logits: Logits, shares: Logits, origin: NDArray[Any]) -> tuple[float, list[float]]:
    """Finds the shifts with the most right answers over reviews, tweets and plain statements, then the likeliest scale.

    Without the statements the search would give neutral too little: no review is.
    """
    truth, best, shift = shares.argmax(1), -1.0, np.zeros(4)
    for neutral in np.arange(-3, 1.01, 0.25):
        for negative in np.arange(-0.6, 0.61, 0.15):
            tried = np.array([0.0, negative, neutral, -0.5])
            answers = (logits + tried).argmax(1)
            right = sum(weight * (answers == truth)[origin == one].mean() for one, weight in _WEIGHTS.items())
            if right > best:
                best, shift = float(right), tried
    scales = np.arange(0.3, 1.6, 0.05)
    losses = []
    for scale in scales:
        raised = np.exp((logits + shift) * scale)
        losses.append(-np.log((raised / raised.sum(1, keepdims=True))[range(len(truth)), truth]).mean())
    return round(float(scales[int(np.argmin(losses))]), 3), [round(float(value), 3) for value in shift]


def toxicity_calibration(logits: Logits, truth: Logits) -> tuple[list[float], list[float]]:
    """Finds the scale and shift under which what people said is likeliest: toxic at all, profanity, hate speech.

    The other kinds have labels that words gave, and of toxic texts hardly any that say no: they stay as they are.
    """
    scales, shifts = [], []
    for kind in range(_JUDGED_KINDS):
        known = ~np.isnan(truth[:, kind])
        right, given = truth[known, kind], logits[known, kind]
        best, found = np.inf, (1.0, 0.0)
        for scale in np.arange(0.2, 1.6, 0.1):
            for shift in np.arange(-2, 8.1, 0.25):
                chance = 1 / (1 + np.exp(-(given + shift) * scale))
                loss = -(right * np.log(chance + 1e-9) + (1 - right) * np.log(1 - chance + 1e-9)).mean()
                if loss < best:
                    best, found = loss, (float(scale), float(shift))
        scales.append(round(found[0], 3))
        shifts.append(round(found[1], 3))
    rest = truth.shape[1] - _JUDGED_KINDS
    return scales + [1.0] * rest, shifts + [0.0] * rest


def main() -> None:
    """Writes the model and its calibration."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    learned, held = read_sets(options.data)
    write(options.model, [one.text for one in learned[:_LISTENED]], options.out)
    reader = OpinionReader.load(options.out, threads=1)
    felt = judged(options.data, held)
    logits = reader.sentiment_logits([text for text, _, _ in felt])
    scale, shift = sentiment_calibration(
        logits, np.array([shares for _, shares, _ in felt]), np.array([origin for _, _, origin in felt])
    )
    toxic = [one for one in held if one.toxicity is not None]
    scales, shifts = toxicity_calibration(
        reader.toxicity_logits([one.text for one in toxic]), np.round(np.array([one.toxicity for one in toxic]))
    )
    said = {
        **_NO_CALIBRATION,
        "sentiment_scale": scale,
        "sentiment_shift": shift,
        "toxicity_scale": scales,
        "toxicity_shift": shifts,
    }
    print(said)
    (options.out / "english-opinions.json").write_text(json.dumps(said, indent=1) + "\n")


if __name__ == "__main__":
    main()
