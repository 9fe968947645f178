"""The users' own document classes, learned from their examples.

Two views of a document vote. The lexical view are words, pairs of words and pieces of words, weighed by TF-IDF, before
linear support vector machines (Joachims 1998; Fan et al. 2008): it knows the trade's own words. The semantic view is
the sentence encoder's embedding before a logistic regression: it knows that other words mean the same. What each view
says of documents that it was not trained on (cross-validation) decides how much each counts and how sure the sum may
be: the two weights minimise the log loss, which calibrates the probabilities (Platt 1999; Guo et al. 2017).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_softmax, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.svm import LinearSVC

from clary.engines.text.lexical_features import LexicalFeatures

Matrix = np.ndarray[Any, np.dtype[np.float32]]
Embed = Callable[[Sequence[str]], Matrix]
"""Texts to embeddings, one row each, of length 1."""

_MOST_CHARACTERS = 20_000  # of a document; what a document is about is said before
_MOST_EMBEDDED = 20_000  # documents that the semantic view learns from
_SVM_COST = 0.3
_REGRESSION_COSTS = (0.3, 1.0, 10.0)  # few examples want little freedom, many classes much
_ABSENT = -3.0  # the score of a class that was not among a fold's examples
_FEW_FOLDS, _MANY_FOLDS, _MANY_DOCUMENTS = 3, 5, 20_000
_FLOOR = 1e-7


@dataclass(frozen=True, slots=True)
class LabelScore:
    """A class and the probability that it holds."""

    name: str
    score: float


@dataclass(slots=True)
class _Linear:
    """Scores that are linear in features: `features @ weights + intercepts`.

    Attributes:
        weights: float32 of shape (features, classes).
        intercepts: float32 of shape (classes,).
    """

    weights: Matrix
    intercepts: Matrix

    def scores(self, features: Any) -> Matrix:
        return np.asarray(features @ self.weights + self.intercepts, dtype=np.float32)


class DocumentClassifier:
    """Tells the classes of documents.

    Args:
        labels: the names of the classes.
        several: whether several may hold at once (the probabilities are independent) or exactly one does (they sum
            to 1).
        features: the lexical view's.
        lexical, semantic: the views; a classifier that was trained without an encoder has no semantic one.
        blend: the weights of the two views and what is added.
    """

    def __init__(
        self,
        labels: Sequence[str],
        *,
        several: bool,
        features: LexicalFeatures,
        lexical: _Linear,
        semantic: _Linear | None,
        blend: Sequence[float],
    ) -> None:
        self.labels = list(labels)
        self.several = several
        self._features = features
        self._lexical = lexical
        self._semantic = semantic
        self._blend = np.asarray(blend, dtype=np.float64)

    @property
    def needs_embeddings(self) -> bool:
        """Whether `probabilities` needs an encoder."""
        return self._semantic is not None

    def probabilities(self, texts: Sequence[str], embed: Embed | None) -> np.ndarray[Any, np.dtype[np.float64]]:
        """The probability of each class for each text: float64 of shape (texts, classes).

        Args:
            embed: the encoder the classifier was trained with; None where it was trained without.
        """
        if not texts:
            return np.zeros((0, len(self.labels)))
        short = [text[:_MOST_CHARACTERS] for text in texts]
        lexical = self._lexical.scores(self._features.transform(short))
        semantic = np.zeros_like(lexical)
        if self._semantic is not None:
            if embed is None:
                raise ValueError("this classifier was trained with an encoder")
            semantic = self._semantic.scores(embed(short))
        return _blended(lexical, semantic, self._blend, several=self.several)

    def classify(self, texts: Sequence[str], embed: Embed | None) -> list[list[LabelScore]]:
        """The classes of each text, likeliest first."""
        found = []
        for row in self.probabilities(texts, embed):
            order = np.argsort(-row, kind="stable")
            found.append([LabelScore(self.labels[index], float(row[index])) for index in order])
        return found

    def save(self, folder: Path) -> None:
        """Writes the classifier into an existing folder."""
        views = {"lexical": self._lexical} | ({"semantic": self._semantic} if self._semantic else {})
        arrays = {
            f"{name}_{part}": array
            for name, view in views.items()
            for part, array in (("weights", view.weights), ("intercepts", view.intercepts))
        }
        np.savez(folder / "views.npz", blend=self._blend, **arrays)  # type: ignore[arg-type]
        self._features.save(folder)
        described = {"labels": self.labels, "several": self.several}
        (folder / "classifier.json").write_text(json.dumps(described), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> DocumentClassifier:
        """Reads what `save` wrote.

        Raises:
            OSError, ValueError: it is not all there.
        """
        described = json.loads((folder / "classifier.json").read_text(encoding="utf-8"))
        with np.load(folder / "views.npz", allow_pickle=False) as arrays:
            views = {
                name: _Linear(arrays[f"{name}_weights"], arrays[f"{name}_intercepts"])
                for name in ("lexical", "semantic")
                if f"{name}_weights" in arrays
            }
            blend = arrays["blend"]
        return cls(
            described["labels"],
            several=described["several"],
            features=LexicalFeatures.load(folder),
            lexical=views["lexical"],
            semantic=views.get("semantic"),
            blend=blend.tolist(),
        )


def train(
    texts: Sequence[str],
    labels: Sequence[Sequence[str]],
    *,
    several: bool,
    embed: Embed | None,
    seed: int = 17,
    say: Callable[[str], None] = lambda line: None,
) -> DocumentClassifier:
    """Learns classes from examples.

    Args:
        texts: the documents.
        labels: the names of each document's classes: exactly one of each unless `several`.
        several: whether several classes may hold at once.
        embed: the sentence encoder; None leaves the semantic view out.
        seed: the same seed and examples give the same classifier.
        say: told how far it is.

    Raises:
        ValueError: there are fewer than two classes.
    """
    names = sorted({name for row in labels for name in row})
    if len(names) < 2:
        raise ValueError(f"a classifier needs examples of at least two classes, not of {len(names)}")
    number = {name: index for index, name in enumerate(names)}
    truth = np.zeros((len(texts), len(names)), dtype=bool)
    for row, own in enumerate(labels):
        truth[row, [number[name] for name in own]] = True
    short = [text[:_MOST_CHARACTERS] for text in texts]
    features = LexicalFeatures.fit(short, classes=len(names))
    lexical_rows = features.transform(short)
    say(f"{len(texts)} documents, {len(names)} classes, {lexical_rows.shape[1]} lexical features")
    part = _embedded_part(len(short), seed)
    vectors = None if embed is None else np.asarray(embed([short[index] for index in part]), dtype=np.float32)
    if vectors is not None:
        say(f"{len(vectors)} documents embedded")
    folds = _folds(truth, seed, several=several)
    lexical_held = _held_out(lexical_rows, truth, folds, _fit_svm, several=several)
    if vectors is None:
        blend = _weigh(lexical_held, np.zeros_like(lexical_held), truth, several=several, alone=True)
        semantic = None
    else:
        kept = np.zeros(len(short), dtype=bool)
        kept[part] = True
        within = [(train_rows[kept[train_rows]], test_rows[kept[test_rows]]) for train_rows, test_rows in folds]
        place = np.full(len(short), -1)
        place[part] = np.arange(len(part))
        inner = [(place[train_rows], place[test_rows]) for train_rows, test_rows in within]
        cost, semantic_held = _best_cost(vectors, truth[part], inner, several=several)
        blend = _weigh(lexical_held[part], semantic_held, truth[part], several=several, alone=False)
        semantic = _fit_regression(vectors, truth[part], several=several, cost=cost)
    say(f"weights of the views: {blend[0]:.2f} lexical, {blend[1]:.2f} semantic")
    lexical = _fit_svm(lexical_rows, truth, several=several)
    return DocumentClassifier(
        names, several=several, features=features, lexical=lexical, semantic=semantic, blend=blend
    )


def _embedded_part(count: int, seed: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The documents that are embedded: all, or a sample where embedding all would take hours."""
    if count <= _MOST_EMBEDDED:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, _MOST_EMBEDDED, replace=False))


def _folds(truth: Any, seed: int, *, several: bool) -> list[tuple[Any, Any]]:
    rows = np.arange(len(truth))
    count = _MANY_FOLDS if len(truth) < _MANY_DOCUMENTS else _FEW_FOLDS
    count = max(2, min(count, len(truth)))
    if several or truth.sum(axis=0).min() < count:
        return list(KFold(count, shuffle=True, random_state=seed).split(rows))
    return list(StratifiedKFold(count, shuffle=True, random_state=seed).split(rows, truth.argmax(axis=1)))


def _held_out(features: Any, truth: Any, folds: Any, fit: Callable[..., _Linear], *, several: bool) -> Matrix:
    """The scores of each document by a model that was trained without it."""
    scores = np.zeros(truth.shape, dtype=np.float32)
    for train_rows, test_rows in folds:
        if len(train_rows) and len(test_rows):
            scores[test_rows] = fit(features[train_rows], truth[train_rows], several=several).scores(
                features[test_rows]
            )
    return scores


def _fit_svm(features: Any, truth: Any, *, several: bool) -> _Linear:
    del several  # one machine for each class either way
    return _one_by_one(features, truth, lambda: LinearSVC(C=_SVM_COST, random_state=0))


def _best_cost(features: Any, truth: Any, folds: Any, *, several: bool) -> tuple[float, Matrix]:
    """The cost of errors with which held-out documents' classes are likeliest, and their scores with it."""
    held = {
        cost: _held_out(features, truth, folds, functools.partial(_fit_regression, cost=cost), several=several)
        for cost in _REGRESSION_COSTS
    }
    nothing = np.zeros_like(held[_REGRESSION_COSTS[0]])
    losses = {
        cost: _loss(nothing, scores, truth, np.array([0.0, 1.0, 0.0]), several=several) for cost, scores in held.items()
    }
    best = min(losses, key=lambda cost: losses[cost])
    return best, held[best]


def _fit_regression(features: Any, truth: Any, *, several: bool, cost: float) -> _Linear:
    present = np.flatnonzero(truth.any(axis=0))
    if several or len(present) < 3:
        return _one_by_one(features, truth, lambda: LogisticRegression(C=cost, max_iter=300))
    fitted = LogisticRegression(C=cost, max_iter=300).fit(features, truth.argmax(axis=1))
    weights = np.zeros((features.shape[1], truth.shape[1]), dtype=np.float32)
    intercepts = np.full(truth.shape[1], _ABSENT, dtype=np.float32)
    weights[:, fitted.classes_] = fitted.coef_.T
    intercepts[fitted.classes_] = fitted.intercept_
    return _Linear(weights, intercepts)


def _one_by_one(features: Any, truth: Any, make: Callable[[], Any]) -> _Linear:
    """One yes-or-no model for each class; a class of all or of no examples gets a constant."""
    weights = np.zeros((features.shape[1], truth.shape[1]), dtype=np.float32)
    intercepts = np.zeros(truth.shape[1], dtype=np.float32)
    for index in range(truth.shape[1]):
        own = truth[:, index]
        if own.all() or not own.any():
            intercepts[index] = -_ABSENT if own.all() else _ABSENT
            continue
        fitted = make().fit(features, own)
        weights[:, index] = fitted.coef_[0]
        intercepts[index] = fitted.intercept_[0]
    return _Linear(weights, intercepts)


def _weigh(lexical: Matrix, semantic: Matrix, truth: Any, *, several: bool, alone: bool) -> list[float]:
    """The weights of the views, and what is added, that make held-out documents' classes likeliest."""

    def loss(logs: Any) -> float:
        return _loss(lexical, semantic, truth, _positive(logs, alone=alone), several=several)

    start = np.array([0.7, -2.0 if alone else 0.0, 0.0])
    best = minimize(loss, start, method="Nelder-Mead", options={"maxiter": 400, "xatol": 1e-3, "fatol": 1e-6})
    return [float(value) for value in _positive(best.x, alone=alone)]


def _loss(lexical: Matrix, semantic: Matrix, truth: Any, blend: Any, *, several: bool) -> float:
    """The mean negative log-likelihood of what holds."""
    if several:
        found = np.clip(_blended(lexical, semantic, blend, several=True), _FLOOR, 1 - _FLOOR)
        return -float(np.mean(np.where(truth, np.log(found), np.log1p(-found))))
    return -float(log_softmax(blend[0] * lexical + blend[1] * semantic, axis=1)[truth].mean())


def _positive(logs: Any, *, alone: bool) -> Any:
    """Weights from their logarithms; the third number is added as it is."""
    limited = np.clip(logs[:2], -6.0, 4.0)
    return np.array([np.exp(limited[0]), 0.0 if alone else np.exp(limited[1]), logs[2]])


def _blended(lexical: Matrix, semantic: Matrix, blend: Any, *, several: bool) -> np.ndarray[Any, np.dtype[np.float64]]:
    scores = blend[0] * lexical.astype(np.float64) + blend[1] * semantic.astype(np.float64)
    return np.asarray(expit(scores + blend[2]) if several else softmax(scores, axis=1))
