"""Readers of training data: CSV, LIBSVM, Parquet and RecordIO-protobuf, from files and pipes, for every algorithm."""
