import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from clary.algorithms.contract import AlgorithmError
from clary.algorithms.readers import parquet
from clary.algorithms.readers.table import Source


def written(**columns):
    sink = pyarrow.BufferOutputStream()
    pyarrow.parquet.write_table(pyarrow.table(columns), sink)
    return sink.getvalue().to_pybytes()


def test_the_first_column_is_the_label_and_nulls_are_missing():
    table = parquet.read([Source("p", data=written(y=[1, 0], a=[True, False], b=[1.5, None]))])
    assert table.labels.tolist() == [1, 0]
    assert table.features[:, 0].tolist() == [1, 0]
    assert np.isnan(table.features[1, 1])


def test_a_pipe_may_deliver_several_files_one_after_the_other():
    data = written(y=[1], a=[2.0]) + written(y=[0], a=[3.0]) + written(y=[1], a=[4.0])
    assert parquet.read([Source("p", data=data)]).features.tolist() == [[2], [3], [4]]


def test_a_column_of_text_is_named(tmp_path):
    path = tmp_path / "x.parquet"
    path.write_bytes(written(y=[1], job=["clerk"]))
    with pytest.raises(AlgorithmError, match=r"File x\.parquet: column 'job' has the type string"):
        parquet.read([Source("x.parquet", path)])


@pytest.mark.parametrize("data", [b"PAR1", b"not parquet at all", b"PAR1" + b"\xff" * 40 + b"PAR1"])
def test_bytes_that_are_no_parquet_are_refused(data):
    with pytest.raises(AlgorithmError, match="cannot be read as Parquet"):
        parquet.read([Source("x.parquet", data=data)])
