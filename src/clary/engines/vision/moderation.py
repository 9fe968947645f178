"""What not everybody should see, as far as NSFWJS's net (MobileNetV2, five classes) can tell.

The net knows photographs and drawings of naked people and of sex, and photographs of scantily dressed people. Of the
three-level taxonomy that content moderation uses, `TAXONOMY`, it can thus find what `FOUND` names. All other labels,
from weapons to gambling, are **not detected**: no model whose licence allows it sees them, and nothing is guessed.
"""

from __future__ import annotations

import cv2
import numpy as np

from clary.engines.vision.contract import ModerationLabel
from clary.engines.vision.models import Models
from clary.engines.vision.pictures import Picture

TAXONOMY: dict[str, dict[str, tuple[str, ...]]] = {
    "Explicit": {
        "Explicit Nudity": (
            "Exposed Male Genitalia", "Exposed Female Genitalia", "Exposed Buttocks or Anus", "Exposed Female Nipple",
        ),
        "Explicit Sexual Activity": (),
        "Sex Toys": (),
    },
    "Non-Explicit Nudity of Intimate parts and Kissing": {
        "Non-Explicit Nudity": (
            "Bare Back", "Exposed Male Nipple", "Partially Exposed Buttocks", "Partially Exposed Female Breast",
            "Implied Nudity",
        ),
        "Obstructed Intimate Parts": ("Obstructed Female Nipple", "Obstructed Male Genitalia"),
        "Kissing on the Lips": (),
    },
    "Swimwear or Underwear": {"Female Swimwear or Underwear": (), "Male Swimwear or Underwear": ()},
    "Violence": {
        "Weapons": (), "Graphic Violence": ("Weapon Violence", "Physical Violence", "Self-Harm", "Blood & Gore",
                                            "Explosions and Blasts"),
    },
    "Visually Disturbing": {"Death and Emaciation": ("Emaciated Bodies", "Corpses"), "Crashes": ("Air Crash",)},
    "Drugs & Tobacco": {
        "Products": ("Pills",), "Drugs & Tobacco Paraphernalia & Use": ("Smoking",),
    },
    "Alcohol": {"Alcohol Use": ("Drinking",), "Alcoholic Beverages": ()},
    "Rude Gestures": {"Middle Finger": ()},
    "Gambling": {},
    "Hate Symbols": {"Nazi Party": (), "White Supremacy": (), "Extremist": ()},
}  # fmt: skip
"""Labels of the first level, with those of the second, with those of the third."""
FOUND = ("Explicit", "Explicit Nudity", "Swimwear or Underwear")
"""The labels that can be found; the others of `TAXONOMY` are not detected."""
NOT_FOUND = tuple(
    name
    for first, seconds in TAXONOMY.items()
    for name in (first, *(name for second, thirds in seconds.items() for name in (second, *thirds)))
    if name not in FOUND
)
_PIXELS = 224
_CLASSES = ("drawing", "drawn nudity", "neutral", "nudity", "scantily dressed")
_LEAST = 0.05


def moderation_labels(models: Models, picture: Picture) -> list[ModerationLabel]:
    """The labels of a picture above confidence 0.05, the most confident first, parents with their children.

    The net looks at the whole picture and at its mirror image.
    """
    method = cv2.INTER_AREA if min(picture.height, picture.width) > _PIXELS else cv2.INTER_LINEAR
    square = cv2.resize(picture.within(2 * _PIXELS), (_PIXELS, _PIXELS), interpolation=method)
    both = np.stack([square, square[:, ::-1]]).astype(np.float32) / np.float32(255)
    chances = dict(zip(_CLASSES, models["moderation"](both)[0].mean(axis=0).tolist(), strict=True))
    nude, drawn = chances["nudity"], chances["drawn nudity"]
    labels = [
        _label("Explicit", nude + drawn),
        _label("Explicit Nudity", nude + drawn, parent="Explicit"),
        _label("Swimwear or Underwear", chances["scantily dressed"]),
    ]
    return sorted(
        (label for label in labels if label["confidence"] >= _LEAST),
        key=lambda label: (-label["confidence"], label["level"]),
    )


def _label(name: str, confidence: float, parent: str = "") -> ModerationLabel:
    return ModerationLabel(name=name, parent=parent, level=2 if parent else 1, confidence=float(min(confidence, 1.0)))
