from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from clary.compute.contract import Channel, JobSpec, Program
from clary.compute.folder import CACHE, JobFolder, below, host_names, lay_out, program_environment, remove_tree

SPEC = JobSpec(
    "id",
    "kind",
    "1",
    "us-east-1",
    "job",
    "arn:job",
    "role",
    Program(entry="a:b"),
    instance_type="ml.m5.xlarge",
    hosts=2,
    hyperparameters={"eta": "0.1"},
    channels=(
        Channel("train", "s3://b/t", content_type="text/csv", distribution="ShardedByS3Key"),
        Channel("code", "s3://b/c", mode="Pipe", record_wrapper="RecordIO"),
    ),
)


def config(root: Path, name: str) -> object:
    return json.loads((root / f"input/config/{name}.json").read_text())


def test_the_configuration_files_are_those_of_sagemaker(tmp_path: Path) -> None:
    lay_out(tmp_path, SPEC, "algo-2")
    assert config(tmp_path, "hyperparameters") == {"eta": "0.1"}
    assert config(tmp_path, "inputdataconfig") == {
        "train": {
            "ContentType": "text/csv",
            "TrainingInputMode": "File",
            "S3DistributionType": "ShardedByS3Key",
            "RecordWrapperType": "None",
        },
        "code": {
            "TrainingInputMode": "Pipe",
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": "RecordIO",
        },
    }
    assert config(tmp_path, "resourceconfig") == {
        "current_host": "algo-2",
        "hosts": ["algo-1", "algo-2"],
        "current_instance_type": "ml.m5.xlarge",
        "current_group_name": "homogeneousCluster",
        "network_interface_name": "lo",
        "instance_groups": [
            {
                "instance_group_name": "homogeneousCluster",
                "instance_type": "ml.m5.xlarge",
                "hosts": ["algo-1", "algo-2"],
            }
        ],
        "topology": None,
    }
    assert program_environment(SPEC, "algo-2")["TRAINING_JOB_NAME"] == "job"
    assert host_names(2) == ["algo-1", "algo-2"]


def test_only_a_job_with_a_checkpoint_config_is_told_of_one(tmp_path: Path) -> None:
    lay_out(tmp_path / "without", SPEC, "algo-1")
    assert not (tmp_path / "without/input/config/checkpointconfig.json").exists()
    asked = replace(SPEC, checkpoint_uri="s3://b/checkpoints", checkpoint_folder="checkpoints/mine")
    lay_out(tmp_path / "with", asked, "algo-1")
    told = {"S3Uri": "s3://b/checkpoints", "LocalPath": "/opt/ml/checkpoints/mine"}
    assert config(tmp_path / "with", "checkpointconfig") == told


def test_what_an_earlier_attempt_left_is_removed_but_for_its_checkpoints(tmp_path: Path) -> None:
    lay_out(tmp_path, SPEC, "algo-1")
    for name in ("model/m", "output/data/o", "output/failure", "input/data/x", "checkpoints/c"):
        (tmp_path / name).write_text("old")
    lay_out(tmp_path, SPEC, "algo-1")
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert left == [
        "checkpoints/c",
        *(f"input/config/{n}.json" for n in sorted(("hyperparameters", "inputdataconfig", "resourceconfig"))),
    ]


@pytest.mark.parametrize("name", ["input", "model", "output", "code", "checkpoints"])
def test_links_that_an_earlier_attempt_left_are_removed_and_never_followed(tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    (outside / "config").mkdir(parents=True)
    (outside / "file").write_text("precious")
    root = tmp_path / "ml"
    root.mkdir()
    (root / name).symlink_to(outside)
    lay_out(root, SPEC, "algo-1")
    assert not (root / name).is_symlink()
    assert sorted(path.name for path in outside.rglob("*")) == ["config", "file"]


@pytest.mark.parametrize("job_id", ["", ".", "..", "a/b", "/x"])
def test_a_job_id_that_is_no_name_is_refused(tmp_path: Path, job_id: str) -> None:
    with pytest.raises(ValueError, match="cannot name"):
        JobFolder(tmp_path, job_id)


def test_a_job_has_one_owner_at_a_time_and_its_end_is_noticed_at_once(tmp_path: Path) -> None:
    folder, same = JobFolder(tmp_path, "id"), JobFolder(tmp_path, "id")
    assert not folder.has_owner()
    folder.create()
    gone = threading.Event()
    with folder.owned() as mine:
        assert mine
        assert same.has_owner()
        with same.owned() as other:
            assert not other
        thread = threading.Thread(target=lambda: (same.wait_for_owner(), gone.set()))
        thread.start()
        assert not gone.wait(0.05)
    assert gone.wait(5)
    assert not same.has_owner()


def test_waking_reaches_a_supervisor_and_tells_when_there_is_none(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path, "id")
    assert not folder.wake()
    folder.create()
    assert not folder.wake()
    listening = folder.open_wake()
    assert folder.wake()
    assert os.read(listening, 10) == b"!"
    os.close(listening)


def test_only_the_owner_of_the_data_may_look_into_a_job(tmp_path: Path) -> None:
    folder = JobFolder(tmp_path, "id")
    folder.create()
    assert folder.path.stat().st_mode & 0o777 == 0o700


def nest(folder: Path, depth: int) -> None:
    """Makes folders in folders, deeper than any path can name."""
    script = f"import os\nfor _ in range({depth}):\n os.mkdir('d' * 9)\n os.chdir('d' * 9)\nopen('last', 'w').close()"
    subprocess.run([sys.executable, "-c", script], cwd=folder, check=True)


@pytest.mark.parametrize("depth", [300, 2000])
def test_folders_are_removed_however_deep_a_program_nested_them(tmp_path: Path, depth: int) -> None:
    deep = tmp_path / "deep"
    deep.mkdir()
    nest(deep, depth)
    remove_tree(deep)
    assert not deep.exists()


def test_what_is_nested_too_deep_to_be_named_is_an_error_not_left_out(tmp_path: Path) -> None:
    deep = tmp_path / "deep"
    deep.mkdir()
    nest(deep, 2000)
    try:
        with pytest.raises(OSError, match="File name too long"):
            list(below(deep))
    finally:
        remove_tree(deep)  # pytest cannot


def test_links_that_a_program_left_are_not_followed_when_the_next_attempt_is_laid_out(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    outside.mkdir()
    lay_out(root, SPEC, "algo-1")
    for name in (".environment", CACHE.parts[0], "anything"):
        (root / name).symlink_to(outside)
    lay_out(root, SPEC, "algo-1")
    assert not any(path.is_symlink() for path in root.iterdir())
    assert not list(outside.iterdir())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look into every folder")
def test_folders_that_a_program_locked_are_removed(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    (locked / "inner").mkdir(parents=True)
    (locked / "inner" / "file").touch()
    (locked / "inner").chmod(0)
    locked.chmod(0o500)
    remove_tree(locked)
    assert not locked.exists()
