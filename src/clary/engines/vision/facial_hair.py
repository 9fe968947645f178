"""Beards and moustaches, by how the skin around the mouth looks: as the cheeks do, or darker, greyer and rougher.

The mesh spreads the lower half of every face over one grid on which each feature has its place, whatever the face's
shape, size and expression. Small nets look at lightness, roughness and colour on that grid, all relative to the cheeks.
What they learned from, and how well they do, is in `weights/facial_hair.md`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from clary.engines.vision.face_detection import crop
from clary.engines.vision.face_mesh import Mesh, eye_centres
from clary.engines.vision.perceptrons import Committee
from clary.engines.vision.pictures import Pixels

Array = NDArray[np.float32]

KINDS = ("beard", "mustache")
WIDTH, HEIGHT = 96, 80
_CROP_PIXELS = 160
_ROOM = 1.05  # around the mesh
_FINE, _COARSE = 4, 8  # pixels of the grid that make one feature of lightness and roughness, and of colour
_SMOOTH = 1.6
_OFFSET = 6.0  # to lightness, below which ratios mean little
_WEIGHTS = Path(__file__).with_name("weights") / "facial_hair.npz"


class Grid:
    """Where the lower half of a face lies on its mesh.

    Args:
        corners: [`HEIGHT` * `WIDTH`, 3] the points of the mesh around each place.
        shares: of the same shape; how much each of the three counts.
        inside: [`HEIGHT`, `WIDTH`] which places belong to the face.
        cheeks: of the same shape; which are bare skin on every face.
    """

    def __init__(
        self, corners: NDArray[np.int16], shares: Array, inside: NDArray[np.bool_], cheeks: NDArray[np.bool_]
    ) -> None:
        self._corners = corners
        self._shares = shares
        self._cheeks = cheeks
        fine, coarse = (_pooled(inside.astype(np.float32), step) > 0.6 for step in (_FINE, _COARSE))
        self._fine, self._coarse = fine, coarse

    def texture(self, rgb: Pixels, mesh: Mesh) -> Array:
        """[`HEIGHT`, `WIDTH`, 3] the lower half of a face in CIE Lab."""
        eyes = eye_centres(mesh)
        across = eyes[1] - eyes[0]
        points = mesh.points[:, :2]
        low, high = points.min(0), points.max(0)
        side = max(float((high - low).max()) * _ROOM, 2.0)
        angle = float(np.arctan2(across[1], across[0]))
        cut, back = crop(rgb, ((low + high) / 2).astype(np.float32), side, angle, _CROP_PIXELS)
        placed = (points - back[:, 2]) @ np.linalg.inv(back[:, :2]).T
        places = (placed[self._corners] * self._shares[..., None]).sum(1).reshape(HEIGHT, WIDTH, 2).astype(np.float32)
        spread = cv2.remap(cut, places, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
        return np.asarray(cv2.cvtColor(spread.astype(np.float32) / np.float32(255), cv2.COLOR_RGB2Lab), np.float32)

    def features(self, texture: Array) -> Array:
        """What the nets look at, [n]: lightness, roughness and colour relative to the cheeks."""
        skin = self.skin(texture)
        light = np.log(np.maximum(texture[..., 0] + _OFFSET, 1.0) / (skin[0] + _OFFSET))
        rough = texture[..., 0] - cv2.GaussianBlur(texture[..., 0], (0, 0), _SMOOTH)
        rough = rough * (100 / (skin[0] + _OFFSET))
        return np.concatenate(
            [
                _pooled(light, _FINE)[self._fine],
                np.log(_pooled(rough * rough, _FINE)[self._fine] + 0.05) / 2,
                *(_pooled(texture[..., axis] - skin[axis], _COARSE)[self._coarse] / 10 for axis in (1, 2)),
            ]
        ).astype(np.float32)

    def skin(self, texture: Array) -> Array:
        """[3] the colour of the cheeks."""
        return np.asarray(np.median(texture[self._cheeks], axis=0), np.float32)


def hair(rgb: Pixels, mesh: Mesh, male: float) -> dict[str, float]:
    """The chance of each of `KINDS`.

    Args:
        rgb: the picture.
        mesh: the face's.
        male: how likely the face is a man's: of others the skin alone would promise too much.
    """
    grid, nets, calibration = _model()
    features = grid.features(grid.texture(rgb, mesh))[None]
    chances = {}
    for kind in KINDS:
        slope, offset = calibration[kind]
        chance = np.clip(nets[kind].probabilities(features)[0, 1], 1e-6, 1 - 1e-6)
        chances[kind] = male * float(1 / (1 + np.exp(-(slope * np.log(chance / (1 - chance)) + offset))))
    return chances


def _pooled(values: Array, step: int) -> Array:
    return np.asarray(cv2.resize(values, (WIDTH // step, HEIGHT // step), interpolation=cv2.INTER_AREA), np.float32)


@cache
def _model() -> tuple[Grid, dict[str, Committee], dict[str, tuple[float, float]]]:
    with np.load(_WEIGHTS) as file:
        arrays = {name: file[name] for name in file.files}
    grid = Grid(arrays["corners"], arrays["shares"].astype(np.float32), arrays["inside"], arrays["cheeks"])
    nets = {kind: Committee.from_arrays(arrays, kind) for kind in KINDS}
    calibration = {
        kind: (float(arrays[f"calibration.{kind}"][0]), float(arrays[f"calibration.{kind}"][1])) for kind in KINDS
    }
    return grid, nets, calibration
