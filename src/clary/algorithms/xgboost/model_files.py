"""Model files: `xgboost-model` in XGBoost's own UBJSON or JSON, which plain xgboost loads as well; never a pickle."""

from __future__ import annotations

import io
import json
import os
import re
import tarfile
from pathlib import Path

import xgboost

from clary.algorithms.contract import AlgorithmError

MODEL_NAME = "xgboost-model"
MOST_MODEL_BYTES = 4 << 30
_GZIP = b"\x1f\x8b"
_PLACE = re.compile(r"^\[[\d:]+\] (?:WARNING: )?\S+:\d+:\s*")


def write(data: bytes, path: Path, *, durable: bool = False) -> None:
    """Writes a file so that it is there whole or not at all.

    Args:
        durable: whether it is on disk then. A checkpoint has to be, for it is read after a crash of the machine; a job
            whose model was not stored elsewhere yet starts again after one.
    """
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(data)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    part.replace(path)


def to_bytes(booster: xgboost.Booster) -> bytes:
    """The model with its attributes, in UBJSON."""
    return bytes(booster.save_raw("ubj"))


def to_booster(data: bytes, name: str, threads: int | None = None) -> xgboost.Booster:
    """Loads a model.

    Args:
        name: of the file, for messages.
        threads: for prediction; None is all.

    Raises:
        AlgorithmError: the bytes are no model that may be loaded.
    """
    start = data[:64].lstrip()
    if data[:1] in (b"\x80", b"c", b"("):
        raise AlgorithmError(
            f"{name} is a Python pickle, which is not loaded because it could run any program. "
            "Save the model with Booster.save_model and try again."
        )
    if data[:4] in (b"binf", b"bs64") or not start.startswith(b"{"):
        raise AlgorithmError(
            f"{name} is not an XGBoost model in JSON or UBJSON. A model in the old binary format has to be loaded with "
            "XGBoost 1.0 to 3.0 and saved again with Booster.save_model('model.json')."
        )
    booster = xgboost.Booster({"nthread": threads} if threads else None)
    try:
        booster.load_model(bytearray(data))
    except (xgboost.core.XGBoostError, ValueError) as error:
        raise AlgorithmError(f"{name} is not an XGBoost model: {first_sentence(error)}") from None
    return booster


def objective_of(booster: xgboost.Booster) -> str:
    """The objective a model was trained for."""
    return str(json.loads(booster.save_config())["learner"]["objective"]["name"])


def first_sentence(error: Exception | str) -> str:
    """What an xgboost error or warning says, without its time, source place and stack trace."""
    text = _PLACE.sub("", str(error).split("Stack trace")[0].strip())
    return " ".join(text.split())[:500]


def from_folder(folder: Path) -> list[tuple[str, bytes]]:
    """The models of a model folder: `xgboost-model`, or one for each fold, else any single file.

    Raises:
        AlgorithmError: there is none.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    named = [path for path in files if path.name == MODEL_NAME] or sorted(
        (path for path in files if path.name.startswith(f"{MODEL_NAME}-")), key=lambda path: (len(path.name), path.name)
    )
    chosen = named or files[:1] if len(files) == 1 else named
    if not chosen:
        raise AlgorithmError(f"There is no {MODEL_NAME} among the model's files ({', '.join(p.name for p in files)}).")
    return [(path.name, path.read_bytes()) for path in chosen]


def from_file(path: Path) -> bytes:
    """A model from a file or from a `model.tar.gz`, whose members are read in memory and never written.

    Raises:
        AlgorithmError: there is no model in it, or it is too large.
    """
    if path.stat().st_size > MOST_MODEL_BYTES:
        raise AlgorithmError(f"{path.name} is larger than {MOST_MODEL_BYTES >> 30} GiB.")
    data = path.read_bytes()
    if not data.startswith(_GZIP) and not tarfile.is_tarfile(io.BytesIO(data)):
        return data
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r|*") as archive:
            for member in archive:
                name = Path(member.name).name
                if not member.isfile() or not (name == MODEL_NAME or name.endswith((".json", ".ubj"))):
                    continue
                if member.size > MOST_MODEL_BYTES:
                    raise AlgorithmError(f"{path.name}: {name} is larger than {MOST_MODEL_BYTES >> 30} GiB.")
                file = archive.extractfile(member)
                return file.read() if file else b""
    except (tarfile.TarError, EOFError, OSError) as error:
        raise AlgorithmError(f"{path.name} is not a model archive: {error}") from None
    raise AlgorithmError(f"{path.name} holds no {MODEL_NAME}.")
