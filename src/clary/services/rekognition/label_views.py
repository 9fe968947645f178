"""Labels, colours and quality as Rekognition shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clary.engines.vision.contract import Colour, Label, Quality, Region
from clary.services.rekognition.errors import InvalidParameterException
from clary.services.rekognition.face_views import box, percent
from clary.services.rekognition.shelf import INVALID

DEFAULT_CONFIDENCE = 55.0
VIDEO_CONFIDENCE = 50.0
MOST_LABELS = 1000
MOST_COLOURS = 10


@dataclass(frozen=True, slots=True)
class LabelFilter:
    """Which labels are wanted; names and categories in lower case, empty for all."""

    names: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    without_names: frozenset[str] = frozenset()
    without_categories: frozenset[str] = frozenset()

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> LabelFilter:
        """Reads `GeneralLabels` of a request's settings.

        Raises:
            InvalidParameterException: something is both to be included and excluded.
        """
        lists = (
            "LabelInclusionFilters",
            "LabelCategoryInclusionFilters",
            "LabelExclusionFilters",
            "LabelCategoryExclusionFilters",
        )
        names, categories, without, without_categories = (_lower(settings.get(name, ())) for name in lists)
        both = (names & without) | (categories & without_categories)
        if both:
            raise InvalidParameterException(f"{INVALID}: {sorted(both)[0]!r} is included and excluded at once.")
        return cls(names, categories, without, without_categories)

    def passes(self, label: Label) -> bool:
        """Whether a label is wanted."""
        name = label["name"].lower()
        categories = _lower(label["categories"])
        included = not (self.names or self.categories) or name in self.names or bool(categories & self.categories)
        return included and name not in self.without_names and not categories & self.without_categories


def _lower(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word.lower() for word in words)


def chosen(labels: Sequence[Label], wanted: LabelFilter, least_percent: float, most: int) -> list[Label]:
    """The labels that are wanted and confident enough, the most confident first."""
    passed = [label for label in labels if percent(label["confidence"]) >= least_percent and wanted.passes(label)]
    return sorted(passed, key=lambda label: (-label["confidence"], label["name"]))[:most]


def label_view(label: Label, least_percent: float, most_colours: int = MOST_COLOURS) -> dict[str, Any]:
    """A `Label`; instances below the least confidence are left out."""
    return {
        "Name": label["name"],
        "Confidence": percent(label["confidence"]),
        "Instances": [
            {
                "BoundingBox": box(instance["box"]),
                "Confidence": percent(instance["confidence"]),
                **({"DominantColors": colours(instance["colours"], most_colours)} if instance["colours"] else {}),
            }
            for instance in label["instances"]
            if percent(instance["confidence"]) >= least_percent
        ],
        "Parents": [{"Name": name} for name in label["parents"]],
        "Aliases": [{"Name": name} for name in label["aliases"]],
        "Categories": [{"Name": name} for name in label["categories"]],
    }


def properties_view(found: Mapping[str, Region | None], most_colours: int) -> dict[str, Any]:
    """`ImageProperties`: the whole picture, its foreground and its background.

    Args:
        found: a contract's `Properties`.
    """
    whole = found["whole"]
    assert whole is not None
    view = _region(whole, most_colours)
    for member, key in (("Foreground", "foreground"), ("Background", "background")):
        region = found[key]
        if region is not None:
            view[member] = _region(region, most_colours)
    return view


def _region(region: Region, most_colours: int) -> dict[str, Any]:
    return {"Quality": _quality(region["quality"]), "DominantColors": colours(region["colours"], most_colours)}


def _quality(quality: Quality) -> dict[str, float]:
    return {
        "Brightness": quality["brightness"],
        "Sharpness": quality["sharpness"],
        "Contrast": quality["contrast"],
    }


def colours(found: Sequence[Colour], most: int) -> list[dict[str, Any]]:
    """`DominantColors`, the most frequent first."""
    ordered = sorted(found, key=lambda colour: -colour["share"])[:most]
    return [
        {
            "Red": colour["red"],
            "Green": colour["green"],
            "Blue": colour["blue"],
            "HexCode": f"#{colour['red']:02x}{colour['green']:02x}{colour['blue']:02x}",
            "CSSColor": colour["name"],
            "SimplifiedColor": colour["simple"],
            "PixelPercent": percent(colour["share"]),
        }
        for colour in ordered
    ]
