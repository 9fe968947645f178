"""How well the sentiment of texts is told.

make bench-peers && .venv/bin/python -m benchmarks.text_sentiment [--every 1] [--write]

English: the development parts of amazon_reviews_en (no word of which was learned from), sentiment_tweets_8lang (the
same) and sentence_polarity (most of which was learned from: what is shown is the held-out tenth).
Reviews and film sentences have no neutral class: a text counts as right when the right one of positive and negative has
more confidence; in brackets, when the answer itself is right. VADER beside it where its environment was made.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

from training.text.opinion_split import read_sets

from benchmarks.report import table
from benchmarks.text.labelled import DATA, csv_rows, every, json_rows
from benchmarks.text.page import publish
from benchmarks.text.vader import asked_of_vader
from clary.engines.text.contract import Sentiment
from clary.engines.text.feelings import Feelings

LANGUAGES = {
    "spanish": "es",
    "french": "fr",
    "german": "de",
    "italian": "it",
    "portuguese": "pt",
    "arabic": "ar",
}
Labelled = list[tuple[str, str]]
Answer = Callable[[Sequence[str]], list[Sentiment] | None]


def sides_right(found: list[Sentiment], labelled: Labelled) -> str:
    """Accuracy between positive and negative, and of the answers."""
    sides = answers = 0
    for one, (_, label) in zip(found, labelled, strict=True):
        other = {"positive": "negative", "negative": "positive"}[label]
        sides += one["scores"][label] > one["scores"][other]
        answers += one["sentiment"] == label
    return f"{100 * sides / len(labelled):.1f} ({100 * answers / len(labelled):.1f})"


def classes_right(found: list[Sentiment], labelled: Labelled) -> float:
    """Accuracy of the answers among three classes."""
    right = 0
    for one, (_, label) in zip(found, labelled, strict=True):
        right += max(("positive", "negative", "neutral"), key=one["scores"].__getitem__) == label
    return 100 * right / len(labelled)


def calibration_error(found: list[Sentiment], labelled: Labelled) -> float:
    """Expected calibration error of the answers over ten bins (Naeini et al. 2015), in points."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for one, (_, label) in zip(found, labelled, strict=True):
        score = one["scores"][one["sentiment"]]
        bins.setdefault(min(9, math.floor(score * 10)), []).append((score, one["sentiment"] == label))
    gaps = (abs(sum(score for score, _ in rows) - sum(right for _, right in rows)) for rows in bins.values())
    return 100 * sum(gaps) / len(labelled)


def vader(texts: Sequence[str]) -> list[Sentiment] | None:
    """VADER's answers in the form of ours, with the thresholds that its authors name."""
    answered = asked_of_vader(texts)
    if answered is None:
        return None
    found = []
    for score in answered["compound"]:
        side = "positive" if score >= 0.05 else "negative" if score <= -0.05 else "neutral"
        scores = {"positive": (1 + score) / 2, "negative": (1 - score) / 2, "neutral": 0.0, "mixed": 0.0}
        found.append(Sentiment(sentiment=side, scores={**scores, side: 1.0}))
    return found


def sets(step: int) -> dict[str, Labelled]:
    """The English sets."""
    reviews = [(row["text"], row["label"]) for row in json_rows("amazon_reviews_en/dev/reviews.jsonl")[::step]]
    tweets = csv_rows("sentiment_tweets_8lang/dev/tweets.csv")
    found = {
        "amazon_reviews_en dev": reviews,
        "tweets, English dev": [(row["text"], row["label"]) for row in tweets if row["language"] == "english"],
    }
    _, held = read_sets(DATA)
    found["sentence_polarity, held out"] = [
        (one.text, "positive" if one.sentiment[0] == 1 else "negative")
        for one in held
        if one.source == "films" and one.sentiment
    ]
    return found


def english(feelings: Feelings, step: int) -> str:
    models: dict[str, Answer] = {"Clary": lambda texts: feelings.sentiment(texts, "en"), "VADER": vader}
    rows = []
    for set_name, labelled in sets(step).items():
        for model_name, answer in models.items():
            found = answer([text for text, _ in labelled])
            if found is None:
                continue
            polar = "tweets" not in set_name
            shown = sides_right(found, labelled) if polar else f"{classes_right(found, labelled):.1f}"
            error = f"{calibration_error(found, labelled):.1f}" if model_name == "Clary" else "-"
            rows.append([set_name, model_name, str(len(labelled)), shown, error])
    return table(("set", "model", "texts", "accuracy %", "calibration error, points"), rows)


def mixed(feelings: Feelings) -> str:
    """How often what praises and blames is called mixed: restaurant sentences with targets, of MAMS's official test."""
    rows = json_rows("text/sent_targets_mams/test.jsonl")
    of_two_minds = [{"POSITIVE", "NEGATIVE"} <= {target["sentiment"] for target in row["targets"]} for row in rows]
    found = [one["sentiment"] == "mixed" for one in feelings.sentiment([row["text"] for row in rows], "en")]
    both = sum(of_two_minds)
    right = sum(truth and said for truth, said in zip(of_two_minds, found, strict=True))
    counts = f"{both} of {len(rows)} sentences of MAMS's test praise one thing and blame another"
    return f"MIXED: {counts}; recall {100 * right / both:.0f} %, precision {100 * right / max(1, sum(found)):.0f} %."


def other_languages(feelings: Feelings) -> str:
    by_language: dict[str, Labelled] = {}
    for row in csv_rows("sentiment_tweets_8lang/dev/tweets.csv"):
        if row["language"] in LANGUAGES:
            by_language.setdefault(LANGUAGES[row["language"]], []).append((row["text"], row["label"]))
    rows = []
    for language, labelled in by_language.items():
        found = feelings.sentiment([text for text, _ in labelled], language)
        most = 100 * Counter(label for _, label in labelled).most_common(1)[0][1] / len(labelled)
        rows.append([language, str(len(labelled)), f"{most:.1f}", f"{classes_right(found, labelled):.1f}"])
    chinese = [
        (row["text"], "positive" if row["label"] == "1" else "negative")
        for row in csv_rows("product_reviews_zh/dev/reviews.csv")
    ]
    shown = sides_right(feelings.sentiment([text for text, _ in chinese], "zh"), chinese)
    rows.append(["zh: shop reviews", str(len(chinese)), "50", shown])
    korean = [
        (row["text"], row["label"].lower())
        for row in json_rows("text/sent_nsmc_ko/train.jsonl.gz")[::10]
        if row["label"] != "MIDDLE"
    ]
    shown = sides_right(feelings.sentiment([text for text, _ in korean], "ko"), korean)
    rows.append(["ko: film reviews", str(len(korean)), "50", shown])
    return table(("language: tweets of three classes", "texts", "the most frequent class %", "accuracy %"), rows)


def main() -> None:
    feelings = Feelings.load()
    parts = (english(feelings, every(1)), mixed(feelings), other_languages(feelings))
    publish("text_sentiment", "\n\n".join(parts))


if __name__ == "__main__":
    main()
