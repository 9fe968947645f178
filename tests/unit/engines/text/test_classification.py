"""The users' own classes: learned, calibrated, kept and read back."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clary.engines.text.classification import DocumentClassifier, train
from clary.engines.text.classification_metrics import confusion, indicators, measure, predictions

WORDS = {
    "animals": ["cat", "dog", "horse", "sheep", "cow", "goat", "bear", "wolf"],
    "tools": ["hammer", "saw", "drill", "wrench", "pliers", "nail", "screw", "bolt"],
    "fruit": ["apple", "pear", "plum", "grape", "cherry", "lemon", "melon", "fig"],
}


def sentences(count: int, seed: int = 1) -> tuple[list[str], list[list[str]]]:
    dice = random.Random(seed)
    texts, labels = [], []
    for number in range(count):
        name = sorted(WORDS)[number % len(WORDS)]
        texts.append(f"a {dice.choice(WORDS[name])} and the {dice.choice(WORDS[name])} stood there, number {number}")
        labels.append([name])
    return texts, labels


def embed(texts: Sequence[str]) -> Any:
    """Stands for an encoder: how many words of each theme a text has."""
    rows = [[sum(word in text for word in words) + 0.1 for words in WORDS.values()] for text in texts]
    vectors = np.array(rows, dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("encoder", [None, embed])
def test_classes_are_learned_and_one_holds(encoder: Any, tmp_path: Path) -> None:
    texts, labels = sentences(120)
    model = train(texts, labels, several=False, embed=encoder)
    new, truth = sentences(60, seed=2)
    probabilities = model.probabilities(new, encoder)
    assert probabilities.sum(axis=1) == pytest.approx(np.ones(60))
    found = [row[0].name for row in model.classify(new, encoder)]
    assert sum(one == own[0] for one, own in zip(found, truth, strict=True)) >= 57
    assert model.needs_embeddings == (encoder is not None)
    model.save(tmp_path)
    again = DocumentClassifier.load(tmp_path)
    assert np.allclose(again.probabilities(new, encoder), probabilities)
    assert again.labels == sorted(WORDS)


def test_several_labels_hold_independently() -> None:
    dice = random.Random(5)
    texts, labels = [], []
    for _ in range(150):
        own = [name for name in WORDS if dice.random() < 0.5]
        texts.append(" ".join(dice.choice(WORDS[name]) for name in own) + " lie here")
        labels.append(own)
    model = train(texts, labels, several=True, embed=None)
    probabilities = model.probabilities(["the cat and the hammer lie here", "nothing lies here"], None)
    column = {name: index for index, name in enumerate(model.labels)}
    assert probabilities[0, column["animals"]] > 0.5 < probabilities[0, column["tools"]]
    assert probabilities[0, column["fruit"]] < 0.5
    assert probabilities[1].max() < 0.5


def test_probabilities_are_as_high_as_the_share_of_right_answers() -> None:
    dice = random.Random(3)
    texts, labels = sentences(400)
    wrong = [[dice.choice(sorted(WORDS))] if dice.random() < 0.45 else own for own in labels]
    model = train(texts, wrong, several=False, embed=None)
    new, truth = sentences(300, seed=9)
    noisy = [[dice.choice(sorted(WORDS))] if dice.random() < 0.45 else own for own in truth]
    probabilities = model.probabilities(new, None)
    best = probabilities.argmax(axis=1)
    right = np.mean([model.labels[index] == own[0] for index, own in zip(best, noisy, strict=True)])
    assert abs(probabilities.max(axis=1).mean() - right) < 0.1


def test_the_same_seed_and_examples_give_the_same_answers() -> None:
    texts, labels = sentences(60)
    first, second = (train(texts, labels, several=False, embed=embed, seed=4) for _ in range(2))
    assert np.array_equal(first.probabilities(texts, embed), second.probabilities(texts, embed))


def test_odd_texts_have_answers_and_one_class_is_none() -> None:
    texts, labels = sentences(60)
    model = train(texts, labels, several=False, embed=None)
    assert model.probabilities(["", "犬😀", "x" * 100_000], None).shape == (3, 3)
    assert model.probabilities([], None).shape == (0, 3)
    with pytest.raises(ValueError, match="two classes"):
        train(["a b", "c d"], [["x"], ["x"]], several=False, embed=None)


def test_metrics_and_the_confusion_matrix_count_what_was_mixed_up() -> None:
    truth = indicators([["a"], ["a"], ["b"], ["b"]], ["a", "b"])
    found = predictions(np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.4, 0.6]]), several=False)
    metrics = measure(truth, found)
    assert metrics["accuracy"] == 0.75
    assert metrics["micro_f1"] == pytest.approx(0.75)
    assert metrics["hamming_loss"] == pytest.approx(0.25)
    assert confusion(truth, found, several=False) == [[1, 1], [0, 2]]
    assert confusion(truth, found, several=True) == [[[2, 0], [1, 1]], [[1, 1], [0, 2]]]
