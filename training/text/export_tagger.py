r"""Writes the trained tagger of English as the file that Clary ships.

    python -m training.text.export_tagger --data ../shared/data/text --model OUT/english_tagger.pt \
        --out src/clary/engines/text/weights

Run from the root of the project with `src` on PYTHONPATH, after `training.text.english_tagger`. The first
sentences of EWT's training file tell which neurons `outliers` sets apart.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from training.text import outliers
from training.text.english_tagger import CHUNKS, TAGS, Reader, Tagger, model_folder, syntax_examples
from training.text.entity_sets import LABELS
from training.text.onnx_export import export


def main() -> None:
    """Writes `english_tagger.onnx` and `english_tagger.json` (the names of its answers)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    model = Tagger(model_folder())
    model.load_state_dict(torch.load(options.model, weights_only=True))
    pieces = torch.tensor([[101, 2023, 2003, 102], [101, 2204, 102, 0]])
    texts = Reader(model_folder()).batch(syntax_examples(options.data / "ud_en_ewt" / "train.conllu.gz")[:64])
    outliers.set_apart(model, model.encoder, [texts[name] for name in ("pieces", "mask", "shapes")])
    export(
        model,
        {"pieces": pieces, "mask": (pieces != 0).long(), "shapes": torch.zeros_like(pieces)},
        {"answers": ("texts", "length")},
        options.out / "english_tagger.onnx",
        keep=outliers.KEEP,
    )
    names = {"labels": LABELS, "tags": ["O" if tag == "X" else tag for tag in TAGS], "chunks": CHUNKS}
    (options.out / "english_tagger.json").write_text(json.dumps(names, indent=1) + "\n")


if __name__ == "__main__":
    main()
