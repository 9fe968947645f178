"""One pass over an English text: its words with what each may be as part of an entity, of speech and of a noun phrase.

A small encoder fine-tuned for all three questions (`training/text/english_tagger.md`). Sentences are read alone, as in
training; `stretches.py` cuts very long ones. What was read last is remembered, so that several questions about one text
cost one pass.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from tokenizers import Tokenizer

from clary.engines.text.labels import Span, best_labels, spans
from clary.engines.text.memory import Memory
from clary.engines.text.pieces import like_lengths
from clary.engines.text.sessions import WEIGHTS, run_all, session
from clary.engines.text.stretches import Stretch, alike, stretches
from clary.engines.text.words import Word, words

_PIECES_PER_WORD = 8

Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the tagger says of a text.

    Attributes:
        words: all its words.
        sentences: word numbers, first and one after the last, of each stretch that was read at once.
        entities: the entities as word spans, with their types.
        phrases: the noun phrases as word spans.
        tags: the part of speech of each word, as a number of `EnglishTagger.tags`; "O" for one that was not read.
        tag_scores: the confidence of each; 0 for one that was not read.
    """

    words: list[Word]
    sentences: list[tuple[int, int]]
    entities: list[Span]
    phrases: list[Span]
    tags: NDArray[np.int64]
    tag_scores: Scores


class EnglishTagger:
    """Reads English texts. Several threads may share one.

    Args:
        model: takes pieces, mask and shapes, all [stretches, length]; gives answers [stretches, length, labels + tags
            + chunks].
        tokenizer: the encoder's word pieces.
        names: the names of the answers: "labels", "tags" and "chunks".
    """

    def __init__(self, model: onnxruntime.InferenceSession, tokenizer: Tokenizer, names: dict[str, list[str]]) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._unknown = int(tokenizer.token_to_id("[UNK]") or 0)
        self.labels, self.tags, self.chunks = names["labels"], names["tags"], names["chunks"]
        self._memory: Memory[Reading] = Memory()

    @classmethod
    def load(cls, folder: Path = WEIGHTS, threads: int | None = None) -> EnglishTagger:
        """Opens the tagger that Clary ships.

        Args:
            folder: holds `english_tagger.onnx`, `english_tagger.json` and `minilm-tokenizer.json`.
            threads: processors that one call may use; all by default.
        """
        tokenizer = Tokenizer.from_file(str(folder / "minilm-tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.no_truncation()
        names: dict[str, Any] = json.loads((folder / "english_tagger.json").read_text())
        return cls(session(folder / "english_tagger.onnx", threads), tokenizer, names)

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """Returns what the tagger says of each text."""
        known = self._memory.of(texts)
        fresh = [text for text in dict.fromkeys(texts) if text not in known]
        new = dict(zip(fresh, self._read(fresh), strict=True))
        self._memory.keep(new)
        known |= new
        return [known[text] for text in texts]

    def _read(self, texts: Sequence[str]) -> list[Reading]:
        found = [words(text, "en") for text in texts]
        made: list[Stretch] = []
        for number, (text, its_words) in enumerate(zip(texts, found, strict=True)):
            pieces = self._pieces([word.text for word in its_words])
            made += stretches(number, text, its_words, pieces)
        other = self.tags.index("O")
        readings = [
            Reading(its, [], [], [], np.full(len(its), other, np.int64), np.zeros(len(its), np.float32))
            for its in found
        ]
        groups = alike(made)
        ready = [
            [groups[number] for number in places] for places in like_lengths([len(one[0].pieces) for one in groups])
        ]
        answered = run_all(self._model, ["answers"], [_inputs([group[0] for group in batch]) for batch in ready])
        for batch, (answers,) in zip(ready, answered, strict=True):
            self._place(batch, answers, readings)
        for reading in readings:
            reading.sentences.sort()
            reading.entities.sort()
            reading.phrases.sort()
        return readings

    def _pieces(self, texts: list[str]) -> list[list[int]]:
        distinct = list(dict.fromkeys(texts))
        coded = self._tokenizer.encode_batch_fast(
            [text[:100].encode("utf-8", "replace").decode("utf-8") for text in distinct], add_special_tokens=False
        )
        ids = {text: one.ids[:_PIECES_PER_WORD] or [self._unknown] for text, one in zip(distinct, coded, strict=True)}
        return [ids[text] for text in texts]

    def _place(self, batch: list[list[Stretch]], answers: Scores, readings: list[Reading]) -> None:
        """Puts the model's answers for the first pieces of words into the readings.

        Args:
            batch: for each of the answers' rows, the stretches that are all alike.
            answers: [rows, pieces, labels + tags + chunks].
            readings: what they are put into.
        """
        counts = [len(group[0].starts) for group in batch]
        starts = np.zeros((len(batch), max(counts)), np.int64)
        for row, group in enumerate(batch):
            starts[row, : counts[row]] = group[0].starts
        answers = np.take_along_axis(answers, starts[:, :, None], 1)
        cut = len(self.labels), len(self.labels) + len(self.tags)
        entities, tags, chunks = (_softmax(part) for part in np.split(answers, cut, 2))
        entity_rows = best_labels(entities, self.labels, counts)
        chunk_rows = best_labels(chunks, self.chunks, counts)
        best = tags.argmax(2)
        for row, group in enumerate(batch):
            count = counts[row]
            named = spans(entity_rows[row], entities[row, :count], self.labels)
            phrases = spans(chunk_rows[row], chunks[row, :count], self.chunks)
            sure = tags[row, np.arange(count), best[row, :count]]
            for one in group:
                reading = readings[one.text]
                reading.sentences.append((one.begin, one.end))
                reading.entities.extend(span.moved(one.begin) for span in named)
                reading.phrases.extend(span.moved(one.begin) for span in phrases)
                reading.tags[one.begin : one.end] = best[row, :count]
                reading.tag_scores[one.begin : one.end] = sure


def _softmax(scores: Scores) -> Scores:
    exponents = np.exp(scores - scores.max(2, keepdims=True))
    probabilities: Scores = exponents / exponents.sum(2, keepdims=True)
    return probabilities


def _inputs(batch: list[Stretch]) -> dict[str, NDArray[np.int64]]:
    """What the model takes: pieces, mask and shapes, padded to the longest."""
    longest = max(len(one.pieces) for one in batch)
    arrays = {name: np.zeros((len(batch), longest), np.int64) for name in ("pieces", "mask", "shapes")}
    for row, one in enumerate(batch):
        arrays["pieces"][row, : len(one.pieces)] = one.pieces
        arrays["mask"][row, : len(one.pieces)] = 1
        arrays["shapes"][row, : len(one.shapes)] = one.shapes
    return arrays
