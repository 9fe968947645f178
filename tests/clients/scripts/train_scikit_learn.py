"""A decision tree on the CSV files of a channel: the script that opens most scikit-learn workshops."""

import argparse
import os
from pathlib import Path

import joblib
import pandas as pd
from sklearn.tree import DecisionTreeClassifier


def model_fn(model_dir):
    return joblib.load(Path(model_dir) / "model.joblib")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--max-leaf-nodes", type=int, default=-1)
    parser.add_argument("--model-dir", default=os.environ["SM_MODEL_DIR"])
    parser.add_argument("--output-data-dir", default=os.environ["SM_OUTPUT_DATA_DIR"])
    parser.add_argument("--train", default=os.environ["SM_CHANNEL_TRAIN"])
    arguments = parser.parse_args()
    data = pd.concat(pd.read_csv(path, header=None) for path in sorted(Path(arguments.train).iterdir()))
    labels, features = data.iloc[:, 0], data.iloc[:, 1:].to_numpy()
    model = DecisionTreeClassifier(max_leaf_nodes=arguments.max_leaf_nodes, random_state=1).fit(features, labels)
    print(f"accuracy: {model.score(features, labels):.4f};")
    joblib.dump(model, Path(arguments.model_dir) / "model.joblib")
    (Path(arguments.output_data_dir) / "leaves.txt").write_text(str(model.get_n_leaves()))
