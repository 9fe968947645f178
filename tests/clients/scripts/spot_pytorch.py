"""Trains a small network and goes on from its last checkpoint, as a script for spot instances should."""

import argparse
import os
import time
from pathlib import Path

import torch

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=10)
parser.add_argument("--checkpoint-path", default="/opt/ml/checkpoints")
arguments = parser.parse_args()
torch.manual_seed(3)
torch.set_num_threads(1)
inputs = torch.randn(4_000, 16)
labels = (inputs[:, :1] * inputs[:, 1:2] > 0).float()
model = torch.nn.Sequential(torch.nn.Linear(16, 64), torch.nn.ReLU(), torch.nn.Dropout(0.1), torch.nn.Linear(64, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
checkpoint = Path(arguments.checkpoint_path) / "last.pt"
first = 0
if checkpoint.exists():
    state = torch.load(checkpoint)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    torch.set_rng_state(state["random"])
    first = state["epoch"]
    print(f"resumed after epoch {first}", flush=True)
for epoch in range(first, arguments.epochs):
    for rows in torch.randperm(len(inputs)).split(500):
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(model(inputs[rows]), labels[rows])
        loss.backward()
        optimizer.step()
    print(f"[{epoch}] loss={loss.item():.9f}", flush=True)
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "random": torch.get_rng_state(),
        "epoch": epoch + 1,
    }
    torch.save(state, checkpoint.with_suffix(".new"))
    checkpoint.with_suffix(".new").replace(checkpoint)
    time.sleep(0.1)  # an epoch of a network that is worth a checkpoint takes longer
torch.save(model.state_dict(), Path(os.environ["SM_MODEL_DIR"]) / "model.pth")
