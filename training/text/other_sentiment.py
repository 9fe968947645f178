"""Trains the sentiment of languages other than English: a linear model of pieces of words for each.

    python -m training.text.other_sentiment --data ../shared/data --out src/clary/engines/text/weights

Run from the root of the project with `src` on PYTHONPATH. Weights come from sets that may be shipped: XED, AfriSenti,
ArSarcasm, NSMC, ASAP, and for what the languages of Europe share, GoEmotions and VADER's tweets. Where the middle and
the neutral lie, and how sharp confidence is, is set on the development part of sentiment_tweets_8lang (of
product_reviews_zh for Chinese, of every tenth review of NSMC for Korean), from which no word is learned.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from clary.engines.text.cleaning import plain
from clary.engines.text.feeling_counts import FeelingWords
from clary.engines.text.lexical_sentiment import Settings, confidences, evidence, pieces_of_words
from training.text.opinion_sets import rows

EUROPEAN = ("es", "fr", "de", "it", "pt")
_TWEETS = {"spanish": "es", "french": "fr", "german": "de", "italian": "it", "portuguese": "pt", "arabic": "ar"}
_START = {
    **dict.fromkeys(EUROPEAN, (2.5, 1.0)),
    "ar": (1.5, 1.5),
    "zh": (2.5, 1.0),
    "ko": (0.0, 1.0),
}
"""How much words and pictures of feeling count."""
_SHARE = {**dict.fromkeys(EUROPEAN, 0.35), "ar": 0.7, "zh": 0.35, "ko": 1.0}
"""How much a language's own pieces count; those of the languages of Europe together count 0.35 there."""
_MIXED_PRIOR = -2.5
"""The logit of how many texts are mixed."""
_CLASSES = ("POSITIVE", "NEGATIVE", "NEUTRAL", "MIXED")
Labelled = list[tuple[str, str]]


def labelled(paths: Iterable[Path]) -> Labelled:
    """Reads texts and labels, cleaned."""
    return [(plain(row["text"]), row["label"]) for path in paths for row in rows(path)]


def training_sets(text: Path) -> dict[str, Labelled]:
    """Returns what each language learns from."""
    found = {language: labelled([text / f"sent_xed/{language}.jsonl"]) for language in (*EUROPEAN, "ar", "zh")}
    found["pt"] += labelled([text / "sent_afrisenti/por_train.jsonl"])
    found["ar"] += labelled([text / "sent_afrisenti/arq_train.jsonl", text / "sent_afrisenti/ary_train.jsonl"])
    found["ar"] += labelled([text / "sent_arsarcasm_ar/train.jsonl.gz"])
    found["zh"] += labelled([text / "sent_asap_sample_zh/train.jsonl"])
    found["ko"] = [pair for number, pair in enumerate(labelled([text / "sent_nsmc_ko/train.jsonl.gz"])) if number % 10]
    return found


def judging_sets(data: Path) -> dict[str, Labelled]:
    """Returns what the settings are found on."""
    found: dict[str, Labelled] = {}
    with (data / "sentiment_tweets_8lang/dev/tweets.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["language"] in _TWEETS:
                found.setdefault(_TWEETS[row["language"]], []).append((plain(row["text"]), row["label"].upper()))
    reviews = next((data / "product_reviews_zh/dev").glob("*.csv"))
    with reviews.open(encoding="utf-8", newline="") as file:
        found["zh"] = [
            (plain(row["text"]), "POSITIVE" if row["label"] == "1" else "NEGATIVE") for row in csv.DictReader(file)
        ]
    korean = labelled([data / "text/sent_nsmc_ko/train.jsonl.gz"])[::10]
    found["ko"] = [(text, "NEUTRAL" if label == "MIDDLE" else label) for text, label in korean]
    return found


def fit(pairs: Labelled, pieces: Any) -> LogisticRegression:
    """Learns to tell positive from negative texts."""
    polar = [(text, label) for text, label in pairs if label in ("POSITIVE", "NEGATIVE")]
    model = LogisticRegression(C=3, class_weight="balanced", solver="liblinear", random_state=7)
    return model.fit(pieces.transform([text for text, _ in polar]), [label == "POSITIVE" for _, label in polar])


def mixed_logit(pairs: Labelled, language: str) -> tuple[float, float]:
    """Learns how likely a text is mixed by what it has both of: of a glad and a sad text one after the other."""
    kinds = {label: [text for text, found in pairs if found == label] for label in ("POSITIVE", "NEGATIVE")}
    words, chance = FeelingWords(language), np.random.default_rng(7)
    both, truth = [], []
    for number in range(3000):
        second = ("POSITIVE", "NEGATIVE")[number % 2]
        first = ("POSITIVE", "NEGATIVE")[number // 2 % 2]
        text = " ".join(str(chance.choice(kinds[label])) for label in (first, second))
        both.append(min(words.counts(text)[:2]))
        truth.append(first != second)
    model = LogisticRegression().fit(np.array(both)[:, None], truth)
    return (round(float(model.intercept_[0]) + _MIXED_PRIOR, 3), round(max(0.0, float(model.coef_[0, 0])), 3))


def settled(from_pieces: NDArray[Any], counts: NDArray[Any], truth: NDArray[Any], start: Settings) -> Settings:
    """Finds the middle and the reach of most right answers, then the sharpness of the likeliest ones."""
    has_neutral = bool((truth == 2).any())
    best, found = -1.0, start
    for middle in np.arange(-0.9, 0.91, 0.15):
        for reach in np.arange(0.1, 1.3, 0.15) if has_neutral else (0.1,):
            tried = replace(start, middle=round(float(middle), 2), reach=round(float(reach), 2))
            answers = confidences(from_pieces, counts, tried)[:, :3].argmax(axis=1)
            right = float((answers == truth).mean()) - 0.01 * abs(middle)
            if right > best:
                best, found = right, tried
    rates = [replace(found, sharpness=float(rate)) for rate in (0.5, 0.75, 1, 1.5, 2, 3)]
    return min(rates, key=lambda one: -np.log(confidences(from_pieces, counts, one)[range(len(truth)), truth]).mean())


def main() -> None:
    """Trains all languages, writes their weights and prints what their settings were found with."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    text, pieces = options.data / "text", pieces_of_words()
    learned, judged = training_sets(text), judging_sets(options.data)
    shared = [pair for language in EUROPEAN for pair in learned[language]]
    shared += labelled([text / "sent_goemotions/train.jsonl.gz", text / "sent_vader/tweets.jsonl"])
    together = fit(shared, pieces)
    stored, said = {}, {}
    for language, pairs in learned.items():
        own, share = fit(pairs, pieces), _SHARE[language]
        weights, constant = share * own.coef_[0], share * float(own.intercept_[0])
        if language in EUROPEAN:
            weights, constant = weights + 0.35 * together.coef_[0], constant + 0.35 * float(together.intercept_[0])
        scale = float(np.abs(weights).max()) / 127
        stored[language] = np.round(weights / scale).astype(np.int8)
        words = FeelingWords(language)
        counts = np.array([words.counts(one) for one, _ in judged[language]])
        from_pieces = pieces.transform([one for one, _ in judged[language]]) @ (stored[language] * scale) + constant
        truth = np.array([_CLASSES.index(label) for _, label in judged[language]])
        start = Settings(*_START[language], 0.0, 0.5, 1.0, mixed_logit(pairs, language))
        settings = settled(from_pieces, counts, truth, start)
        answers = confidences(from_pieces, counts, settings)[:, :3].argmax(axis=1)
        polar = truth < 2
        sides = (evidence(from_pieces, counts, settings) > 0) == (truth == 0)
        print(
            language, f"classes {(answers == truth).mean():.3f} sides {sides[polar].mean():.3f}", settings, flush=True
        )
        said[language] = {"scale": scale, "constant": constant, "settings": asdict(settings)}
    np.savez_compressed(options.out / "other-sentiment.npz", **stored)
    whole = json.dumps({"languages": said}, indent=1)
    (options.out / "other-sentiment.json").write_text(whole + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
