"""Scripts of the public workshops, which import modules of AWS's own toolkits at their top."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.frameworks.toolkit.training.job import Folder, told

FEATURIZER = """
import json
from sagemaker_containers.beta.framework import content_types, encoders, env, modules, transformer, worker
import sagemaker_containers

if __name__ == "__main__":
    told = sagemaker_containers.training_env()
    print(json.dumps([content_types.CSV, told.hosts, told.hyperparameters, told.channel_input_dirs["train"]]))
"""

ABALONE = """
import json
from sagemaker_containers import entry_point
from sagemaker_xgboost_container import distributed
from sagemaker_xgboost_container.data_utils import get_dmatrix

def train(data, is_master):
    print(json.dumps([data.num_row(), data.num_col(), data.get_label().tolist(), is_master]))

if __name__ == "__main__":
    entry_point._wait_hostname_resolution()
    assert get_dmatrix("empty", KIND) is None
    data = get_dmatrix(FOLDER, KIND)
    distributed.rabit_run(
        exec_fun=train, args={"data": data}, include_in_training=data is not None, hosts=HOSTS, current_host="algo-1",
        update_rabit_args=True,
    )
"""


def abalone(tmp_path: Path, kind: str, text: str, hosts: list[str]) -> Folder:
    constants = {"KIND": kind, "FOLDER": str(tmp_path / "input/data/train"), "HOSTS": hosts}
    source = "".join(f"{name} = {value!r}\n" for name, value in constants.items()) + ABALONE
    folder = Folder(tmp_path, {"train.py": source})
    (tmp_path / "input/data/train/part").write_text(text)
    (tmp_path / "input/data/train/.hidden").write_text("nothing of use")
    folder.write("resourceconfig", {"current_host": "localhost", "hosts": ["localhost"]})
    return folder


def test_a_script_finds_the_modules_of_awss_toolkit_and_its_job(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"train.py": FEATURIZER}, epochs=3)
    assert told(folder.run()) == ["text/csv", ["algo-1"], {"epochs": 3}, str(tmp_path / "input/data/train")]


def test_a_module_of_the_script_goes_before_clarys(tmp_path: Path) -> None:
    files = {"train.py": "import json, sagemaker_containers\nprint(json.dumps(sagemaker_containers.mine))\n"}
    assert told(Folder(tmp_path, {**files, "sagemaker_containers.py": "mine = 1\n"}).run()) == 1


@pytest.mark.parametrize(
    ("kind", "text", "columns"),
    [
        ("csv", "1,2,3\n0,5,6\n", 2),
        ("text/csv", "1\t2\t3\n0\t5\t\n", 2),
        ("libsvm", "1 1:2 2:3\n0 1:5\n", 3),
        ("text/x-libsvm", "1 0:2 1:3\n0 1:5\n", 2),
    ],
)
def test_the_xgboost_workshop_reads_its_channel(tmp_path: Path, kind: str, text: str, columns: int) -> None:
    assert told(abalone(tmp_path, kind, text, ["algo-1"]).run()) == [2, columns, [1.0, 0.0], True]


def test_several_hosts_that_want_to_meet_are_refused_by_name(tmp_path: Path) -> None:
    folder = abalone(tmp_path, "csv", "1,2\n0,1\n", ["algo-1", "algo-2"])
    assert folder.run().returncode == 1
    assert "rabit_run for 2 hosts: set instance_count=1" in folder.failure


def test_parquet_and_weights_are_read_too(tmp_path: Path) -> None:
    source = f"""
import json, pyarrow
from pyarrow import parquet
from sagemaker_xgboost_container.data_utils import get_dmatrix

parquet.write_table(pyarrow.table({{"y": [1, 0], "a": [2.0, None]}}), "{tmp_path}/a.parquet")
open("{tmp_path}/a.csv", "w").write("1,0.5,3\\n0,2,4\\n")
print(json.dumps([
    get_dmatrix("{tmp_path}/a.parquet", "application/x-parquet").get_label().tolist(),
    get_dmatrix("{tmp_path}/a.csv", "csv", csv_weights=1).get_weight().tolist(),
]))
"""
    assert told(Folder(tmp_path, {"train.py": source}).run()) == [[1.0, 0.0], [0.5, 2.0]]
