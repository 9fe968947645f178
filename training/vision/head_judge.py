"""The finder of covered and bare heads: `python -m training.vision.head_judge FOLDER PORTRAITS TARGET`.

Data: the development part of `ppe_hard_hat` (Roboflow "hard_hat_detection" v2, CC BY 4.0): 57 pictures. FOLDER holds
`images/*.jpg` and `labels/*.txt` (YOLO; 0 hard hat, 1 no hard hat, 2 no head wear, 3 person). Every head is looked at
in many squares, in other light and coarser; helmets are painted in other colours, and bare heads get drawn ones
(`helmets.py`). PORTRAITS is the development part of `faces_synthetic_ids` (made-up persons of AWS's code samples,
MIT-0): more bare heads. The regressions learn from squares beside the heads. The judge learns from where the
regressions end that begin at the persons, marked and found. The dice are seeded. TARGET is the file to write.
`python -m benchmarks.vision_ppe FOLDER --folds 3` measures the recipe on pictures that the models have not seen.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge
from training.vision.helmets import disturbed, drawn, repainted

from clary.engines.vision import face_detection, head_covers, objects
from clary.engines.vision.boxes import overlaps
from clary.engines.vision.head_covers import BARE, COVERED, NONE, PIXELS, HeadFinder, Square
from clary.engines.vision.models import Models
from clary.engines.vision.pictures import Picture, decode
from clary.engines.vision.protective_equipment import persons_of

_KINDS = {0: COVERED, 1: BARE, 2: BARE}
_HAT_CLASS, _BARE_CLASS, _PERSON = 1, 2, 3
_SQUARES = 36  # of each head
_OFTENER = 3  # squares of heads under other hats, of which there are few
_FACE_SQUARES = 12
_PASSES = 2
_PORTRAITS = ("original", "variant_0", "variant_2")
_HEAD_OF_FACE = np.array([-0.15, -0.5, 1.15, 1.05])  # of a face's sides: from the hair to the chin
_ELSEWHERE = 8  # squares of each picture that lie anywhere
_NEAR, _NEAR_SIZE = 0.2, 0.6  # shift in sides and logarithm of sizes up to which a square counts as laid on a head
_IS_HEAD, _IS_NONE = 0.4, 0.2
_STRENGTHS = {"wide": 0.2, "close": 0.15}
_JUDGE_STRENGTH = 1.0
_UNPLACED_WEIGHT = 0.3  # of squares that no person led to: what the judge will see lies on persons
_SEED = 17


@dataclass
class Example:
    """A picture: its heads' boxes [n, 4] and classes [n], the persons that are marked and found; all as ratios.

    `squares`: how many are laid beside each head.
    """

    picture: Picture
    heads: np.ndarray
    classes: np.ndarray
    marked: np.ndarray
    found: np.ndarray
    surety: np.ndarray
    squares: int = _SQUARES


@dataclass
class Squares:
    """What the models learn from: features, `wanted_move`s (zero where there is no head), and what is shown."""

    pixels: list[np.ndarray] = field(default_factory=list)
    moves: list[np.ndarray] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    places: list[np.ndarray] = field(default_factory=list)

    def add(
        self, pixels: np.ndarray, move: np.ndarray, kind: int, place: np.ndarray, dice: np.random.Generator
    ) -> None:
        """Adds a square or its mirror image, in some light."""
        pixels, move, place = disturbed(pixels, dice), move.copy(), place.copy()
        if dice.random() < 0.5:
            pixels = np.ascontiguousarray(pixels[:, ::-1])
            move[0], place[2] = -move[0], -place[2]
        self.pixels.append(pixels)
        self.moves.append(move)
        self.kinds.append(kind)
        self.places.append(place)


def read(models: Models, folder: Path) -> list[Example]:
    """All pictures."""
    examples = []
    for file in sorted((folder / "images").glob("*.jpg")):
        rows = np.loadtxt(folder / "labels" / f"{file.stem}.txt", ndmin=2).reshape(-1, 5)
        boxes = np.concatenate([rows[:, 1:3] - rows[:, 3:5] / 2, rows[:, 1:3] + rows[:, 3:5] / 2], 1)
        heads = np.isin(rows[:, 0], list(_KINDS))
        picture = decode(file.read_bytes())
        found, surety = persons_of(objects.detect(models, picture))
        examples.append(
            Example(picture, boxes[heads], rows[heads, 0].astype(int), boxes[rows[:, 0] == _PERSON], found, surety)
        )
    return examples


def portraits(models: Models, folder: Path) -> list[Example]:
    """Bare heads of persons who look into the camera: three pictures of each."""
    examples, nobody = [], np.zeros((0, 4), np.float32)
    for file in sorted(folder.glob("*/*.jpg")):
        picture = decode(file.read_bytes())
        found = face_detection.find(models, picture)
        if file.stem in _PORTRAITS and len(found.boxes):
            sides = np.tile(found.boxes[0, 2:] - found.boxes[0, :2], 2)
            head = (np.tile(found.boxes[0, :2], 2) + _HEAD_OF_FACE * sides) / _extent(picture)
            classes = np.array([_BARE_CLASS])
            examples.append(Example(picture, head[None], classes, nobody, nobody, nobody[:, 0], _FACE_SQUARES))
    return examples


def _extent(picture: Picture) -> np.ndarray:
    return np.array([picture.width, picture.height] * 2, float)


def _shown(square: Square, box: np.ndarray) -> np.ndarray:
    """A box of the picture within what `cut` makes of a square."""
    return (box - np.array([square.x, square.y] * 2) + square.side / 2) * PIXELS / square.side


def _varied(
    pixels: np.ndarray, square: Square, box: np.ndarray, kind: int, often: float, dice: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, int]:
    """Now and then another colour for a helmet or hat, or a helmet for a bare head; with the box and what is shown."""
    if dice.random() >= often:
        return pixels, box, _KINDS[kind]
    if kind != _BARE_CLASS:
        return repainted(pixels, _shown(square, box), dice), box, _KINDS[kind]
    made, place = drawn(pixels, _shown(square, box), dice)
    corner = np.array([square.x, square.y] * 2) - square.side / 2
    return made, place * square.side / PIXELS + corner, COVERED


def beside_heads(example: Example, dice: np.random.Generator) -> Squares:
    """Squares on and beside the heads of a picture, and some anywhere."""
    made, extent = Squares(), _extent(example.picture)
    heads = example.heads * extent
    for box, kind in zip(heads, example.classes, strict=True):
        around = Square.around(box)
        for number in range(example.squares * (_OFTENER if kind == _HAT_CLASS else 1)):
            far, grown = ((0.07, 0.13), (0.2, 0.35))[number % 2]
            x, y = np.array([around.x, around.y]) + dice.normal(0, far, 2) * around.side
            square = Square(x, y, around.side * np.exp(dice.normal(0, grown)))
            pixels = head_covers.cut(example.picture.rgb, square)
            pixels, place, shows = _varied(pixels, square, box, kind, 0.35, dice)
            made.add(pixels, head_covers.wanted_move(square, place), shows, np.zeros(12), dice)
    for _ in range(_ELSEWHERE):
        x, y = dice.uniform(0, 1, 2) * extent[:2]
        square = Square(x, y, np.exp(dice.uniform(np.log(25), np.log(300))))
        centres = (heads[:, :2] + heads[:, 2:]) / 2
        if not len(heads) or np.abs(centres - (x, y)).max(axis=1).min() > 0.75 * square.side:
            made.add(head_covers.cut(example.picture.rgb, square), np.zeros(4), NONE, np.zeros(12), dice)
    return made


def from_persons(models: Models, finder: HeadFinder, example: Example, dice: np.random.Generator) -> Squares:
    """Squares where the regressions end that begin at the persons of a picture."""
    made, extent = Squares(), _extent(example.picture)
    rgb = disturbed(example.picture.rgb, dice) if dice.random() < 0.3 else example.picture.rgb
    pairs = []
    for person in np.concatenate([example.marked, example.found]) * extent:
        for one in head_covers.starts(person):
            x, y = np.array([one.x, one.y]) + dice.normal(0, 0.06, 2) * one.side
            pairs.append((person, Square(x, y, one.side * np.exp(dice.normal(0, 0.12)))))
    if not pairs:
        return made
    boxes = finder.approached(models, rgb, [square for _, square in pairs])
    heads = example.heads * extent
    for (person, _), box in zip(pairs, boxes, strict=True):
        square, place = Square.around(box), head_covers.lies(box, person)
        pixels = head_covers.cut(rgb, square)
        shared = overlaps(box[None].astype(np.float32), heads.astype(np.float32))[0] if len(heads) else np.zeros(1)
        best = int(shared.argmax())
        if shared[best] < _IS_NONE:
            made.add(pixels, np.zeros(4), NONE, place, dice)
        elif shared[best] >= _IS_HEAD:
            kind = example.classes[best]
            for _ in range(_OFTENER if kind == _HAT_CLASS else 1):
                made.add(pixels, np.zeros(4), _KINDS[kind], place, dice)
            varied, _, shows = _varied(pixels, square, heads[best], kind, 0.5, dice)
            if varied is not pixels:
                made.add(varied, np.zeros(4), shows, place, dice)
    return made


def _model(net: Ridge | LogisticRegression) -> np.ndarray:
    return np.concatenate([net.coef_.T, net.intercept_[None]]).astype(np.float32)


def fit(models: Models, examples: list[Example], beside: list[tuple[np.ndarray, Squares]]) -> HeadFinder:
    """A finder that learned from these pictures.

    Args:
        beside: for each picture the features of its `beside_heads` squares, and those.
    """
    features = np.concatenate([one for one, _ in beside]).astype(np.float32)
    moves = np.concatenate([one.moves for _, one in beside])
    kinds = np.concatenate([one.kinds for _, one in beside])
    arrays = {"mean": features.mean(0), "deviation": features.std(0) + 1e-3}
    scaled = HeadFinder(arrays).scaled(features)
    is_head = kinds != NONE
    is_near = is_head & (np.abs(moves[:, :2]).max(1) < _NEAR) & (np.abs(moves[:, 2:]).max(1) < _NEAR_SIZE)
    for name, rows in (("wide", is_head), ("close", is_near)):
        arrays[name] = _model(Ridge(alpha=_STRENGTHS[name]).fit(scaled[rows], moves[rows]))
    finder, dice = HeadFinder(arrays), np.random.default_rng(len(examples))
    ends = [from_persons(models, finder, example, dice) for example in examples for _ in range(_PASSES)]
    pixels = [one for some in ends for one in some.pixels]
    places = np.array([one for some in ends for one in some.places])
    shown = np.array([one for some in ends for one in some.kinds])
    arrays |= {"place_mean": places.mean(0), "place_deviation": places.std(0) + 1e-3}
    finder = HeadFinder(arrays)
    chosen = is_near | ~is_head
    seen = np.concatenate([finder.scaled(head_covers.described(models, pixels)), finder.placed(places)], 1)
    unplaced = np.concatenate([scaled[chosen], np.zeros((chosen.sum(), places.shape[1]), np.float32)], 1)
    judge = LogisticRegression(C=_JUDGE_STRENGTH, max_iter=100)
    weights = np.concatenate([np.ones(len(seen)), np.full(len(unplaced), _UNPLACED_WEIGHT)])
    judge.fit(np.concatenate([seen, unplaced]), np.concatenate([shown, kinds[chosen]]), sample_weight=weights)
    print(f"{len(kinds)} squares beside heads; {np.bincount(shown)} covered, bare, none from persons", flush=True)
    return HeadFinder(arrays | {"judge": _model(judge)})


def features_beside_heads(models: Models, examples: list[Example]) -> list[tuple[np.ndarray, Squares]]:
    """What `fit` takes, for each picture."""
    dice = np.random.default_rng(_SEED)
    made = [beside_heads(example, dice) for example in examples]
    return [(head_covers.described(models, one.pixels).astype(np.float16), one) for one in made]


def main() -> None:
    """Learns from all pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("portraits", type=Path)
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    models = Models(threads=1)
    examples = read(models, arguments.folder) + portraits(models, arguments.portraits)
    finder = fit(models, examples, features_beside_heads(models, examples))
    np.savez_compressed(arguments.target, **{name: array.astype(np.float16) for name, array in finder.arrays.items()})


if __name__ == "__main__":
    main()
