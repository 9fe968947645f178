"""Readers that are compared: Clary's, rapidocr as it comes, Tesseract. Each takes a file and gives words with boxes."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from benchmarks.documents.word_measures import Found
from clary.engines.documents.contract import Box, Page
from clary.engines.documents.reading import Reader

Reads = Callable[[Path], list[Found]]


def clary(scene: bool = False) -> Reads:
    """The engine as the services call it."""
    reader = Reader()

    def read(path: Path) -> list[Found]:
        data = path.read_bytes()
        if scene:
            return found_on(reader.scene(data), path)
        return [one for sheet in reader.read(data) for one in found_on(sheet.page, path)]

    return read


def found_on(page: Page, path: Path) -> list[Found]:
    """A page's words in pixels of the picture that was sent."""
    height, width = size(path)
    words = []
    for word in page.words:
        box = Box.around(page.as_sent(word.outline))
        words.append((word.text, (box.left * width, box.top * height, box.right * width, box.bottom * height)))
    return words


def rapidocr(threads: int = 1) -> Reads:
    """rapidocr with its defaults and its word boxes; -1 threads are as many as there are processors."""
    from rapidocr import RapidOCR

    engine = RapidOCR(params={"Global.log_level": "error", "EngineConfig.onnxruntime.intra_op_num_threads": threads})

    def read(path: Path) -> list[Found]:
        answer = engine(str(path), return_word_box=True)
        words = []
        for line in answer.word_results or ():
            for text, _, corners in line:
                (left, top), (right, bottom) = np.min(corners, axis=0), np.max(corners, axis=0)
                words.append((text, (float(left), float(top), float(right), float(bottom))))
        return words

    return read


def tesseract(threads: int = 1) -> Reads | None:
    """Tesseract with its defaults; None where it is not installed. 0 threads are as many as there are processors."""
    command = shutil.which("tesseract")
    if command is None:
        return None

    def read(path: Path) -> list[Found]:
        done = subprocess.run(
            [command, str(path), "-", "--psm", "3", "tsv"],
            capture_output=True,
            text=True,
            env={"OMP_THREAD_LIMIT": str(threads)} if threads else None,
            check=False,
        )
        words = []
        for line in done.stdout.splitlines()[1:]:
            fields = line.split("\t")
            if len(fields) == 12 and fields[11].strip():
                left, top, width, height = (float(one) for one in fields[6:10])
                words.append((fields[11].strip(), (left, top, left + width, top + height)))
        return words

    return read


def size(path: Path) -> tuple[int, int]:
    """Height and width of a picture."""
    height, width = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE).shape
    return int(height), int(width)
