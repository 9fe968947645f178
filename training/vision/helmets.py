"""Pictures of helmets composed by code: drawn onto bare heads, or those of photographs in other colours.

A helmet is drawn as a dome of superelliptic outline that is lit from somewhere, with ridges, a brim, now and then a
badge and a strap, and with the blur and the noise of the picture around it.
"""

from __future__ import annotations

import cv2
import numpy as np

PAINTS = np.array(
    [
        (245, 245, 240), (255, 210, 30), (250, 125, 20), (210, 30, 30), (30, 80, 190), (30, 140, 70), (235, 235, 60),
        (170, 175, 180), (25, 35, 75), (235, 100, 130),
    ],
    np.float32,
)  # fmt: skip
_COMMON = np.array([5, 5, 3, 4, 4, 1.5, 1, 0.7, 0.7, 0.5])


def paint(dice: np.random.Generator) -> np.ndarray:
    """A colour that helmets have, a little off."""
    chosen = PAINTS[dice.choice(len(PAINTS), p=_COMMON / _COMMON.sum())]
    return np.clip(chosen * dice.uniform(0.82, 1.08) + dice.normal(0, 6, 3), 0, 255)


def drawn(pixels: np.ndarray, box: np.ndarray, dice: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A bare head with a helmet on it.

    Args:
        pixels: [height, width, 3] uint8.
        box: [4] of the head, in pixels.

    Returns:
        The picture, and the box [4] of the helmet with what is seen of the face.
    """
    head_width, head_height = box[2] - box[0], box[3] - box[1]
    middle = (box[0] + box[2]) / 2 + dice.normal(0, 0.03) * head_width
    turn = dice.uniform(-1, 1)  # where the wearer looks: left, to the camera, right
    half = head_width * dice.uniform(0.52, 0.64) * (1 + 0.12 * abs(turn))
    rim = box[1] + min(head_height, head_width) * dice.uniform(0.3, 0.48)
    top = box[1] - head_width * dice.uniform(0.06, 0.26)
    tilt = dice.normal(0, 0.12)
    rows, columns = np.indices(pixels.shape[:2]).astype(np.float32)
    across = (columns - middle) * np.cos(tilt) + (rows - rim) * np.sin(tilt)
    down = -(columns - middle) * np.sin(tilt) + (rows - rim) * np.cos(tilt)
    x, y = across / half, down / max(rim - top, 2.0)
    power = dice.uniform(1.9, 2.6)
    radius = np.abs(x) ** power + np.abs(np.minimum(y, 0)) ** power
    sharpness = half * 0.7
    dome = np.clip((1 - radius) * sharpness / power, 0, 1) * np.clip(1 - down, 0, 1)
    light = _light(x, np.minimum(y, 0), turn, dice)
    reach = dice.uniform(0.03, 0.25)  # of the peak, to where the wearer looks
    shift = turn * reach
    thick = dice.uniform(0.05, 0.13) * (1 + reach)
    brim = np.clip((1 - ((x - shift) / (1.06 + reach / 2)) ** 2 - ((down / half) / thick) ** 2) * sharpness * 0.3, 0, 1)
    shadow = np.clip(1 - np.abs(x), 0, 1) * np.clip(1 - down / (0.25 * half), 0, 1) * (down > 0) * 0.4
    colour = paint(dice)
    result = pixels.astype(np.float32) * (1 - shadow)[..., None]
    surface = np.clip(colour * light[..., None] + 255 * _gloss(x, y, dice)[..., None], 0, 255)
    surface = _with_badge(surface, x, y, turn, dice)
    result += (surface - result) * dome[..., None]
    result += (np.clip(colour * dice.uniform(0.6, 1.0), 0, 255) - result) * brim[..., None]
    blurred = cv2.GaussianBlur(result, (0, 0), dice.uniform(0.3, 1.2))
    noisy = blurred + dice.normal(0, dice.uniform(0.5, 5), pixels.shape)
    touched = cv2.GaussianBlur(np.maximum(np.maximum(dome, brim), shadow * 0.5).astype(np.float32), (0, 0), 0.8)[
        ..., None
    ]
    made = pixels + (noisy - pixels) * np.clip(touched * 1.4, 0, 1)
    low = rim + thick * half if dice.random() < 0.6 else max(box[3], rim)
    place = np.array([middle - half * 1.05, top, middle + half * 1.05, low])
    return np.clip(made, 0, 255).astype(np.uint8), place


def _light(x: np.ndarray, y: np.ndarray, turn: float, dice: np.random.Generator) -> np.ndarray:
    """How bright the dome is at each point: as an ellipsoid, with ridges that run over it."""
    depth = np.sqrt(np.clip(1 - x**2 - y**2, 0, 1))
    lamp = np.array([dice.normal(0, 0.6), -dice.uniform(0.2, 1.2), dice.uniform(0.3, 1.0)])
    lamp /= np.linalg.norm(lamp)
    lit = np.clip(x * lamp[0] + y * lamp[1] + depth * lamp[2], 0, 1)
    light = dice.uniform(0.35, 0.7) + dice.uniform(0.3, 0.65) * lit
    for ridge in dice.choice([-0.45, -0.22, 0.0, 0.22, 0.45], size=dice.integers(0, 4), replace=False):
        along = x - (ridge + 0.5 * turn) * np.sqrt(np.clip(1 - y**2, 0, 1))
        light = light + dice.uniform(-0.25, 0.25) * np.exp(-((along / 0.05) ** 2))
    return light


def _gloss(x: np.ndarray, y: np.ndarray, dice: np.random.Generator) -> np.ndarray:
    if dice.random() < 0.4:
        return np.zeros_like(x)
    spot = ((x - dice.uniform(-0.5, 0.5)) / 0.18) ** 2 + ((y + dice.uniform(0.4, 0.8)) / 0.12) ** 2
    return dice.uniform(0.1, 0.6) * np.exp(-spot)


def _with_badge(
    surface: np.ndarray, x: np.ndarray, y: np.ndarray, turn: float, dice: np.random.Generator
) -> np.ndarray:
    if dice.random() < 0.6:
        return surface
    away = ((x - 0.6 * turn) / dice.uniform(0.1, 0.25)) ** 2 + ((y + dice.uniform(0.25, 0.5)) / 0.16) ** 2
    return surface + (dice.uniform(0, 255, 3) - surface) * np.clip((1 - away) * 4, 0, 1)[..., None]


def repainted(pixels: np.ndarray, box: np.ndarray, dice: np.random.Generator) -> np.ndarray:
    """A helmet of a photograph in another colour; as it was, where its colour does not stand out.

    Args:
        pixels: [height, width, 3] uint8.
        box: [4] of the helmet, in pixels.
    """
    height, width = pixels.shape[:2]
    left, top, right, bottom = np.clip(np.round(box), 0, (width, height, width, height)).astype(int)
    if right - left < 8 or bottom - top < 8:
        return pixels
    shades = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV).astype(np.int32)
    core = shades[
        top + (bottom - top) // 8 : (top + bottom) // 2, left + (right - left) // 4 : right - (right - left) // 4
    ]
    hue, saturation, value = np.median(core.reshape(-1, 3), axis=0)
    if saturation > 90:
        apart = np.abs((shades[..., 0] - hue + 90) % 180 - 90)
        same = (apart < 12) & (shades[..., 1] > 60)
    elif value > 140:
        same = (shades[..., 1] < 60) & (shades[..., 2] > value - 90)
    else:
        return pixels
    around = max(2, (right - left) // 12)
    window = np.zeros((height, width), np.float32)
    window[max(0, top - around) : bottom + around, max(0, left - around) : right + around] = 1
    share = cv2.GaussianBlur(same.astype(np.float32) * window, (0, 0), 1.2)[..., None]
    new = np.clip(paint(dice) * (shades[..., 2:] / max(value, 40.0)), 0, 255)
    return np.clip(pixels * (1 - share) + new * share, 0, 255).astype(np.uint8)


def disturbed(pixels: np.ndarray, dice: np.random.Generator) -> np.ndarray:
    """The same in other light, coarser, noisier, or packed harder."""
    made = pixels
    if dice.random() < 0.5:
        side = int(dice.integers(14, 80))
        small = cv2.resize(made, (side, side), interpolation=cv2.INTER_AREA)
        made = cv2.resize(small, pixels.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    if dice.random() < 0.3:
        made = cv2.imdecode(cv2.imencode(".jpg", made, [cv2.IMWRITE_JPEG_QUALITY, int(dice.integers(25, 80))])[1], 1)
    light = made.astype(np.float32) * dice.uniform(0.65, 1.3) * dice.normal(1, 0.04, 3) + dice.uniform(-15, 15)
    if dice.random() < 0.5:
        light = 255 * np.clip(light / 255, 0, 1) ** dice.uniform(0.75, 1.4)
    return np.clip(light, 0, 255).astype(np.uint8)
