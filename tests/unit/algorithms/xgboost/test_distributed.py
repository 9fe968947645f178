import re
import socket

import numpy as np
import pytest

from clary.algorithms.contract import AlgorithmError
from clary.algorithms.xgboost import distributed
from tests.unit.algorithms.jobs import as_csv, make_job, start_training, tiny_rows
from tests.unit.algorithms.xgboost.conftest import BINARY, predictions


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


@pytest.fixture
def run_hosts(tmp_path):
    """Trains with one process for each host; gives their folders, exit codes and logs."""

    def run(parts, hyperparameters=None, name="", **options):
        hosts = [f"algo-{number}" for number in range(1, len(parts) + 1)]
        folders, programs = [], []
        rendezvous = f"127.0.0.1:{free_port()}"
        for host, channels in zip(hosts, parts, strict=True):
            values = BINARY | (hyperparameters or {})
            root = make_job(tmp_path / f"{name}{host}", values, channels, hosts=hosts, host=host, **options)
            folders.append(root)
            programs.append(start_training(root, **{distributed.RENDEZVOUS: rendezvous}))
        logs = [program.communicate(timeout=120)[0] for program in programs]
        return folders, [program.returncode for program in programs], logs

    return run


def test_two_hosts_learn_one_model_from_their_parts(run_hosts, train, booster_of):
    rows = tiny_rows()
    metrics = {"eval_metric": "logloss,accuracy,f1"}
    folders, codes, logs = run_hosts([{"train": as_csv(rows[:150])}, {"train": as_csv(rows[150:])}], metrics)
    assert codes == [0, 0], logs
    assert not list(folders[1].glob("model/*"))
    alone, log = train(channels={"train": as_csv(rows)}, hyperparameters=metrics)
    assert np.allclose(predictions(booster_of(folders[0]), rows), predictions(booster_of(alone), rows), atol=0.15)
    # each host logs the metrics of all rows
    last = [re.search(r"^\[7\]#.*$", text, re.M)[0] for text in logs]
    assert last[0] == last[1]
    assert abs(_accuracy(last[0]) - _accuracy(re.search(r"^\[7\]#.*$", log, re.M)[0])) < 0.03


def _accuracy(line):
    return float(re.search(r"train-accuracy:(\d\.\d+)", line)[1])


def test_a_host_without_files_takes_part_even_when_it_is_the_first(run_hosts, booster_of):
    rows = tiny_rows()
    folders, codes, logs = run_hosts([{"train": {}}, {"train": as_csv(rows), "validation": as_csv(rows)}])
    assert codes == [0, 0], logs
    assert "Host algo-1 has no training data" in logs[0]
    assert ((predictions(booster_of(folders[0]), rows) > 0.5) == rows[:, 0]).mean() > 0.85


def test_a_distributed_job_resumes_from_the_first_hosts_checkpoint_exactly(run_hosts, booster_of):
    rows = tiny_rows()
    parts = [{"train": as_csv(rows[:150])}, {"train": as_csv(rows[150:])}]
    sampled = {"subsample": "0.6", "colsample_bytree": "0.5"}
    whole, codes, logs = run_hosts(parts, sampled, "whole-", checkpoints=True)
    assert codes == [0, 0], logs
    run_hosts(parts, sampled | {"num_round": "3"}, "half-", checkpoints=True)
    half, codes, logs = run_hosts(parts, sampled, "half-", checkpoints=True)
    assert codes == [0, 0], logs
    assert "Checkpoint loaded from xgboost-checkpoint.3" in logs[0]
    assert np.allclose(predictions(booster_of(half[0]), rows), predictions(booster_of(whole[0]), rows), atol=1e-6)


def test_a_host_that_cannot_read_its_data_fails_the_others_at_once(run_hosts):
    folders, codes, _ = run_hosts([{"train": as_csv(tiny_rows())}, {"train": b"1,2\n1,x\n"}])
    assert codes == [1, 1]
    reasons = [(folder / "output" / "failure").read_text() for folder in folders]
    assert reasons[0].startswith("ClientError: algo-2: Channel train: File part-0, line 2, column 2: 'x'")
    assert reasons[1].startswith("ClientError: Channel train: File part-0, line 2, column 2: 'x'")


def test_a_host_that_is_there_before_the_first_waits_without_a_warning(tmp_path):
    rendezvous = f"127.0.0.1:{free_port()}"
    programs = []
    for host in ("algo-2", "algo-1"):
        root = make_job(tmp_path / host, BINARY, {"train": as_csv(tiny_rows())}, hosts=["algo-1", "algo-2"], host=host)
        programs.append(start_training(root, **{distributed.RENDEZVOUS: rendezvous}))
        if host == "algo-2":
            while "Distributed training" not in programs[0].stdout.readline():
                assert programs[0].poll() is None
    logs = [program.communicate(timeout=120)[0] for program in programs]
    assert [program.returncode for program in programs] == [0, 0], logs
    assert "Failed to connect" not in logs[0]


def test_no_data_on_any_host_is_an_error(run_hosts):
    folders, codes, _ = run_hosts([{"train": {}}, {"train": {}}])
    assert codes == [1, 1]
    assert "No data in the train channel of any host" in (folders[0] / "output" / "failure").read_text()


def test_a_first_host_that_has_no_address_is_named(monkeypatch):
    monkeypatch.delenv(distributed.RENDEZVOUS, raising=False)
    with (
        pytest.raises(AlgorithmError, match=r"algo-1\.invalid cannot be resolved"),
        distributed.meeting(["algo-1.invalid", "algo-2.invalid"], "algo-2.invalid"),
    ):
        pass


def test_a_rendezvous_that_is_no_address_is_named(monkeypatch):
    monkeypatch.setenv(distributed.RENDEZVOUS, "nowhere")
    with (
        pytest.raises(AlgorithmError, match="is 'nowhere', which is not address:port"),
        distributed.meeting(["algo-1", "algo-2"], "algo-2"),
    ):
        pass
