"""How well targets are found, and what is felt about them.

.venv/bin/python -m benchmarks.text_targets [--write]

Reads the official tests of MAMS (restaurants; all targets labelled) and NewsMTSC (news; of the persons of a sentence
mostly one labelled, so that only recall tells something). Mentions: exact F1, pronouns left out, since the sets label
none. Sentiment: accuracy over the labelled mentions that were found, three classes, mixed never right.
"""

from __future__ import annotations

from benchmarks.report import machine, table
from benchmarks.text.labelled import SENTENCE, json_rows, median_milliseconds, texts_a_second
from benchmarks.text.page import publish
from clary.engines.text.host import load

TESTS = ("sent_targets_mams/test.jsonl", "sent_targets_newsmtsc/test_rw.jsonl", "sent_targets_newsmtsc/test_mt.jsonl")
_PRONOUNS = {"he", "him", "his", "himself", "she", "her", "hers", "it", "its", "they", "them", "their", "theirs"}


def main() -> None:
    engine = load()
    rows = []
    for name in TESTS:
        sentences = json_rows(f"text/{name}")
        answers = engine.targeted_sentiment([one["text"] for one in sentences], "en")
        hits = wanted = found = right = 0
        for sentence, targets in zip(sentences, answers, strict=True):
            said = {
                (mention["begin"], mention["end"]): mention["sentiment"]["sentiment"]
                for target in targets
                for mention in target["mentions"]
                if mention["text"].lower() not in _PRONOUNS
            }
            gold = {(one["begin"], one["end"]): one["sentiment"].lower() for one in sentence["targets"]}
            hits += len(gold.keys() & said.keys())
            right += sum(said[span] == feeling for span, feeling in gold.items() if span in said)
            wanted += len(gold)
            found += len(said)
        precision, recall, f1 = 100 * hits / found, 100 * hits / wanted, 200 * hits / (found + wanted)
        rows.append([name, *(f"{x:.1f}" for x in (precision, recall, f1)), f"{100 * right / hits:.1f}"])

    def answer(texts: list[str]) -> object:
        return engine.targeted_sentiment(texts, "en")

    texts = [f"{number} {SENTENCE}" for number in range(200)]
    speed = (
        f"Sentences of 27 words: {texts_a_second(answer, texts):,.0f} a CPU second in batch; "
        f"one alone {median_milliseconds(answer, SENTENCE, 50):.1f} ms (median)."
    )
    head = ("test", "precision", "recall", "F1", "sentiment accuracy %")
    publish("text_targets", f"{table(head, rows)}\n\n{speed} {machine()}.")


if __name__ == "__main__":
    main()
