"""A small network on the CSV files of a channel, in the manner of the PyTorch workshops."""

import argparse
import json
import os
from pathlib import Path

import numpy as np
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, inputs):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(inputs, 16), nn.ReLU(), nn.Linear(16, 1))

    def forward(self, features):
        return self.layers(features)


def model_fn(model_dir):
    saved = torch.load(Path(model_dir) / "model.pth", weights_only=True)
    model = Net(saved["inputs"])
    model.load_state_dict(saved["state"])
    return model.eval()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--lr", type=float, default=0.05)
    parser.add_argument("--hosts", type=json.loads, default=os.environ["SM_HOSTS"])
    parser.add_argument("--current-host", default=os.environ["SM_CURRENT_HOST"])
    parser.add_argument("--model-dir", default=os.environ["SM_MODEL_DIR"])
    parser.add_argument("--data-dir", default=os.environ["SM_CHANNEL_TRAIN"])
    arguments = parser.parse_args()
    torch.manual_seed(1)
    data = np.concatenate([np.loadtxt(path, delimiter=",") for path in sorted(Path(arguments.data_dir).iterdir())])
    features = torch.tensor(data[:, 1:], dtype=torch.float32)
    labels = torch.tensor(data[:, :1], dtype=torch.float32)
    model = Net(features.shape[1])
    optimizer = torch.optim.Adam(model.parameters(), lr=arguments.lr)
    for epoch in range(arguments.epochs):
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(model(features), labels)
        loss.backward()
        optimizer.step()
        print(f"epoch {epoch} loss: {loss.item():.4f}")
    torch.save({"inputs": features.shape[1], "state": model.state_dict()}, Path(arguments.model_dir) / "model.pth")
