r"""Teaches the reader of English opinions more about toxicity, and keeps what it says of all else.

    export OMP_NUM_THREADS=1
    git show 5764b3d:src/clary/engines/text/weights/english-opinions.onnx > AVERAGE/english-opinions.onnx
    python -m training.text.opinion_refine --data ../shared/data --start AVERAGE --out REFINED --steps 550
    python -m training.text.opinion_export --data ../shared/data --model REFINED/opinion.pt \
        --out src/clary/engines/text/weights

It goes on from the weights in eight bits that were made of `opinion_train`'s models before any neuron was set apart;
the history of the project keeps them. Beside the labels of toxicity it learns to say of sentiment and targets what the
model said before: the answers of a frozen copy are what it is measured against (learning without forgetting, Li and
Hoiem 2016). Writes `opinion.pt`, and goes on from it when started again.
"""

from __future__ import annotations

import argparse
import math
import random
import time
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from tokenizers import Tokenizer
from torch import Tensor, nn

from training.text import hate_frames
from training.text import opinion_sets as sets
from training.text.opinion_batches import Batch, batches, encode
from training.text.opinion_model import MENTIONS, OpinionModel
from training.text.opinion_split import read_sets
from training.text.opinion_train import base_model, new_model

_EACH_EPOCH = {"comments": 900, "subtitles": 300, "sent_targets_mams": 500, "sent_targets_newsmtsc": 500,
               "sent_targets_tsamd": 120, "films": 400, "rated-amazon": 500, "rated-tweets": 300, "encyclopedia": 200,
               "toxic-tweets": 900, "toxic-comments": 500, "toxic-votes": 500, "toxic-posts": 200,
               "toxic-templates": 500}  # fmt: skip
_FRAMES = 4_500
_COMPOSED = 350
_COMPOSED_OF = ("films", "rated-amazon", "comments")
_MISSPELLED = 0.3
_PIECES = 2_304
_ENCODER_RATE, _HEAD_RATE = 8e-5, 3e-4
_WARM_SHARE = 0.06
_TOXICITY_WEIGHT, _KEPT_WEIGHT = 2.0, 2.0
_KIND_WEIGHTS = torch.tensor([2.0 if kind == "hate_speech" else 1.0 for kind in sets.TOXICITIES])


def frames(slurs: list[str], chance: random.Random) -> list[sets.Example]:
    """Our own sentences on what makes hate speech hate, other ones each time; some are misspelled."""
    return [
        sets.Example(
            hate_frames.misspelled(text, chance) if chance.random() < _MISSPELLED else text,
            "hate-frames",
            None,
            tuple(math.nan if label is None else float(label) for label in map(labels.get, sets.TOXICITIES, repeat(0))),
        )
        for text, labels in hate_frames.sentences(chance, slurs, _FRAMES)
    ]


def shipped(path: Path) -> OpinionModel:
    """Makes a model of the weights in a file of `opinion_export`; its word embeddings are the encoder's own."""
    graph = onnx.load(str(path)).graph
    held = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    state: dict[str, Tensor] = {}
    for name, value in held.items():
        if name.startswith("model.") and value.dtype == np.float32 and not name.endswith("_scale"):
            state[name.removeprefix("model.")] = torch.tensor(value)
    for node in graph.node:
        if node.op_type == "QAttention":
            layer = int(node.name.split("_")[1])
            weights, bias = _whole(held, f"Attention_{layer}_qkv_weight"), held[f"Attention_{layer}_qkv_bias"]
            for part, name in enumerate(("query", "key", "value")):
                at = f"encoder.encoder.layer.{layer}.attention.self.{name}"
                width = weights.shape[0]
                state[f"{at}.weight"] = torch.tensor(weights[:, part * width : (part + 1) * width].T.copy())
                state[f"{at}.bias"] = torch.tensor(bias[part * width : (part + 1) * width].copy())
        elif node.op_type == "MatMulInteger":
            matrix = _whole(held, node.input[1].removesuffix("_quantized"))
            module = node.name.split("/MatMul")[0].split("/Gemm")[0].removeprefix("/model/")
            parts = module.split("/")
            at = parts[-1] if module.startswith(("toxicity", "sentiment")) else ".".join(parts)
            state[f"{at}.weight"] = torch.tensor(matrix.T.copy())
        elif node.op_type == "MatMul":
            state["targets.weight"] = torch.tensor(held[node.input[1]].T.copy())
    for name in ("position_embeddings", "token_type_embeddings"):
        state[f"encoder.embeddings.{name}.weight"] = torch.tensor(
            _whole(held, f"model.encoder.embeddings.{name}.weight")
        )
    model = new_model(1)
    missing, unexpected = model.load_state_dict(state, strict=False)
    if unexpected or set(missing) != {"inclination.weight", "encoder.embeddings.word_embeddings.weight"}:
        raise SystemExit(f"not a file of opinion_export: {missing} {unexpected}")
    return model


def _whole(held: dict[str, np.ndarray[Any, Any]], name: str) -> np.ndarray[Any, Any]:
    zero = held[f"{name}_zero_point"].astype(np.float32)
    found: np.ndarray[Any, Any] = (held[f"{name}_quantized"].astype(np.float32) - zero) * held[f"{name}_scale"]
    return found.astype(np.float32)


def epoch_of(learned: list[sets.Example], slurs: list[str], chance: random.Random) -> list[sets.Example]:
    """Draws what one epoch learns from."""
    by_source: dict[str, list[sets.Example]] = {}
    for example in learned:
        by_source.setdefault(example.source, []).append(example)
    drawn = frames(slurs, chance)
    for source, examples in by_source.items():
        drawn += chance.sample(examples, min(_EACH_EPOCH[source], len(examples)))
    pool = [one for one in learned if one.source in _COMPOSED_OF]
    told = [one.text for one in by_source["encyclopedia"]]
    return drawn + sets.composed(pool, told, _COMPOSED, chance)


def loss_of(model: OpinionModel, before: OpinionModel, batch: Batch) -> Tensor:
    """Adds up the loss of toxicity over what is labelled, and how far all else is from what the model said before."""
    sentiment, toxicity, targets = model(batch.pieces, batch.mask)
    with torch.no_grad():
        old_sentiment, old_toxicity, old_targets = before(batch.pieces, batch.mask)
    known = ~batch.toxicity.isnan()
    each = nn.functional.binary_cross_entropy_with_logits(toxicity, batch.toxicity.nan_to_num(), reduction="none")
    total = _TOXICITY_WEIGHT * (each * known * _KIND_WEIGHTS).sum() / known.numel()
    unlabelled = batch.toxicity.isnan().all(1)
    if unlabelled.any():
        kept = nn.functional.binary_cross_entropy_with_logits(toxicity[unlabelled], old_toxicity[unlabelled].sigmoid())
        total = total + kept * unlabelled.float().mean()
    real = batch.mask.bool()
    return total + _KEPT_WEIGHT * (
        _apart(sentiment, old_sentiment)
        + _apart(targets[..., :MENTIONS][real], old_targets[..., :MENTIONS][real])
        + _apart(targets[..., MENTIONS:][real], old_targets[..., MENTIONS:][real])
    )


def _apart(now: Tensor, before: Tensor) -> Tensor:
    return nn.functional.kl_div(now.log_softmax(-1), before.log_softmax(-1), reduction="batchmean", log_target=True)


def main() -> None:
    """Reads the sets, learns, and writes the model every hundred steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--start", type=Path, required=True, help="folder of english-opinions.onnx")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.from_file(str(base_model() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    learned, _ = read_sets(options.data)
    slurs = hate_frames.slurs(options.data)
    model, before = (shipped(options.start / "english-opinions.onnx") for _ in range(2))
    before.requires_grad_(False)
    learn(model, before, learned, slurs, tokenizer, options)


def learn(
    model: OpinionModel,
    before: OpinionModel,
    learned: list[sets.Example],
    slurs: list[str],
    tokenizer: Tokenizer,
    options: argparse.Namespace,
) -> None:
    """Runs the steps; goes on from `opinion.pt` where there is one."""
    encoder = [weights for weights in model.encoder.parameters() if weights.requires_grad]
    heads = [*model.sentiment.parameters(), *model.toxicity.parameters(), *model.targets.parameters()]
    groups = [{"params": encoder, "lr": _ENCODER_RATE}, {"params": heads, "lr": _HEAD_RATE}]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01, fused=True)
    saved = options.out / "opinion.pt"
    done = 0
    if saved.exists():
        state = torch.load(saved, weights_only=False)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        done = state["step"]
    sources = dict.fromkeys(
        [one.source for one in learned] + ["hate-frames"] + [f"composed-{name}" for name in _COMPOSED_OF], 0
    )
    step, epoch, smooth, started = 0, 0, 0.0, time.monotonic()
    while step < options.steps:
        chance = random.Random(f"{options.seed}/{epoch}")
        for batch in batches(encode(epoch_of(learned, slurs, chance), tokenizer, sources), _PIECES, chance):
            step += 1
            if step <= done or step > options.steps:
                continue
            rate = min(
                step / (options.steps * _WARM_SHARE), (options.steps - step + 1) / (options.steps * (1 - _WARM_SHARE))
            )
            for group, peak in zip(optimiser.param_groups, (_ENCODER_RATE, _HEAD_RATE), strict=True):
                group["lr"] = peak * rate
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = loss_of(model, before, batch)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            optimiser.zero_grad()
            smooth = loss.item() if not smooth else 0.95 * smooth + 0.05 * loss.item()
            if step % 10 == 0:
                print(f"{step}/{options.steps} loss {smooth:.3f} seconds {time.monotonic() - started:.0f}", flush=True)
            if step % 100 == 0 or step == options.steps:
                content = {"step": step, "model": model.state_dict(), "optimiser": optimiser.state_dict()}
                torch.save({**content, "sources": {"all": 0}}, saved.with_suffix(".new"))
                saved.with_suffix(".new").replace(saved)
        epoch += 1


if __name__ == "__main__":
    main()
