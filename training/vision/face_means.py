"""The mean embeddings on which faces are centred: `python -m training.vision.face_means PICTURES TARGET.npz`.

Data: the development half of `faces_synthetic_ids` (made-up persons, MIT-0): a folder for each person. Every picture's
largest face is embedded as `engines/vision/face_embedding.py` does before it centres. The same pictures give the same
file.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from clary.engines.vision import face_detection, face_embedding, face_mesh, face_reading, pictures
from clary.engines.vision.models import Models


def main(folder: Path, target: Path) -> None:
    """Writes the means of the pictures below a folder."""
    models = Models(threads=1)
    vectors: dict[str, list[np.ndarray]] = {"face_description": [], "face_recognition": []}
    for file in sorted(folder.rglob("*.jpg")):
        picture = pictures.decode(file.read_bytes())
        found = face_detection.find(models, picture)
        mesh = face_mesh.shape(models, picture.rgb, found.boxes[0], found.points[0])
        (reading,) = face_reading.read(models, picture.rgb, [mesh], attributes=False, vectors=True)
        assert reading.described is not None and reading.recognised is not None
        vectors["face_description"].append(face_embedding.both_sides(reading.described.vectors))
        vectors["face_recognition"].append(face_embedding.both_sides(reading.recognised))
    np.savez(target, **{name: np.mean(found, axis=0).astype(np.float32) for name, found in vectors.items()})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
