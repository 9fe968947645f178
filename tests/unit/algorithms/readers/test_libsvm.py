import pytest

from clary.algorithms.contract import AlgorithmError
from clary.algorithms.readers import libsvm
from clary.algorithms.readers.table import Source


def read(data):
    return libsvm.read([Source("The pipe", data=data)])


def test_indices_are_taken_as_they_are():
    table = read(b"1 0:1 3:2.5\n0 1:2 # a comment\n")
    assert table.labels.tolist() == [1, 0]
    assert table.features.toarray().tolist() == [[1, 0, 0, 2.5], [0, 2, 0, 0]]


def test_a_weight_may_follow_the_label():
    table = read(b"1:0.5 0:1\n0:2 1:2\n")
    assert table.weights.tolist() == [0.5, 2]
    assert table.labels.tolist() == [1, 0]


def test_a_query_may_follow_the_label():
    assert read(b"1 qid:7 0:1\n0 qid:8 2:1\n").queries.tolist() == [7, 8]


def test_indices_need_not_be_sorted():
    assert read(b"1 3:1 0:2\n").features.toarray().tolist() == [[2, 0, 0, 1]]


def test_files_of_different_width_are_joined():
    table = libsvm.read([Source("a", data=b"1 0:1\n"), Source("b", data=b"0 4:1\n")])
    assert table.features.shape == (2, 5)


@pytest.mark.parametrize(
    ("data", "token"),
    [
        (b"1 0:1\n1 0:x\n", "line 2: '0:x'"),
        (b"1 -1:2\n", "line 1: '-1:2'"),
        (b"1 99999999999999:2\n", "line 1: '99999999999999:2'"),
        (b"one 0:1\n", "line 1: 'one'"),
        (b"1 5\n", "line 1: '5'"),
        (b"\xff\xfe\n", "line 1"),
    ],
)
def test_an_error_names_line_and_token(data, token):
    with pytest.raises(AlgorithmError) as caught:
        read(data)
    assert token in str(caught.value)


def test_csv_without_a_content_type_is_recognised():
    with pytest.raises(AlgorithmError, match="set the channel's content_type to text/csv"):
        read(b"1,2,3\n")


def test_weights_on_some_lines_only_are_refused():
    with pytest.raises(AlgorithmError, match="only 1 of 2 lines have a weight"):
        read(b"1:2 0:1\n0 0:1\n")


def test_a_request_may_leave_out_the_label():
    assert libsvm.parse(b"0:1 2:3", "The request", labelled=False).features.toarray().tolist() == [[1, 0, 3]]
    assert libsvm.parse(b"1 0:1 2:3", "The request", labelled=False).features.toarray().tolist() == [[1, 0, 3]]
