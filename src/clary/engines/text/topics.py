"""What a collection of documents is about.

Topics are the non-negative factors of the documents' TF-IDF matrix under the Kullback-Leibler divergence, which is
probabilistic latent semantic analysis (Lee and Seung 2001; Ding, Li and Peng 2008): each document is a mixture of
topics, and each topic a distribution over words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.decomposition import NMF
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer

TERMS = 10
"""Of a topic that are told."""
_MOST_TERMS = 20_000
_WORD = r"(?u)\b[^\W\d_]{3,}\b"
_MOST_SHARE = 0.5  # a word of more documents than that is no topic's
_ROUNDS = 200


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of a collection.

    Attributes:
        terms: for each topic its likeliest words with their probabilities, likeliest first.
        shares: the part of each topic in each document: float of shape (documents, topics); the rows of documents
            that hold any known word sum to 1, others are 0.
    """

    terms: list[list[tuple[str, float]]]
    shares: np.ndarray[Any, np.dtype[np.float64]]


def find_topics(texts: Iterable[str], count: int, seed: int = 17) -> Topics:
    """Finds topics.

    Args:
        texts: the documents.
        count: how many topics; there are fewer where the documents do not hold so many words.
        seed: the same seed and documents give the same topics.

    Raises:
        ValueError: the documents hold no word that could tell them apart.
    """
    vectorizer, matrix = _counted(texts)
    count = min(count, *matrix.shape)
    model = NMF(
        count, init="nndsvda", solver="mu", beta_loss="kullback-leibler", max_iter=_ROUNDS, tol=1e-4, random_state=seed
    )
    in_documents = model.fit_transform(matrix)
    masses = model.components_.sum(axis=1)
    words = model.components_ / np.maximum(masses[:, None], 1e-12)
    weights = in_documents * masses
    order = np.argsort(-weights.sum(axis=0), kind="stable")  # the topic of most of the collection comes first
    sums = weights.sum(axis=1, keepdims=True)
    shares = np.divide(weights, sums, out=np.zeros_like(weights), where=sums > 0)[:, order]
    names = vectorizer.get_feature_names_out()
    terms = []
    for topic in order:
        best = np.argsort(-words[topic], kind="stable")[:TERMS]
        terms.append([(str(names[index]), float(words[topic, index])) for index in best if words[topic, index] > 0])
    return Topics(terms, shares)


def _counted(texts: Iterable[str]) -> tuple[Any, Any]:
    """The words and the weights of the documents in them; small collections keep words that stand in few documents."""
    documents = list(texts)
    rare = 2 if len(documents) < 1000 else 5
    tries = ((rare, _MOST_SHARE), (1, 1.0))
    for least, most in tries:
        vectorizer = TfidfVectorizer(
            stop_words=sorted(ENGLISH_STOP_WORDS),
            token_pattern=_WORD,
            min_df=least,
            max_df=most,
            max_features=_MOST_TERMS,
            sublinear_tf=True,
            dtype=np.float32,
        )
        try:
            return vectorizer, vectorizer.fit_transform(documents)
        except ValueError:
            continue  # nothing is left of the words
    raise ValueError("the documents hold no words that could tell topics apart")
