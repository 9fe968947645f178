import os
import threading

import pytest

from clary.algorithms.contract import AlgorithmError
from clary.algorithms.readers.channels import InputChannel
from clary.algorithms.readers.content_types import ContentType, training_content_type
from tests.unit.algorithms.jobs import WRITERS, tiny_rows


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, ContentType("libsvm")),
        ("csv", ContentType("csv")),
        ("text/csv;label_size=1", ContentType("csv", 1)),
        ("Text/CSV; Label_Size=0; charset=utf8", ContentType("csv", 0)),
        ("text/x-libsvm", ContentType("libsvm")),
        ("application/x-parquet", ContentType("parquet")),
        ("application/x-recordio-protobuf", ContentType("recordio-protobuf")),
    ],
)
def test_content_types_are_read_as_the_container_does(text, expected):
    assert training_content_type(text) == expected


@pytest.mark.parametrize("text", ["image/png", "text/csv;label_size=one", "text/csv;label_size=99999"])
def test_other_content_types_are_refused_by_name(text):
    with pytest.raises(AlgorithmError, match="is not an accepted ContentType"):
        training_content_type(text)


def test_files_of_nested_folders_are_read_and_hidden_ones_are_not(tmp_path):
    folder = tmp_path / "train"
    for name in ("b/2.csv", "1.csv", "_SUCCESS", ".hidden", "_temporary/9.csv", "empty"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"" if name == "empty" else b"1,2\n")
    channel = InputChannel("train", tmp_path, "text/csv")
    assert [source.name for source in channel.sources()] == ["1.csv", "b/2.csv"]


@pytest.mark.parametrize("content_type", ["text/csv", "application/x-parquet", "application/x-recordio-protobuf"])
def test_a_pipe_is_read_to_its_end(tmp_path, content_type):
    rows = tiny_rows(50)
    pipe = tmp_path / "train_0"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(WRITERS[content_type](rows),))
    writer.start()
    table = InputChannel("train", tmp_path, content_type, "Pipe").read()
    writer.join()
    assert (table.rows, table.columns) == (50, 4)
    assert table.labels.tolist() == rows[:, 0].tolist()


def test_libsvm_cannot_come_through_a_pipe(tmp_path):
    with pytest.raises(AlgorithmError, match="Pipe mode is not supported for LIBSVM"):
        InputChannel("train", tmp_path, "text/libsvm", "Pipe").read()


def test_an_error_names_the_channel(tmp_path):
    (tmp_path / "validation").mkdir()
    (tmp_path / "validation" / "v.csv").write_bytes(b"1,x\n")
    with pytest.raises(AlgorithmError, match=r"Channel validation: File v\.csv, line 1, column 2"):
        InputChannel("validation", tmp_path, "text/csv").read()
