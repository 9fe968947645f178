"""Small nets that learn in seconds from users' own pictures: one hidden layer, fitted by scikit-learn, kept as arrays.

A fitted net answers without scikit-learn, from arrays that a file holds as plain numbers.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

_SEED = 17
_BATCH = 256
_DECAY = 1e-2
_NEVER = -30.0  # the logit of a class that no example has


class Perceptron:
    """A net with one hidden layer over standardised features.

    Args:
        arrays: "mean", "deviation" of features; "w0", "b0", "w1", "b1" of layers; "offset", "scale" of answers.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._arrays = {name: np.asarray(array, np.float32) for name, array in arrays.items()}

    def values(self, features: Array) -> Array:
        """The answers of a net that was fitted to numbers, [n, answers]."""
        return self._forward(features) * self._arrays["scale"] + self._arrays["offset"]

    def probabilities(self, features: Array) -> Array:
        """The probabilities of a net that was fitted to classes, [n, classes]."""
        logits = self._forward(features)
        grown = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(grown / grown.sum(axis=1, keepdims=True), np.float32)

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """What a file has to hold, under names that begin with a prefix."""
        return {f"{prefix}.{name}": array for name, array in self._arrays.items()}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], prefix: str) -> Perceptron:
        """The net that `arrays` named."""
        start = f"{prefix}."
        return cls({name.removeprefix(start): arrays[name] for name in arrays if name.startswith(start)})

    def _forward(self, features: Array) -> Array:
        held = self._arrays
        hidden = np.maximum(((features - held["mean"]) / held["deviation"]) @ held["w0"] + held["b0"], 0.0)
        return np.asarray(hidden @ held["w1"] + held["b1"], np.float32)


class Committee:
    """Nets that learned the same from different beginnings: the mean of what they say errs less than each of them.

    Args:
        members: the nets.
    """

    def __init__(self, members: Sequence[Perceptron]) -> None:
        self._members = list(members)

    def values(self, features: Array) -> Array:
        """See `Perceptron.values`."""
        return np.asarray(np.mean([net.values(features) for net in self._members], axis=0), np.float32)

    def probabilities(self, features: Array) -> Array:
        """See `Perceptron.probabilities`."""
        return np.asarray(np.mean([net.probabilities(features) for net in self._members], axis=0), np.float32)

    def arrays(self, prefix: str) -> dict[str, NDArray[Any]]:
        """What a file has to hold, under names that begin with a prefix."""
        held: dict[str, NDArray[Any]] = {}
        for number, net in enumerate(self._members):
            held |= net.arrays(f"{prefix}.{number}")
        return held

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], prefix: str) -> Committee:
        """The nets that `arrays` named."""
        start = f"{prefix}."
        numbers = sorted({int(name.removeprefix(start).split(".")[0]) for name in arrays if name.startswith(start)})
        return cls([Perceptron.from_arrays(arrays, f"{prefix}.{number}") for number in numbers])


def fit_classes(
    features: Array, classes: NDArray[np.int64], count: int, hidden: int, epochs: int, members: int = 1
) -> Committee:
    """Nets that tell classes apart.

    Args:
        features: [n, d].
        classes: [n], 0..count-1; a class that never occurs gets no probability worth speaking of.
        count: of classes.
    """
    from sklearn.neural_network import MLPClassifier  # noqa: PLC0415 - answering needs none of it

    mean, deviation = _moments(features)
    scaled = (features - mean) / deviation
    known = np.unique(classes)
    nets = []
    for seed in range(_SEED, _SEED + members):
        net = MLPClassifier(
            hidden_layer_sizes=(hidden,),
            alpha=_DECAY,
            batch_size=_batch(len(features)),
            max_iter=epochs,
            random_state=seed,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it says that it might go on learning
            net.fit(scaled, classes)
        weights, biases = net.coefs_[-1], net.intercepts_[-1]
        if weights.shape[1] == 1:  # two classes share one logit
            weights = np.concatenate([-weights, weights], axis=1) / 2
            biases = np.concatenate([-biases, biases]) / 2
        last, offset = np.zeros((weights.shape[0], count), np.float32), np.full(count, _NEVER, np.float32)
        last[:, known], offset[known] = weights, biases
        nets.append(_perceptron(net, mean, deviation, w1=last, b1=offset))
    return Committee(nets)


def fit_values(features: Array, values: Array, hidden: int, epochs: int, members: int = 1) -> Committee:
    """Nets that estimate numbers.

    Args:
        features: [n, d].
        values: [n, k].
    """
    from sklearn.neural_network import MLPRegressor  # noqa: PLC0415 - answering needs none of it

    mean, deviation = _moments(features)
    offset, scale = _moments(values)
    nets = []
    for seed in range(_SEED, _SEED + members):
        net = MLPRegressor(
            hidden_layer_sizes=(hidden,),
            alpha=_DECAY,
            batch_size=_batch(len(features)),
            max_iter=epochs,
            random_state=seed,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            net.fit((features - mean) / deviation, (values - offset) / scale)
        nets.append(_perceptron(net, mean, deviation, offset=offset, scale=scale))
    return Committee(nets)


def _perceptron(net: Any, mean: Array, deviation: Array, **more: Array) -> Perceptron:
    layers = {"w0": net.coefs_[0], "b0": net.intercepts_[0], "w1": net.coefs_[1], "b1": net.intercepts_[1]}
    return Perceptron({"mean": mean, "deviation": deviation, **layers, **more})


def _moments(values: Array) -> tuple[Array, Array]:
    return values.mean(axis=0).astype(np.float32), (values.std(axis=0) + 1e-6).astype(np.float32)


def _batch(count: int) -> int:
    return max(16, min(_BATCH, count // 8))
