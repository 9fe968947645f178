"""How well targets are found, and what is felt about them.

.venv/bin/python -m benchmarks.text_targets [--write]

Reads the official tests of MAMS (restaurants; every target marked, pronouns never) and NewsMTSC (news; one or two
targets of a sentence marked, pronouns among them). Mentions count when both ends are right. What MAMS does not mark is
wrong; in NewsMTSC only mentions that overlap a marked target are judged, since of the others nobody said whether they
are right. Pronouns are left out in MAMS. Sentiment: accuracy over the marked mentions that were found, three classes,
mixed never right.
"""

from __future__ import annotations

from benchmarks.report import table
from benchmarks.text.labelled import json_rows
from benchmarks.text.page import publish
from clary.engines.text.host import load

TESTS = {
    "sent_targets_mams/test.jsonl": True,
    "sent_targets_newsmtsc/test_rw.jsonl": False,
    "sent_targets_newsmtsc/test_mt.jsonl": False,
}
"""Whether all targets are marked."""
_PRONOUNS = {"he", "him", "his", "himself", "she", "her", "hers", "it", "its", "they", "them", "their", "theirs"}


def main() -> None:
    engine = load()
    rows = []
    for name, all_marked in TESTS.items():
        sentences = json_rows(f"text/{name}")
        answers = engine.targeted_sentiment([one["text"] for one in sentences], "en")
        hits = wanted = found = right = 0
        for sentence, targets in zip(sentences, answers, strict=True):
            gold = {(one["begin"], one["end"]): one["sentiment"].lower() for one in sentence["targets"]}
            said = {
                (mention["begin"], mention["end"]): mention["sentiment"]["sentiment"]
                for target in targets
                for mention in target["mentions"]
                if (
                    mention["text"].lower() not in _PRONOUNS
                    if all_marked
                    else any(mention["begin"] < end and begin < mention["end"] for begin, end in gold)
                )
            }
            hits += len(gold.keys() & said.keys())
            right += sum(said[span] == feeling for span, feeling in gold.items() if span in said)
            wanted += len(gold)
            found += len(said)
        precision, recall, f1 = 100 * hits / found, 100 * hits / wanted, 200 * hits / (found + wanted)
        rows.append([name, *(f"{x:.1f}" for x in (precision, recall, f1)), f"{100 * right / hits:.1f}"])

    head = ("test", "precision", "recall", "F1", "sentiment accuracy %")
    publish("text_targets", table(head, rows))


if __name__ == "__main__":
    main()
