import time

import numpy as np
import pytest

from clary.algorithms.contract import AlgorithmError
from clary.algorithms.readers import csv
from clary.algorithms.readers.table import Source


def read(data, **options):
    return csv.read([Source("The pipe", data=data)], **options)


def test_the_label_comes_first():
    table = read(b"1,2,3\n0,4,5\n")
    assert table.labels.tolist() == [1, 0]
    assert table.features.tolist() == [[2, 3], [4, 5]]
    assert table.features.dtype == np.float32


@pytest.mark.parametrize(
    "data",
    [
        b"1,True,2\n0,False,3\n",
        b"1,true,2\n0,FALSE,3\n",
        b"1,TRUE,2\n0,0,3\n",
        b"1,True,2\n0,0.0,3\n",
        b'1,"True",2\n0,"False",3\n',
    ],
)
def test_true_and_false_are_one_and_zero(data):
    assert read(data).features.tolist() == [[1, 2], [0, 3]]


@pytest.mark.parametrize("cell", ["", "nan", "NaN", "NA", "null", " "])
def test_missing_values_are_nan(cell):
    features = read(f"1,{cell},2\n0,5,{cell}\n".encode()).features
    assert np.isnan(features[0, 0])
    assert np.isnan(features[1, 1])


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", " "])
def test_the_delimiter_is_found(delimiter):
    assert read(delimiter.join(["1", "2.5", "3"]).encode() + b"\n").features.tolist() == [[2.5, 3]]


@pytest.mark.parametrize(
    "data", [b"1,2", b"1,2\n", b"1,2\r\n", b"1,2\r", b"\xef\xbb\xbf1,2\n", b"\n\n1,2\n\n", b' 1 ,"2"\n']
)
def test_line_ends_marks_blanks_and_quotes_do_not_matter(data):
    table = read(data)
    assert (table.labels.tolist(), table.features.tolist()) == ([1], [[2]])


def test_the_second_column_may_be_the_weight():
    table = read(b"1,0.5,7\n0,2,8\n", weights=True)
    assert table.weights.tolist() == [0.5, 2]
    assert table.features.tolist() == [[7], [8]]


def test_several_or_no_labels_may_be_asked_for():
    assert read(b"1,2,3\n", label_size=2).labels.tolist() == [[1, 2]]
    table = read(b"1,2,3\n", label_size=0)
    assert table.labels is None
    assert table.features.tolist() == [[1, 2, 3]]


def test_files_are_joined_in_order_and_blank_ones_left_out(tmp_path):
    for name, data in {"a": b"1,2\n", "b": b"\n", "c": b"0,3\n"}.items():
        (tmp_path / name).write_bytes(data)
    table = csv.read([Source(name, tmp_path / name) for name in "abc"])
    assert table.features.tolist() == [[2], [3]]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"1,2\n0,x\n", "line 2, column 2: 'x' is not a number"),
        (b"1,2\n\n0,x\n", "line 3, column 2: 'x' is not a number"),
        (b"1,2020-01-01\n", "line 1, column 2: '2020-01-01' is not a number"),
        (b"1,10:30\n", "line 1, column 2: '10:30' is not a number"),
        (b"y,age\n1,2\n", "line 1, column 1: 'y' is not a number. The line looks like a header"),
        (b"1,2,3\n1,2\n", "line 2: 2 columns, but the first line has 3"),
        (b"1,2\n1,2,3\n", "line 2: 3 columns, but the first line has 2"),
        (b"1,2\n,3\n", "line 2: the label is missing or not finite"),
        (b"1\n2\n", "1 column, but 1 for the label and at least one for a feature are needed"),
        (b"1,\xff\xfe\n", "line 1, column 2"),
        (b"1,\x00\n", "line 1, column 2"),
    ],
)
def test_an_error_names_line_and_column(data, message):
    with pytest.raises(AlgorithmError) as caught:
        read(data)
    assert message in str(caught.value)


def test_an_error_names_the_file(tmp_path):
    (tmp_path / "bad.csv").write_bytes(b"1,2\n1,x\n")
    with pytest.raises(AlgorithmError, match=r"File day/bad\.csv, line 2, column 2: 'x'"):
        csv.read([Source("day/bad.csv", tmp_path / "bad.csv")])


def test_files_with_different_columns_are_told_apart(tmp_path):
    (tmp_path / "a").write_bytes(b"1,2,3\n")
    (tmp_path / "b").write_bytes(b"1,2\n")
    with pytest.raises(AlgorithmError, match="File b has 1 feature columns, but File a has 2"):
        csv.read([Source(name, tmp_path / name) for name in "ab"])


def test_a_negative_or_missing_weight_is_refused():
    with pytest.raises(AlgorithmError, match="line 2, column 2: the weight"):
        read(b"1,1,5\n0,-1,5\n", weights=True)


def test_twenty_thousand_rows_are_read_in_a_fraction_of_a_second():
    rows = np.random.default_rng(0).random((20_000, 60))
    data = "\n".join(",".join(f"{cell:.5f}" for cell in row) for row in rows).encode()
    read(data)
    start = time.perf_counter()
    table = read(data)
    assert time.perf_counter() - start < 1.0  # about 0.06 s on an idle core
    assert np.allclose(table.features, rows[:, 1:], atol=1e-5)


def test_long_lines_are_parsed_many_at_a_time(monkeypatch):
    parsed = []
    read_csv = csv.pyarrow.csv.read_csv

    def counted(*arguments):
        parsed.append(read_csv(*arguments))
        return parsed[-1]

    monkeypatch.setattr(csv.pyarrow.csv, "read_csv", counted)
    table = read((b"1," + b",".join([b"0.512345"] * 20_000) + b"\n") * 300)
    assert table.features.shape == (300, 20_000)
    assert parsed[0].column(0).num_chunks <= 2
