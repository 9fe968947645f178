"""Fine-tunes a small BERT with Keras on labelled sentences, as the Hugging Face workshops do, without a hub."""

import argparse
import os
from pathlib import Path

import pandas as pd
import tensorflow as tf
from datasets import Dataset
from transformers import BertConfig, BertTokenizerFast, TFBertForSequenceClassification

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--learning_rate", type=float, default=1e-3)
    parser.add_argument("--train_batch_size", type=int, default=32)
    arguments, _ = parser.parse_known_args()
    frame = pd.read_csv(next(Path(os.environ["SM_CHANNEL_TRAIN"]).glob("*.csv")))
    words = sorted({word for text in frame["text"] for word in text.split()})
    vocabulary = Path(os.environ["SM_OUTPUT_DATA_DIR"]) / "vocab.txt"
    vocabulary.parent.mkdir(parents=True, exist_ok=True)
    vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words]))
    tokenizer = BertTokenizerFast(str(vocabulary))
    data = Dataset.from_pandas(frame).map(
        lambda batch: tokenizer(batch["text"], padding="max_length", max_length=12, truncation=True), batched=True
    )
    names = ["NEGATIVE", "POSITIVE"]
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=16,
        id2label=dict(enumerate(names)),
        label2id={name: number for number, name in enumerate(names)},
    )
    batches = data.to_tf_dataset(
        columns=["input_ids", "attention_mask", "token_type_ids"],
        label_cols=["label"],
        batch_size=arguments.train_batch_size,
        shuffle=True,
    )
    tf.random.set_seed(3)
    model = TFBertForSequenceClassification(config)
    loss = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=tf.keras.optimizers.Adam(arguments.learning_rate), loss=loss, metrics=["accuracy"])
    model.fit(batches, epochs=arguments.epochs, verbose=2)
    model.save_pretrained(os.environ["SM_MODEL_DIR"])
    tokenizer.save_pretrained(os.environ["SM_MODEL_DIR"])
