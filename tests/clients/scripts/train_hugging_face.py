"""Fine-tunes a small BERT on labelled sentences, in the manner of the Hugging Face workshops, without a hub."""

import argparse
import os
from pathlib import Path

import pandas as pd
from datasets import Dataset
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertTokenizerFast,
    Trainer,
    TrainingArguments,
)

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--learning_rate", type=float, default=5e-3)
    parser.add_argument("--train_batch_size", type=int, default=32)
    parser.add_argument("--model-dir", default=os.environ["SM_MODEL_DIR"])
    parser.add_argument("--training_dir", default=os.environ["SM_CHANNEL_TRAIN"])
    parser.add_argument("--output_data_dir", default=os.environ["SM_OUTPUT_DATA_DIR"])
    arguments = parser.parse_args()
    frame = pd.read_csv(next(Path(arguments.training_dir).glob("*.csv")))
    words = sorted({word for text in frame["text"] for word in text.split()})
    vocabulary = Path(arguments.output_data_dir) / "vocab.txt"
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
    trainer = Trainer(
        model=BertForSequenceClassification(config),
        args=TrainingArguments(
            output_dir=arguments.output_data_dir,
            num_train_epochs=arguments.epochs,
            per_device_train_batch_size=arguments.train_batch_size,
            learning_rate=arguments.learning_rate,
            logging_steps=5,
            save_strategy="no",
            report_to="none",
            seed=3,
        ),
        train_dataset=data,
        processing_class=tokenizer,
    )
    trainer.train()
    trainer.save_model(arguments.model_dir)
    tokenizer.save_pretrained(arguments.model_dir)
