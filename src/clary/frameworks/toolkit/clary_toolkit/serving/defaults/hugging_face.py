"""The Hugging Face container: a pipeline over the model's own files; nothing is fetched from a hub."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import os
from http import HTTPStatus
from pathlib import Path
from typing import Any

import numpy

from ..content_types import CSV, JSON, media_type
from ..errors import UndecodableRequest, UnsupportedFormat
from ..results import Result, server_refusal, toolkit_refusal
from .plain import Defaults

# (end of the name of an architecture, its task), the first that fits.
_TASKS: tuple[tuple[str, str], ...] = (
    ("ForTokenClassification", "token-classification"),
    ("ForSequenceClassification", "text-classification"),
    ("ForQuestionAnswering", "question-answering"),
    ("ForMaskedLM", "fill-mask"),
    ("ForCausalLM", "text-generation"),
    ("LMHeadModel", "text-generation"),
    ("ForConditionalGeneration", "text2text-generation"),
    ("MTModel", "text2text-generation"),
    ("EncoderDecoderModel", "text2text-generation"),
    ("ForImageClassification", "image-classification"),
    ("ForObjectDetection", "object-detection"),
    ("ForSemanticSegmentation", "image-segmentation"),
    ("ForCTC", "automatic-speech-recognition"),
    ("ForAudioClassification", "audio-classification"),
)


class HuggingFaceDefaults(Defaults):
    """Where the user gives no handler."""

    def model_fn(self, model_dir: str) -> Any:
        """A pipeline for `HF_TASK`, or for the task that the architecture in `config.json` is made for.

        Raises:
            ValueError: there are no model files, or the task cannot be told.
        """
        config = Path(model_dir) / "config.json"
        if not config.is_file():
            wish = os.environ.get("HF_MODEL_ID")
            hint = f" HF_MODEL_ID is {wish!r}: Clary does not fetch models from a hub." if wish else ""
            raise ValueError(
                f"{model_dir} has no config.json: put the model's files, as save_pretrained writes them, into "
                f"model.tar.gz, or provide a model_fn implementation.{hint}"
            )
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
        import transformers  # noqa: PLC0415 - these are seconds that only this default needs

        task = os.environ.get("HF_TASK") or task_of(json.loads(config.read_text(encoding="utf-8")))
        framework, device = _framework_and_device()
        return transformers.pipeline(task=task, model=model_dir, framework=framework, device=device)

    def input_fn(self, body: str | bytes, content_type: str) -> Any:
        """JSON, CSV with a header, text, images and sound, as {"inputs": ...}.

        Raises:
            UnsupportedFormat: another content type.
            UndecodableRequest: the body is not of its content type.
        """
        kind = media_type(content_type)
        if kind == JSON:
            return super().input_fn(body, content_type)
        if kind == CSV:
            return _from_csv(body if isinstance(body, str) else body.decode("utf-8"), content_type)
        if kind == "text/plain":
            return {"inputs": body if isinstance(body, str) else body.decode("utf-8")}
        if kind.startswith("image/"):
            from PIL import Image  # noqa: PLC0415

            return {"inputs": Image.open(io.BytesIO(_octets(body)))}
        if kind.startswith("audio/"):
            return {"inputs": _octets(body)}
        raise UnsupportedFormat(content_type)

    def predict_fn(self, data: Any, model: Any) -> Any:
        """The pipeline's answer to `inputs`, with `parameters` as further arguments."""
        if not isinstance(data, dict):
            return model(data)
        data = dict(data)
        inputs = data.pop("inputs", None)
        parameters = data.pop("parameters", None) or {}
        return model(data if inputs is None else inputs, **parameters)

    def output_fn(self, prediction: Any, accept: str) -> Any:
        """JSON, or CSV for a list of labels."""
        if media_type(accept) == CSV:
            rows = prediction if isinstance(prediction, list) else [prediction]
            out = io.StringIO()
            writer = csv.DictWriter(out, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
            return out.getvalue(), CSV
        return json.dumps(prediction, default=_plain), JSON

    def refusal(self, error: Exception) -> Result:
        """Every failure is the request's fault, as in AWS's toolkit."""
        toolkit_refusal(error)
        return server_refusal(HTTPStatus.BAD_REQUEST, str(error) or type(error).__name__)


def task_of(config: dict[str, Any]) -> str:
    """The task of a model's configuration.

    Raises:
        ValueError: its architecture is none that Clary knows.
    """
    architecture = next(iter(config.get("architectures") or []), "")
    for end, task in _TASKS:
        if architecture.endswith(end):
            return task
    known = ", ".join(dict.fromkeys(task for _, task in _TASKS))
    raise ValueError(
        f"the task of the architecture {architecture!r} is not known: set the environment variable HF_TASK, for "
        f"instance to one of {known}"
    )


def _framework_and_device() -> tuple[str, int]:
    """What transformers calls PyTorch or TensorFlow, whichever is there, and the number of the GPU, -1 for none."""
    if importlib.util.find_spec("torch") is not None:
        import torch  # noqa: PLC0415 - there may be none, and it takes seconds

        return "pt", 0 if torch.cuda.is_available() else -1
    import tensorflow  # noqa: PLC0415

    return "tf", 0 if tensorflow.config.list_physical_devices("GPU") else -1


def _from_csv(text: str, content_type: str) -> dict[str, Any]:
    rows = list(csv.DictReader(io.StringIO(text)))
    columns = {name.strip(): [row[name] for row in rows] for name in (rows[0] if rows else ())}
    if "inputs" in columns:
        return {"inputs": columns["inputs"]}
    if {"question", "context"} <= set(columns):
        questions, contexts = columns["question"], columns["context"]
        return {"inputs": [{"question": q, "context": c} for q, c in zip(questions, contexts, strict=True)]}
    raise UndecodableRequest(content_type, "its header names neither inputs nor question and context")


def _octets(body: str | bytes) -> bytes:
    return body.encode("utf-8") if isinstance(body, str) else body


def _plain(value: Any) -> Any:
    if isinstance(value, numpy.ndarray | numpy.generic):
        return value.tolist()
    if hasattr(value, "tolist"):
        return value.tolist()
    return str(value)
