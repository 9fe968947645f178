"""The words that are to be expected on signs: `python -m training.documents.scene_words TEXTS TARGET.npz`.

Data: the sets of `TEXTS` named below, each with a licence that lets its words be counted and given away; the weights'
card and NOTICE name them. A word is letters, with an apostrophe within at most; it is counted in small letters, and
kept where it stands twice. The same texts give the same file.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
LEAST_COUNT = 2
LONGEST = 20
TOKENS = (
    "ner_crossner",
    "ner_gum",
    "ner_re3d",
    "ner_sec_filings",
    "ner_wikigold",
    "int_nlu_eval",
    "snips_intents_slots",
)
TREEBANKS = ("ud_en_ewt", "ud_de_gsd", "ud_es_gsd", "ud_fr_gsd", "ud_it_markit", "ud_pt_bosque")
SENTENCES = (
    "int_banking77",
    "int_clinc150",
    "sent_targets_mams",
    "sent_targets_newsmtsc",
    "sent_xed/en.jsonl",
)
NAMES = ("gaz_companies_sp500", "gaz_names_by_country", "gaz_world_cities")


def main(texts: Path, target: Path) -> None:
    """Counts the words below a folder and writes them."""
    counts: Counter[str] = Counter()
    for piece in pieces(texts):
        counts.update(word.casefold() for word in WORD.findall(piece))
    kept = sorted((word, count) for word, count in counts.items() if count >= LEAST_COUNT and 2 <= len(word) <= LONGEST)
    joined = "\n".join(word for word, _ in kept).encode()
    np.savez_compressed(
        target, words=np.frombuffer(joined, np.uint8), counts=np.array([count for _, count in kept], np.uint32)
    )
    print(len(kept), "words of", sum(counts.values()), "counted")


def pieces(texts: Path) -> Iterator[str]:
    """Words, sentences and names."""
    for name in TOKENS:
        for line in lines(texts / name, ".conll"):
            yield line.split("\t")[0].split(" ")[0]
    for name in TREEBANKS:
        for line in lines(texts / name, ".conllu"):
            fields = line.split("\t")
            if len(fields) > 1:
                yield fields[1]
    for name in SENTENCES:
        for line in lines(texts / name, ".jsonl"):
            value = json.loads(line or "{}")
            yield next((value[key] for key in ("text", "sentence", "utterance") if isinstance(value.get(key), str)), "")
    for name in NAMES:
        for row in csv.reader(lines(texts / name, ".csv", ".txt")):
            yield " ".join(row)


def lines(place: Path, *endings: str) -> Iterator[str]:
    """The lines of a file, or of a folder's files with these endings, gzip or not; test files are left out."""
    files = [place] if place.is_file() else sorted(file for file in place.rglob("*") if file.is_file())
    for file in files:
        plain = file.name.removesuffix(".gz")
        if not plain.endswith(endings) or plain.startswith("test"):
            continue
        stored = file.read_bytes()
        text = (gzip.decompress(stored) if file.suffix == ".gz" else stored).decode()
        yield from (line for line in text.split("\n") if not line.startswith("#"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
