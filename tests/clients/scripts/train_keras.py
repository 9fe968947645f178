"""A Keras network on the CSV files of a channel, exported for TensorFlow Serving."""

import argparse
import os
from pathlib import Path

import numpy as np
import tensorflow as tf

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--model_dir", type=str)
    parser.add_argument("--sm-model-dir", type=str, default=os.environ["SM_MODEL_DIR"])
    parser.add_argument("--train", type=str, default=os.environ["SM_CHANNEL_TRAIN"])
    arguments, _ = parser.parse_known_args()
    tf.keras.utils.set_random_seed(1)
    data = np.concatenate([np.loadtxt(path, delimiter=",") for path in sorted(Path(arguments.train).iterdir())])
    features, labels = data[:, 1:].astype("float32"), data[:, 0]
    model = tf.keras.models.Sequential(
        [
            tf.keras.layers.InputLayer(input_shape=(features.shape[1],)),
            tf.keras.layers.Dense(16, activation="relu"),
            tf.keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(features, labels, epochs=arguments.epochs, verbose=2)
    print(f"model_dir is {arguments.model_dir}")
    model.save(os.path.join(arguments.sm_model_dir, "00000001"))
