from __future__ import annotations

import json
from pathlib import Path

from tests.unit.frameworks.toolkit.training.job import Folder

NAMES = (
    "('RANK', 'WORLD_SIZE', 'LOCAL_RANK', 'OMPI_COMM_WORLD_RANK', 'OMPI_COMM_WORLD_SIZE', 'OMPI_COMM_WORLD_LOCAL_RANK')"
)
PRINT = f"""
import json, os
line = json.dumps([int(os.environ[name]) for name in {NAMES}])
os.write(1, line.encode() + bytes([10]))
"""
MPI = {"sagemaker_mpi_enabled": True, "sagemaker_mpi_num_of_processes_per_host": 2}


def printed(output: str) -> list[list[int]]:
    return sorted(json.loads(line) for line in output.splitlines() if line.startswith("["))


def test_every_rank_of_an_mpi_job_runs_and_knows_itself(tmp_path: Path) -> None:
    done = Folder(tmp_path, {"train.py": PRINT}, **MPI).run(PATH="/usr/bin:/bin")
    assert done.returncode == 0, done.stderr
    assert printed(done.stdout) == [[0, 2, 0, 0, 2, 0], [1, 2, 1, 1, 2, 1]]


def test_the_ranks_of_the_second_host_follow_those_of_the_first(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"train.py": PRINT}, **MPI)
    folder.write("resourceconfig", {"current_host": "algo-2", "hosts": ["algo-1", "algo-2"]})
    done = folder.run(CLARY_RENDEZVOUS="127.0.0.1:4321")
    assert printed(done.stdout) == [[2, 4, 0, 2, 4, 0], [3, 4, 1, 3, 4, 1]]


def test_a_rank_that_fails_ends_the_others_and_its_words_are_the_reason(tmp_path: Path) -> None:
    script = "import os, time\nif os.environ['RANK'] == '1':\n    raise ValueError('rank one')\ntime.sleep(600)\n"
    folder = Folder(tmp_path, {"train.py": script}, **MPI)
    assert folder.run().returncode == 1
    assert "ValueError: rank one" in folder.failure


def test_torchrun_is_started_with_the_jobs_hosts_and_meeting_place(tmp_path: Path) -> None:
    folder = Folder(tmp_path, {"train.py": "", "bin": ""}, sagemaker_torch_distributed_enabled=True, lr=0.1)
    (tmp_path / "programs").mkdir()
    torchrun = tmp_path / "programs/torchrun"
    torchrun.write_text('#!/bin/sh\necho "ran: $@"\n')
    torchrun.chmod(0o755)
    folder.write("resourceconfig", {"current_host": "algo-2", "hosts": ["algo-1", "algo-2"]})
    done = folder.run(PATH=f"{tmp_path}/programs:/usr/bin:/bin", CLARY_RENDEZVOUS="127.0.0.1:4321")
    assert (
        "ran: --nnodes 2 --nproc_per_node 1 --master_addr algo-1 --master_port 4321 --node_rank 1 train.py --lr 0.1"
    ) in done.stdout.splitlines()
