import pytest

from clary.algorithms import train
from clary.algorithms.xgboost import training
from tests.unit.algorithms.jobs import as_csv, make_job, tiny_rows


def test_a_mistake_of_the_user_ends_with_the_reason_and_no_stack_trace(tmp_path, capsys):
    make_job(tmp_path, {"num_round": "1"}, {"train": b"1,x\n"})
    with pytest.raises(SystemExit) as caught:
        train.main(tmp_path, "xgboost")
    assert caught.value.code == 1
    reason = (tmp_path / "output" / "failure").read_text()
    assert reason.startswith("ClientError: Channel train: File part-0, line 1, column 2: 'x' is not a number")
    output = capsys.readouterr()
    assert reason in output.out
    assert "Traceback" not in output.err


def test_a_mistake_of_clary_names_exception_file_and_line(tmp_path, capsys, monkeypatch):
    def broken(*arguments):
        raise RuntimeError("out of luck")

    monkeypatch.setattr(training, "_train", broken)
    make_job(tmp_path, {"num_round": "1"}, {"train": as_csv(tiny_rows(20))})
    with pytest.raises(SystemExit):
        train.main(tmp_path, "xgboost")
    reason = (tmp_path / "output" / "failure").read_text()
    assert reason.startswith("AlgorithmError: RuntimeError: out of luck (test_train.py, line ")
    assert "Traceback" in capsys.readouterr().err


def test_an_unknown_algorithm_is_named(tmp_path):
    with pytest.raises(SystemExit):
        train.main(tmp_path, "nonesuch")
    assert "There is no built-in algorithm 'nonesuch'" in (tmp_path / "output" / "failure").read_text()


def test_a_long_reason_is_cut_to_what_sagemaker_keeps(tmp_path):
    make_job(tmp_path, {"num_round": "1", **{f"unknown_{number}": "1" for number in range(100)}}, {"train": b"1,2\n"})
    with pytest.raises(SystemExit):
        train.main(tmp_path, "xgboost")
    assert len((tmp_path / "output" / "failure").read_text()) == train.MOST_FAILURE_CHARACTERS


def test_broken_configuration_is_told(tmp_path):
    make_job(tmp_path, {}, {})
    (tmp_path / "input" / "config" / "hyperparameters.json").write_text("[]")
    with pytest.raises(SystemExit):
        train.main(tmp_path, "xgboost")
    assert "hyperparameters.json is not a JSON object" in (tmp_path / "output" / "failure").read_text()
