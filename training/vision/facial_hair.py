"""The nets that know beards and moustaches: `python -m training.vision.facial_hair PICTURES TARGET.npz`.

Data: the development half of `faces_synthetic_ids` (made-up persons, MIT-0), a folder for each person, labelled by
sight below. 25 persons are few, so most examples are composed: on the grid of `engines/vision/facial_hair.py` every
feature has its place, so a part of one face can be set into another. Hair is taken from a bearded face as what it makes
of the skin of its own cheeks, and skin from a bare face in the same way, so that the seam tells nothing. Light, colour,
blur and noise vary. The calibration is fitted to persons that four nets had not seen. The same pictures give the same
file.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from scipy.spatial import Delaunay
from sklearn.linear_model import LogisticRegression

from clary.engines.vision import face_detection, face_mesh, pictures
from clary.engines.vision.facial_hair import HEIGHT, KINDS, WIDTH, Grid
from clary.engines.vision.models import Models
from clary.engines.vision.perceptrons import Committee, fit_classes

LABELS: dict[str, tuple[Sequence[int | None], Sequence[int | None]]] = {
    "person_01": ((None, None, 1, 1, 1), (0, 0, None, 1, 1)),
    "person_05": ((1, 1, 1, 1, 1), (1, 1, 1, 1, 1)),
    "person_22": ((None, 0, None, None, 1), (1, None, 1, 1, 1)),
    "person_23": ((0, None, 1, 1, 1), (1, 1, 1, 1, 1)),
    "person_29": ((0, 0, 0, 0, None), (None, 0, None, None, 1)),
    "person_41": ((1, None, 1, 1, 1), (None, 0, None, 1, 1)),
    "person_43": ((0, 0, None, 1, 1), (1, 0, None, 1, 1)),
}
"""Beard and moustache of a person's pictures in their order; None where people would disagree. All others have none."""
BARE = ((0,) * 5, (0,) * 5)

LEFT, RIGHT, TOP, BOTTOM = -0.95, 0.95, 0.28, 1.80  # of the grid, in distances between the eyes, from their middle
CHEEK = (0.55, 0.22, 0.48, 0.14)
MOUSTACHE = (61, 40, 39, 37, 0, 267, 269, 270, 291, 322, 391, 326, 2, 97, 165, 92)  # points of the mesh around it
LIPS = (61, 40, 39, 37, 0, 267, 269, 270, 291, 321, 405, 314, 17, 84, 181, 91)

EXAMPLES, HIDDEN, EPOCHS, MEMBERS, FOLDS = 12_000, 32, 25, 2, 4
AS_THEY_ARE = 0.35  # of the examples; the others are composed


@dataclass(frozen=True)
class Example:
    """A face on the grid, with its labels by kind."""

    person: str
    texture: np.ndarray
    labels: tuple[int | None, int | None]


class Places:
    """The grid on the mean of the meshes, and its zones of hair [`HEIGHT`, `WIDTH`]."""

    def __init__(self, mean: np.ndarray) -> None:
        columns = LEFT + (np.arange(WIDTH) + 0.5) / WIDTH * (RIGHT - LEFT)
        rows = TOP + (np.arange(HEIGHT) + 0.5) / HEIGHT * (BOTTOM - TOP)
        self.x, self.y = np.meshgrid(columns, rows)
        points = np.stack([self.x, self.y], -1).reshape(-1, 2)
        triangles = Delaunay(mean)
        which = triangles.find_simplex(points)
        ways = triangles.transform[np.maximum(which, 0)]
        two = np.einsum("nij,nj->ni", ways[:, :2], points - ways[:, 2])
        self.shares = np.concatenate([two, 1 - two.sum(1, keepdims=True)], 1).astype(np.float16)
        self.corners = triangles.simplices[np.maximum(which, 0)].astype(np.int16)
        self.inside = (which >= 0).reshape(HEIGHT, WIDTH)
        middle, reach, level, depth = CHEEK
        self.cheeks = (np.abs(np.abs(self.x) - middle) < reach) & (np.abs(self.y - level) < depth) & self.inside
        lips = self._filled(mean, LIPS) > 0
        self.moustache = cv2.dilate(self._filled(mean, MOUSTACHE), np.ones((3, 3)))
        self.chin = ((np.abs(self.x) < 0.42) & (self.y > 1.2) & self.inside & ~lips).astype(np.float32)
        jaw = ((np.abs(self.x) > 0.42) & (self.y > 0.72) & self.inside & ~lips).astype(np.float32)
        self.whole = np.maximum(self.chin, jaw)
        self.grid = Grid(self.corners, self.shares.astype(np.float32), self.inside, self.cheeks)

    def _filled(self, mean: np.ndarray, outline: tuple[int, ...]) -> np.ndarray:
        corners = (mean[list(outline)] - (LEFT, TOP)) / (RIGHT - LEFT, BOTTOM - TOP) * (WIDTH, HEIGHT)
        mask = np.zeros((HEIGHT, WIDTH), np.float32)
        cv2.fillPoly(mask, [corners.astype(np.int32)], 1.0)
        return mask


class Composer:
    """Makes examples.

    Args:
        examples: faces as they are.
        places: of the grid.
        dice: says what is made.
    """

    def __init__(self, examples: list[Example], places: Places, dice: np.random.Generator) -> None:
        self._places = places
        self._dice = dice
        self._sure = [one for one in examples if None not in one.labels]
        self._bare = [one for one in examples if one.labels == (0, 0)]
        self._with = [[one for one in examples if one.labels[kind] == 1] for kind in range(len(KINDS))]

    def examples(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Features [count, n] and labels [count, 2]."""
        features, labels = [], []
        for _ in range(count):
            texture, label = self._real() if self._dice.random() < AS_THEY_ARE else self._composed()
            features.append(self._places.grid.features(self._seen(texture)))
            labels.append(label)
        return np.array(features, np.float32), np.array(labels)

    def _real(self) -> tuple[np.ndarray, tuple[int, ...]]:
        one = self._any(self._sure)
        return one.texture, tuple(int(label or 0) for label in one.labels)

    def _composed(self) -> tuple[np.ndarray, tuple[int, ...]]:
        places, dice = self._places, self._dice
        texture = self._any(self._bare).texture
        has = (int(dice.random() < 0.5), int(dice.random() < 0.5))
        zones = (places.chin if dice.random() < 0.5 else places.whole, places.moustache)
        for kind, zone in enumerate(zones):
            if has[kind] or dice.random() < 0.5:  # bare skin is set in too, so that the seam tells nothing
                source = self._any(self._with[kind] if has[kind] else self._bare).texture
                texture = self._set_in(texture, source, zone)
        return texture, has

    def _set_in(self, texture: np.ndarray, source: np.ndarray, zone: np.ndarray) -> np.ndarray:
        """A zone of one face in another, lighter or darker and more or less colourful than that one's skin."""
        dice, skin = self._dice, self._places.grid.skin
        ratio = np.maximum(source[..., :1] + 6, 1) / (skin(source)[0] + 6)
        light = (skin(texture)[0] + 6) * ratio ** dice.uniform(0.6, 1.3) - 6
        colour = skin(texture)[1:] + (source[..., 1:] - skin(source)[1:]) * dice.uniform(0.5, 1.1)
        weight = cv2.GaussianBlur(zone.astype(np.float32), (0, 0), dice.uniform(1, 2.5))[..., None]
        return texture * (1 - weight) + np.concatenate([light, colour], -1) * weight

    def _seen(self, texture: np.ndarray) -> np.ndarray:
        """In another light, by another camera, a little out of place."""
        dice = self._dice
        seen: np.ndarray = texture.astype(np.float32).copy()
        sideways, down = dice.normal(0, 0.2, 2)
        seen[..., 0] *= 1 + sideways * self._places.x + down * (self._places.y - 1) * 0.7
        seen[..., 0] = 100 * np.clip(seen[..., 0] / 100, 0, 1) ** np.exp(dice.normal(0, 0.25))
        if dice.random() < 0.5:
            seen[..., 1:] = 0
        blur = dice.choice([0, 0, 0.6, 1, 1.5, 2.2, 3])
        if blur:
            seen = cv2.GaussianBlur(seen, (0, 0), blur)
        if dice.random() < 0.6:
            seen[..., 0] += dice.normal(0, dice.uniform(0.2, 1.5), seen.shape[:2])
        if dice.random() < 0.5:
            seen = seen[:, ::-1]
        way = np.eye(2, 3) + dice.normal(0, [[0.03, 0.03, 1.2]] * 2)
        return cv2.warpAffine(np.ascontiguousarray(seen), way, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REPLICATE)

    def _any(self, examples: list[Example]) -> Example:
        return examples[self._dice.integers(len(examples))]


def upright(points: np.ndarray, eyes: np.ndarray) -> np.ndarray:
    """Points in distances between the eyes, from their middle, with the eyes level."""
    across = eyes[1] - eyes[0]
    span = float(np.linalg.norm(across))
    cosine, sine = across / span
    turned: np.ndarray = (points - eyes.mean(0)) @ np.array([[cosine, sine], [-sine, cosine]]).T
    return turned / span


def faces(folder: Path) -> tuple[Places, list[Example]]:
    """The pictures of a folder on the grid."""
    models = Models(threads=1)
    seen = []
    for person in sorted(folder.iterdir()):
        for number, file in enumerate(sorted(person.glob("*.jpg"))):
            rgb = pictures.decode(file.read_bytes())
            found = face_detection.find(models, rgb)
            mesh = face_mesh.shape(models, rgb.rgb, found.boxes[0], found.points[0])
            beards, moustaches = LABELS.get(person.name, BARE)
            seen.append((person.name, rgb.rgb, mesh, (beards[number], moustaches[number])))
    places = Places(np.mean([upright(mesh.points[:, :2], face_mesh.eye_centres(mesh)) for _, _, mesh, _ in seen], 0))
    return places, [Example(name, places.grid.texture(rgb, mesh), labels) for name, rgb, mesh, labels in seen]


def trained(examples: list[Example], places: Places, count: int, members: int) -> list[Committee]:
    """A committee for each kind."""
    features, labels = Composer(examples, places, np.random.default_rng(0)).examples(count)
    return [fit_classes(features, labels[:, kind], 2, HIDDEN, EPOCHS, members) for kind in range(len(KINDS))]


def calibration(examples: list[Example], places: Places) -> list[np.ndarray]:
    """For each kind how log odds of nets that had not seen a person become right ones: [slope, offset]."""
    men = sorted({one.person for one in examples if one.person in LABELS} | {"person_17"})
    others = sorted({one.person for one in examples} - set(men))
    fold = {name: place % FOLDS for group in (men, others) for place, name in enumerate(group)}
    said: list[list[tuple[float, int]]] = [[] for _ in KINDS]
    for number in range(FOLDS):
        nets = trained([one for one in examples if fold[one.person] != number], places, EXAMPLES // 2, 1)
        for one in examples:
            if fold[one.person] == number and one.person in men:
                features = places.grid.features(one.texture)[None]
                for kind, net in enumerate(nets):
                    if (label := one.labels[kind]) is not None:
                        said[kind].append((float(net.probabilities(features)[0, 1]), label))
    fitted = []
    for name, pairs in zip(KINDS, said, strict=True):
        chances, labels = (
            np.clip([chance for chance, _ in pairs], 1e-6, 1 - 1e-6),
            np.array([label for _, label in pairs]),
        )
        odds = np.log(chances / (1 - chances))
        right = float(((chances > 0.5) == labels).mean())
        line = LogisticRegression(C=1.0).fit(odds[:, None], labels)
        fitted.append(np.array([line.coef_[0, 0], line.intercept_[0]], np.float32))
        print(f"{name}: {right:.3f} of {len(labels)} pictures of men right, calibration {fitted[-1]}")
    return fitted


def main(folder: Path, target: Path) -> None:
    """Learns from the pictures below a folder; writes the weights."""
    places, examples = faces(folder)
    lines = calibration(examples, places)
    arrays = {"corners": places.corners, "shares": places.shares, "inside": places.inside, "cheeks": places.cheeks}
    for kind, net, line in zip(KINDS, trained(examples, places, EXAMPLES, MEMBERS), lines, strict=True):
        arrays |= {name: array.astype(np.float16) for name, array in net.arrays(kind).items()}
        arrays[f"calibration.{kind}"] = line
    np.savez_compressed(target, **arrays)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
