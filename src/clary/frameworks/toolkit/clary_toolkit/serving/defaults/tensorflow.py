"""The TensorFlow container: SavedModels behind TensorFlow Serving's REST dialect, with AWS's handlers around it."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow

from .tensorflow_json import BadRequest

DEFAULT_SIGNATURE = "serving_default"
_SAVED_MODEL = "saved_model.pb"


def find_models(folder: Path) -> dict[str, dict[int, Path]]:
    """The SavedModels below a folder: by name, by version.

    A model lies in `NAME/VERSION/`, a version is a number; one that lies right in the folder is version 1 of "model".

    Raises:
        ValueError: there is none.
    """
    found: dict[str, dict[int, Path]] = {}
    for path in sorted(folder.rglob(_SAVED_MODEL)):
        place = path.parent
        if place.name.isdecimal() and place != folder:
            name = "model" if place.parent == folder else place.parent.name
            found.setdefault(name, {})[int(place.name)] = place
        elif place == folder:
            found.setdefault("model", {})[1] = place
    if not found:
        raise ValueError(
            f"no SavedModel bundles found in {folder}: a model lies in a folder whose name is its version, with the "
            "file saved_model.pb (model.export('MODEL_DIR/1'), or tf.saved_model.save)"
        )
    return found


class ServedModel:
    """One version of a SavedModel, asked in TensorFlow Serving's JSON.

    Args:
        path: the folder with `saved_model.pb`.
    """

    def __init__(self, path: Path) -> None:
        self._loaded = tensorflow.saved_model.load(str(path))  # it must live as long as its signatures
        self._signatures = dict(self._loaded.signatures)
        if not self._signatures:
            raise ValueError(
                f"the SavedModel in {path} has no signature: save it with one (model.export does, or the argument "
                "signatures of tf.saved_model.save)"
            )

    def predict(self, request: Any) -> dict[str, Any]:
        """Answers {"instances": ...} with {"predictions": ...} and {"inputs": ...} with {"outputs": ...}.

        Raises:
            BadRequest: the request does not fit the model.
        """
        if not isinstance(request, dict) or ("instances" in request) == ("inputs" in request):
            raise BadRequest("Missing 'inputs' or 'instances' key")
        name = request.get("signature_name") or self._default_signature()
        signature = self._signatures.get(name)
        if signature is None:
            raise BadRequest(f'Serving signature name: "{name}" not found in signature def')
        specs: dict[str, Any] = signature.structured_input_signature[1]
        by_row = "instances" in request
        values = _columns(request["instances"], specs) if by_row else _named(request["inputs"], specs)
        try:
            tensors = {key: _tensor(values[key], spec) for key, spec in specs.items()}
            outputs = signature(**tensors)
        except (tensorflow.errors.OpError, ValueError, TypeError) as error:
            raise BadRequest(getattr(error, "message", "") or str(error)) from error
        answers = {key: _listed(key, tensor) for key, tensor in outputs.items()}
        if not by_row:
            return {"outputs": next(iter(answers.values())) if len(answers) == 1 else answers}
        if len(answers) == 1:
            return {"predictions": next(iter(answers.values()))}
        rows = zip(*answers.values(), strict=True)
        return {"predictions": [dict(zip(answers, row, strict=True)) for row in rows]}

    def _default_signature(self) -> str:
        if DEFAULT_SIGNATURE in self._signatures or len(self._signatures) > 1:
            return DEFAULT_SIGNATURE
        return str(next(iter(self._signatures)))


def _columns(instances: Any, specs: Mapping[str, Any]) -> dict[str, Any]:
    """Rows as one list per input."""
    if not isinstance(instances, list) or not instances:
        raise BadRequest("Tensor name: instances must be a list of at least one element")
    first = instances[0]
    if isinstance(first, dict) and set(first) != {"b64"}:
        for row in instances:
            if not isinstance(row, dict) or set(row) != set(first):
                raise BadRequest("All instances must have the same named inputs")
        return _named({name: [row[name] for row in instances] for name in first}, specs)
    if len(specs) != 1:
        raise BadRequest(f"The model has the inputs {', '.join(sorted(specs))}: each instance must name them")
    return {next(iter(specs)): instances}


def _named(inputs: Any, specs: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(inputs, dict) and set(inputs) != {"b64"}:
        if set(inputs) != set(specs):
            expected, got = ", ".join(sorted(specs)), ", ".join(sorted(map(str, inputs)))
            raise BadRequest(f"The model has the inputs {expected}, the request names {got}")
        return inputs
    if len(specs) != 1:
        raise BadRequest(f"The model has the inputs {', '.join(sorted(specs))}: the request must name them")
    return {next(iter(specs)): inputs}


def _tensor(value: Any, spec: Any) -> Any:
    if spec.dtype == tensorflow.string:
        return tensorflow.constant(_bytes_within(value), dtype=tensorflow.string)
    return tensorflow.cast(tensorflow.constant(value), spec.dtype)


def _bytes_within(value: Any) -> Any:
    """{"b64": TEXT} as the bytes it stands for, wherever it is."""
    if isinstance(value, list):
        return [_bytes_within(item) for item in value]
    if isinstance(value, dict) and set(value) == {"b64"}:
        return base64.b64decode(value["b64"])
    return value


def _listed(name: str, tensor: Any) -> Any:
    values = tensor.numpy().tolist()
    return _text_within(values, as_base64=name.endswith("_bytes")) if tensor.dtype == tensorflow.string else values


def _text_within(value: Any, *, as_base64: bool) -> Any:
    if isinstance(value, list):
        return [_text_within(item, as_base64=as_base64) for item in value]
    if as_base64:
        return {"b64": base64.b64encode(value).decode("ascii")}
    return value.decode("utf-8", "replace")


class Models:
    """The SavedModels of a folder, each loaded when it is first asked for, the default one at once.

    Args:
        folder: the unpacked model.
    """

    def __init__(self, folder: Path) -> None:
        self._paths = find_models(folder)
        self.default = os.environ.get("SAGEMAKER_TFS_DEFAULT_MODEL_NAME") or next(iter(self._paths))
        self._loaded: dict[Path, ServedModel] = {}
        self.model(self.default, None)

    def model(self, name: str, version: str | None) -> ServedModel:
        """A model's version, the newest by default.

        Raises:
            BadRequest: there is none of that name and version.
        """
        versions = self._paths.get(name, {})
        number = max(versions, default=0) if version is None else int(version) if version.isdecimal() else -1
        path = versions.get(number)
        if path is None:
            raise BadRequest(f"Servable not found for request: {'Latest' if version is None else version}({name})")
        if path not in self._loaded:
            self._loaded[path] = ServedModel(path)
        return self._loaded[path]

    def answer(self, body: str | bytes, name: str, version: str | None, method: str) -> tuple[int, bytes]:
        """The REST interface of TensorFlow Serving: a status and JSON.

        Args:
            method: only "predict" is there.
        """
        try:
            if method != "predict":
                raise BadRequest(f"Clary does not have the method {method!r} of TensorFlow Serving: use predict")
            try:
                request = json.loads(body)
            except ValueError as error:
                raise BadRequest(f"JSON Parse error: {error}") from error
            return 200, json.dumps(self.model(name, version).predict(request)).encode()
        except BadRequest as error:
            return 400, json.dumps({"error": str(error)}).encode()
