"""The users' own types of entities, learned from their examples.

Each word of a document gets a label (begins an entity of a type, continues it, is outside) from a logistic regression
over what the word and its neighbours look like; Viterbi's algorithm makes the likeliest row of labels that fit
together (Ratinov and Roth 2009). It learns in seconds and generalises from the form of words, from their neighbours,
from the user's list of names, and in English from what Clary's own tagger says of each word.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy import sparse
from sklearn.feature_extraction import FeatureHasher
from sklearn.linear_model import LogisticRegression, SGDClassifier

from clary.engines.text.labels import best_labels, spans
from clary.engines.text.shapes import word_shape
from clary.engines.text.words import Word, words

Outside = Callable[[Sequence[str]], list[list[list[str]]]]
"""What is known of the words of texts beside how they look: for each text and each of its words some features."""

_FEATURES = 1 << 18
_COST = 3.0
_MOST_EXACT_WORDS = 150_000  # more are learned in passes over them, which needs less memory and time
_STRETCH_WORDS = 200  # that are labelled at once
_LONGEST_LISTED_WORDS = 12
_OUTSIDE = "O"


class Mention(NamedTuple):
    """A place where a text names an entity: first character, character after the last, type, confidence."""

    begin: int
    end: int
    type: str
    score: float = 1.0


@dataclass(frozen=True, slots=True)
class EntityList:
    """Names with their types, as the user lists them.

    Args:
        names: each name as its words in lower case, with its type.
    """

    names: Mapping[tuple[str, ...], str]

    @classmethod
    def of(cls, listed: Iterable[tuple[str, str]], language: str) -> EntityList:
        """Reads names and types; names that are longer than twelve words are left out."""
        found: dict[tuple[str, ...], str] = {}
        for name, kind in listed:
            key = tuple(word.text.lower() for word in words(name, language))
            if 0 < len(key) <= _LONGEST_LISTED_WORDS:
                found[key] = kind
        return cls(found)

    def matches(self, own: Sequence[Word]) -> Iterator[tuple[int, int, str]]:
        """The listed names in a text as numbers of the first word and the one after the last; the longest win."""
        lower = [word.text.lower() for word in own]
        place = 0
        while place < len(own):
            for length in range(min(_LONGEST_LISTED_WORDS, len(own) - place), 0, -1):
                kind = self.names.get(tuple(lower[place : place + length]))
                if kind is not None:
                    yield place, place + length, kind
                    place += length
                    break
            else:
                place += 1


class OwnEntityRecognizer:
    """Finds entities of the user's types.

    Args:
        labels: the names of the labels, "O", "B-TYPE", "I-TYPE".
        language: that words are split in.
        listed: the user's names.
        weights: float32 of shape (features, labels).
        intercepts: float32 of shape (labels,).
        outside: what is known beside, where it was trained with that.
    """

    def __init__(
        self,
        labels: Sequence[str],
        language: str,
        listed: EntityList,
        weights: Any,
        intercepts: Any,
        outside: Outside | None = None,
    ) -> None:
        self._outside = outside
        self.labels = list(labels)
        self._language = language
        self._listed = listed
        self._weights = weights
        self._intercepts = intercepts

    def find(self, texts: Sequence[str]) -> list[list[Mention]]:
        """The entities of each text, in its order."""
        known = self._outside(texts) if self._outside is not None else [None] * len(texts)
        return [self._find(text, one) for text, one in zip(texts, known, strict=True)]

    def _find(self, text: str, known: Sequence[Sequence[str]] | None) -> list[Mention]:
        own = words(text, self._language)
        found: list[Mention] = []
        rows = list(_described(own, self._listed, known))
        for start in range(0, len(own), _STRETCH_WORDS):
            part = rows[start : start + _STRETCH_WORDS]
            scores = np.asarray(_hashed(part) @ self._weights + self._intercepts, dtype=np.float32)
            probabilities = np.exp(scores - scores.max(axis=1, keepdims=True))
            probabilities /= probabilities.sum(axis=1, keepdims=True)
            (path,) = best_labels(probabilities[None], self.labels, [len(part)])
            for span in spans(path, probabilities, self.labels, start):
                found.append(Mention(own[span.begin].begin, own[span.end - 1].end, span.type, float(span.score)))
        return found

    def save(self, folder: Path) -> None:
        """Writes the recognizer into an existing folder."""
        used = np.flatnonzero(np.abs(self._weights).max(axis=1) > 1e-5)
        np.savez_compressed(
            folder / "entities.npz", used=used, weights=self._weights[used], intercepts=self._intercepts
        )
        listed = [[list(name), kind] for name, kind in self._listed.names.items()]
        described = {
            "labels": self.labels,
            "language": self._language,
            "listed": listed,
            "outside": self._outside is not None,
        }
        (folder / "entities.json").write_text(json.dumps(described, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, outside: Callable[[], Outside]) -> OwnEntityRecognizer:
        """Reads what `save` wrote.

        Args:
            outside: gives what the recognizer was trained with, where it was.

        Raises:
            OSError, ValueError: it is not all there.
        """
        described = json.loads((folder / "entities.json").read_text(encoding="utf-8"))
        with np.load(folder / "entities.npz", allow_pickle=False) as arrays:
            weights = np.zeros((_FEATURES, len(described["labels"])), dtype=np.float32)
            weights[arrays["used"]] = arrays["weights"]
            intercepts = arrays["intercepts"]
        listed = EntityList({tuple(name): kind for name, kind in described["listed"]})
        known = outside() if described["outside"] else None
        return cls(described["labels"], described["language"], listed, weights, intercepts, known)


def train(
    texts: Sequence[str],
    mentions: Sequence[Sequence[Mention]],
    *,
    language: str,
    listed: EntityList,
    outside: Outside | None = None,
    seed: int = 17,
    say: Callable[[str], None] = lambda line: None,
) -> OwnEntityRecognizer:
    """Learns types of entities from examples.

    Args:
        texts: the documents.
        mentions: the entities of each; what they cut in two counts as theirs.
        language: of the documents.
        listed: the user's names; empty where there is no list.
        outside: what is known of words beside, None for nothing.
        seed: the same seed and examples give the same recognizer.
        say: told how far it is.

    Raises:
        ValueError: the examples hold no entity.
    """
    rows: list[list[str]] = []
    marks: list[str] = []
    known = outside(texts) if outside is not None else [None] * len(texts)
    for text, own, one in zip(texts, mentions, known, strict=True):
        found = words(text, language)
        rows += _described(found, listed, one)
        marks += _marks(found, own)
    labels = sorted(set(marks) | {f"I-{mark[2:]}" for mark in marks if mark != _OUTSIDE}, key=_order)
    if len(labels) < 2:
        raise ValueError("the examples hold no entity")
    say(f"{len(texts)} documents, {len(marks)} words, {len(labels) // 2} types")
    number = {label: index for index, label in enumerate(labels)}
    truth = np.array([number[mark] for mark in marks])
    features = _hashed(rows)
    if len(marks) <= _MOST_EXACT_WORDS:
        model: Any = LogisticRegression(C=_COST, max_iter=120)
    else:
        model = SGDClassifier(loss="log_loss", alpha=1e-6, max_iter=12, random_state=seed)
    model.fit(features, truth)
    weights = np.zeros((_FEATURES, len(labels)), dtype=np.float32)
    intercepts = np.full(len(labels), -8.0, dtype=np.float32)  # a label that no word has
    if len(model.classes_) == 2:
        weights[:, model.classes_[1]] = model.coef_[0]
        intercepts[model.classes_] = 0.0, model.intercept_[0]
    else:
        weights[:, model.classes_] = model.coef_.T
        intercepts[model.classes_] = model.intercept_
    return OwnEntityRecognizer(labels, language, listed, weights, intercepts, outside)


def _order(label: str) -> tuple[bool, str, str]:
    return label != _OUTSIDE, label[2:], label[:1]


def _marks(own: Sequence[Word], mentions: Sequence[Mention]) -> list[str]:
    """The label of each word."""
    marks = [_OUTSIDE] * len(own)
    for mention in sorted(mentions):
        inside = [place for place, word in enumerate(own) if word.begin < mention.end and word.end > mention.begin]
        for place in inside:
            if marks[place] == _OUTSIDE:
                marks[place] = f"{'B' if place == inside[0] else 'I'}-{mention.type}"
    return marks


def _hashed(rows: Sequence[Sequence[str]]) -> Any:
    if not rows:
        return sparse.csr_matrix((0, _FEATURES), dtype=np.float32)
    return FeatureHasher(_FEATURES, input_type="string", alternate_sign=False, dtype=np.float32).transform(rows)


def _described(own: Sequence[Word], listed: EntityList, known: Sequence[Sequence[str]] | None) -> Iterator[list[str]]:
    """The features of each word: its own form, how its neighbours look, and what is known of them."""
    forms = [_form(word.text) for word in own]
    lower = [word.text.lower() for word in own]
    in_list = [""] * len(own)
    for begin, end, kind in listed.matches(own):
        for place in range(begin, end):
            in_list[place] = f"{'B' if place == begin else 'I'}{kind}"
    for place, word in enumerate(own):
        features = ["always", *_pieces(word.text)]
        for step in (-3, -2, -1, 0, 1, 2, 3):
            other = place + step
            if not 0 <= other < len(own):
                features.append(f"{step}none")
                continue
            features.append(f"{step}w{lower[other]}")
            if abs(step) < 3:
                features.append(f"{step}f{forms[other]}")
            if known is not None and abs(step) < 2:
                features += [f"{step}k{one}" for one in known[other]]
            if in_list[other] and abs(step) < 2:
                features += [f"{step}l{in_list[other]}"] * 3
        features += [f"b{_at(lower, place + step)}|{_at(lower, place + step + 1)}{step}" for step in (-2, -1, 0, 1)]
        features += [f"s{_at(forms, place - 1)}|{forms[place]}|{_at(forms, place + 1)}"]
        yield features


def _form(word: str) -> str:
    """How a word is written, with its digits counted: "12-AB" and "34-XY" are alike."""
    pattern = "".join("9" if one.isdigit() else "A" if one.isupper() else "a" if one.isalpha() else one for one in word)
    return f"{int(word_shape(word))}:{pattern[:1]}{len(pattern) if any(map(str.isdigit, word)) else ''}"


def _pieces(word: str) -> list[str]:
    low = word.lower()
    return [f"p{low[:size]}" for size in (1, 2, 3, 4)] + [f"e{low[-size:]}" for size in (1, 2, 3, 4)]


def _at(values: Sequence[str], place: int) -> str:
    return values[place] if 0 <= place < len(values) else ""
