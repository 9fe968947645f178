"""The pictures of a training of Custom Labels, and what is seen in them, kept on disk: a training that was killed goes
on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np
import orjson
from numpy.typing import NDArray

from clary.engines.refusals import Refused
from clary.engines.vision.custom_labels import described
from clary.engines.vision.feature_maps import FeatureMaps, feature_maps
from clary.engines.vision.models import Models
from clary.engines.vision.picture_truths import PictureTruth
from clary.engines.vision.pictures import Picture, decode
from clary.services.rekognition.custom_labels.manifests import annotation_of

_TOLD_EVERY = 100
_SHORTEST_SIDE = 64


@dataclass(frozen=True, slots=True)
class StagedPicture:
    """A picture of a training.

    Attributes:
        line: of its manifest.
        error: why it cannot be used, "" where it can.
        truth: what it shows; None where it cannot be used.
    """

    number: int
    line: dict[str, Any]
    error: str
    truth: PictureTruth | None


def staged(place: Path, name: str) -> list[StagedPicture]:
    """The pictures of a data set ("train", "test"), each decoded once to see whether it can be."""
    found = []
    for text in (place / f"{name}.jsonl").read_bytes().splitlines():
        told = orjson.loads(text)
        error, truth = told["error"], None
        if not error:
            try:
                picture = decode((place / "pictures" / str(told["number"])).read_bytes())
                if min(picture.size["width"], picture.size["height"]) < _SHORTEST_SIDE // 2:
                    error = f"ERROR_INVALID_IMAGE_DIMENSION: a side has fewer than {_SHORTEST_SIDE // 2} pixels"
                else:
                    truth = _truth(told["line"])
            except Refused as refused:
                error = f"ERROR_INVALID_IMAGE_FORMAT: {refused.message}"
        found.append(StagedPicture(told["number"], told["line"], error, truth))
    return found


def _truth(line: dict[str, Any]) -> PictureTruth:
    annotation = annotation_of(line)
    if not annotation.boxes:
        return PictureTruth(annotation.labels, np.zeros((0, 4), np.float32))
    boxes = [(box.left, box.top, box.left + box.width, box.top + box.height) for box in annotation.boxes]
    return PictureTruth(tuple(box.label for box in annotation.boxes), np.array(boxes, np.float32))


class Seen:
    """What the net sees in the pictures of a training.

    Args:
        place: the training's folder.
        told: is called with a sentence now and then.

    Attributes:
        models: where the net comes from.
    """

    def __init__(self, place: Path, models: Models, told: Callable[[str], None]) -> None:
        self.models = models
        self._place = place
        self._told = told
        self._folder = place / "seen"
        self._folder.mkdir(exist_ok=True)
        self._count = 0

    def picture(self, number: int) -> Picture:
        """A picture, decoded."""
        return decode((self._place / "pictures" / str(number)).read_bytes())

    def described(self, number: int, mirrored: bool) -> NDArray[np.float32]:
        """A whole picture as one vector."""
        arrays = self._kept(
            f"{number}-{'mirrored' if mirrored else 'as-is'}",
            lambda: {"vector": described(self.models, self.picture(number), mirrored)},
        )
        return np.asarray(arrays["vector"], np.float32)

    def maps(self, number: int, side: int, mirrored: bool) -> FeatureMaps:
        """A picture place by place, in a size."""

        def look() -> dict[str, NDArray[Any]]:
            maps = feature_maps(self.models, self.picture(number), side, mirrored)
            size = np.array([maps.width, maps.height])
            return {"grid": maps.grid.astype(np.float16), "last": maps.last.astype(np.float16), "size": size}

        arrays = self._kept(f"{number}-{side}-{'mirrored' if mirrored else 'as-is'}", look)
        width, height = (int(length) for length in arrays["size"])
        return FeatureMaps(arrays["grid"].astype(np.float32), arrays["last"].astype(np.float32), width, height)

    def _kept(self, name: str, make: Callable[[], dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
        path = self._folder / f"{name}.npz"
        if not path.exists():
            draft = path.with_suffix(".draft")
            with draft.open("wb") as file:
                np.savez(file, allow_pickle=False, **make())
            draft.replace(path)
            self._count += 1
            if self._count % _TOLD_EVERY == 0:
                self._told(f"{self._count} pictures were looked at")
        with np.load(path, allow_pickle=False) as file:
            return {key: file[key] for key in file.files}


class MapsOf(Sequence[FeatureMaps]):
    """The maps of pictures, read when they are asked for.

    Args:
        seen: reads them.
        views: numbers of pictures and whether they are mirrored.
        side: of the pictures.
    """

    def __init__(self, seen: Seen, views: Sequence[tuple[int, bool]], side: int) -> None:
        self._seen = seen
        self._views = views
        self._side = side

    def __len__(self) -> int:
        return len(self._views)

    @overload
    def __getitem__(self, index: int) -> FeatureMaps: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[FeatureMaps]: ...

    def __getitem__(self, index: int | slice) -> FeatureMaps | Sequence[FeatureMaps]:
        if isinstance(index, slice):
            return MapsOf(self._seen, self._views[index], self._side)
        number, mirrored = self._views[index]
        return self._seen.maps(number, self._side, mirrored)
