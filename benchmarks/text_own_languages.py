"""How well the users' own classifiers and recognizers learn in each language, and how well several labels at once.

.venv/bin/python -m benchmarks.text_own_languages [--write]

Reads `sentiment_tweets_8lang`, `product_reviews_zh`, `text/sent_nsmc_ko`, `text/sent_goemotions` and `ner_wikineural`
beside the project. Nothing of them but GoEmotions is in what Clary ships; each row learns from one part of a set and is
measured on another.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

from benchmarks.report import table
from benchmarks.text.labelled import DATA, csv_rows, json_rows
from benchmarks.text.page import publish
from benchmarks.text_classification import sentences
from benchmarks.text_sentiment import LANGUAGES
from clary.engines.text.classification import train
from clary.engines.text.classification_metrics import indicators, measure, predictions
from clary.engines.text.encoder import Encoder
from clary.engines.text.own_entities import EntityList
from clary.engines.text.own_entities import train as train_entities
from clary.engines.text.tagger_features import TaggerFeatures

SEED = 17
MOST_LEARNED, MOST_MEASURED = 2000, 1000
TWEETS = {"english": "en", **LANGUAGES, "hindi": "hi"}
LEARNED_SENTENCES = 400
Rows = list[tuple[str, list[str]]]


def parts(rows: Rows) -> tuple[Rows, Rows]:
    """Four fifths, and the last fifth, of shuffled rows, of each at most so many."""
    random.Random(SEED).shuffle(rows)
    cut = len(rows) * 4 // 5
    return rows[:cut][:MOST_LEARNED], rows[cut:][:MOST_MEASURED]


def tweets() -> dict[str, Rows]:
    """Tweets of three feelings by the code of their language."""
    found: dict[str, Rows] = {}
    for row in csv_rows("sentiment_tweets_8lang/dev/tweets.csv"):
        found.setdefault(TWEETS.get(row["language"], row["language"]), []).append((row["text"], [row["label"]]))
    return found


def reviews_zh() -> Rows:
    """Chinese reviews with the ten kinds of goods they are about."""
    return [(row["text"], [row["category"]]) for row in csv_rows("product_reviews_zh/dev/reviews.csv")]


def labelled(path: str, member: str) -> Rows:
    """Texts with one label or several."""
    return [(one["text"], one[member] if isinstance(one[member], list) else [one[member]]) for one in json_rows(path)]


def classifier(name: str, language: str, training: Rows, test: Rows, *, several: bool = False) -> list[str]:
    """A row of the table; of several labels the micro F1, against that of always telling the most frequent one."""
    embed = Encoder.load().embed
    model = train([text for text, _ in training], [own for _, own in training], several=several, embed=embed)
    truth = indicators([own for _, own in test], model.labels)
    found = predictions(model.probabilities([text for text, _ in test], embed), several=several)
    metrics = measure(truth, found)
    most, count = Counter(label for _, own in test for label in own).most_common(1)[0]
    if several:
        held = sum(len(own) for _, own in test)
        quality = f"micro F1 {metrics['micro_f1']:.3f}"
        plain = f"{2 * count / (len(test) + held):.3f} ({most})"
    else:
        quality, plain = f"accuracy {metrics['accuracy']:.3f}", f"{count / len(test):.3f}"
    told = f"classifier, {name} ({len(model.labels)} {'labels, several at once' if several else 'classes'})"
    return [language, told, f"{len(training):,} / {len(test):,}", quality, plain]


def recognizer(language: str) -> list[str]:
    """A row of the table: names in sentences of Wikipedia, learned from others."""
    texts, mentions = sentences(DATA / f"ner_wikineural/dev/{language}.conll")
    cut = LEARNED_SENTENCES
    outside = TaggerFeatures.load() if language == "en" else None
    model = train_entities(texts[:cut], mentions[:cut], language=language, listed=EntityList({}), outside=outside)
    found, there = model.find(texts[cut:]), mentions[cut:]
    right = sum(
        len({one[:3] for one in own} & {one[:3] for one in real}) for own, real in zip(found, there, strict=True)
    )
    score = 2 * right / (sum(map(len, found)) + sum(map(len, there)))
    return [language, "recognizer, names (4 types)", f"{cut:,} / {len(there):,}", f"exact span F1 {score:.3f}", "-"]


def emotions(rows: Rows, least: Sequence[str]) -> Rows:
    """Rows with those of their emotions that are told apart here."""
    return [(text, own) for text, every in rows if (own := [one for one in every if one in least])]


def main() -> None:
    """Measures everything."""
    rows = [classifier("feelings of tweets", language, *parts(own)) for language, own in tweets().items()]
    rows.append(classifier("kinds of goods", "zh", *parts(reviews_zh())))
    films = labelled("text/sent_nsmc_ko/train.jsonl.gz", "label")
    rows.append(classifier("feelings about films", "ko", *parts(films)))
    training = labelled("text/sent_goemotions/train.jsonl.gz", "emotions")
    random.Random(SEED).shuffle(training)
    training = training[: 2 * MOST_LEARNED]
    counts = Counter(label for _, own in training for label in own)
    enough = [label for label, count in counts.items() if count >= 10]
    test = emotions(labelled("text/sent_goemotions/test.jsonl", "emotions"), enough)[:MOST_MEASURED]
    rows.append(classifier("emotions", "en", emotions(training, enough), test, several=True))
    rows += [recognizer(language) for language in ("en", "es", "fr", "de", "it", "pt")]
    head = ("language", "what", "learned from / measured on", "quality", "the most frequent alone")
    publish("text_own_languages", table(head, rows))


if __name__ == "__main__":
    main()
