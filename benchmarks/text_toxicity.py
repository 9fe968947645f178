"""How well toxic English texts are told from others.

.venv/bin/python -m benchmarks.text_toxicity [--write]

Area under the ROC curve. Toxic comments: the official test of toxic_spans (all toxic) against the texts of GoEmotions'
test that are neither negative nor hold a listed term. Tweets and posts: those that the recipe held out. HateCheck: its
whole English suite, a test made of templates that are hard on purpose, against its label for hate speech; nothing of it
is learned from.
"""

from __future__ import annotations

import numpy as np
from sklearn.metrics import roc_auc_score
from training.text.opinion_split import read_sets
from training.text.toxic_words import ToxicWords

from benchmarks.report import machine, table
from benchmarks.text.labelled import DATA, json_rows
from benchmarks.text.page import publish
from clary.engines.text.feelings import Feelings


def area(truth: list[bool], scores: list[float]) -> str:
    return f"{roc_auc_score(truth, scores):.3f}"


def main() -> None:
    feelings = Feelings.load()

    def toxicity(texts: list[str]) -> list[float]:
        return [one["toxicity"] for one in feelings.toxicity(texts, "en")]

    words = ToxicWords(DATA / "text/tox_surge")
    toxic = [row["text"] for row in json_rows("text/tox_toxic_spans/test_spans.jsonl") if row["spans"]]
    clean = [
        row["text"]
        for row in json_rows("text/sent_goemotions/test.jsonl")
        if row["label"] in ("NEUTRAL", "POSITIVE") and not words.profane(row["text"])
    ][:2000]
    rows = [
        [
            "toxic_spans test against clean comments",
            str(len(toxic) + len(clean)),
            area([True] * len(toxic) + [False] * len(clean), toxicity(toxic + clean)),
        ]
    ]
    _, held = read_sets(DATA)
    for source, name in (("toxic-tweets", "tox_davidson, held out"), ("toxic-posts", "tox_surge, held out")):
        some = [one for one in held if one.source == source and one.toxicity]
        truth = [bool(np.array(one.toxicity)[0] > 0.5) for one in some]
        rows.append([name, str(len(some)), area(truth, toxicity([one.text for one in some]))])
    suite = json_rows("text/tox_hatecheck/test_en.jsonl")
    texts, truth = [row["text"] for row in suite], [row["label"] == "hateful" for row in suite]
    found = feelings.toxicity(texts, "en")
    rows.append(["HateCheck, toxicity", str(len(suite)), area(truth, [one["toxicity"] for one in found])])
    hate = [one["labels"]["hate_speech"] for one in found]
    rows.append(["HateCheck, hate speech", str(len(suite)), area(truth, hate)])
    publish("text_toxicity", f"{table(('texts', 'count', 'area'), rows)}\n\n{machine()}.")


if __name__ == "__main__":
    main()
