import json
import re
import tarfile
import time

import numpy as np
import pytest
import xgboost

from clary.algorithms.contract import AlgorithmError
from clary.algorithms.xgboost import checkpoints
from clary.algorithms.xgboost.parameters import OBJECTIVES
from tests.unit.algorithms.jobs import (
    WRITERS,
    as_csv,
    as_libsvm,
    make_job,
    start_training,
    terminated_after,
    tiny_rows,
)
from tests.unit.algorithms.xgboost.conftest import BINARY, predictions


def test_the_log_has_the_containers_lines(train):
    _, log = train(hyperparameters={"eval_metric": "auc,logloss,accuracy"})
    assert re.search(r"^\[\d{4}-\d\d-\d\d:\d\d:\d\d:\d\d:INFO\] Train matrix has 300 rows and 4 columns$", log, re.M)
    assert "Validation matrix has 100 rows" in log
    line = re.search(r"^\[7\]#011train-auc:\d\.\d{5}#011train-logloss:.*$", log, re.M)[0]
    for metric in ("auc", "logloss", "accuracy"):
        assert re.search(rf".*\[[0-9]+\].*#011validation-{metric}:(\S+)", line)
    assert "\t" not in log


def test_plain_xgboost_loads_the_model_and_it_has_learnt(train, booster_of):
    root, _ = train()
    rows = tiny_rows()[300:]
    assert [path.name for path in (root / "model").iterdir()] == ["xgboost-model"]
    assert ((predictions(booster_of(root), rows) > 0.5) == rows[:, 0]).mean() > 0.85


def test_without_sampling_the_model_is_the_one_that_plain_xgboost_learns(train, booster_of):
    root, _ = train()
    rows = tiny_rows()
    matrix = xgboost.DMatrix(rows[:300, 1:].astype(np.float32), label=rows[:300, 0])
    parameters = {"objective": "binary:logistic", "max_depth": 3, "eta": 0.5}
    plain = xgboost.train(parameters, matrix, 8)
    assert np.allclose(predictions(booster_of(root), rows), predictions(plain, rows), atol=1e-4)


@pytest.mark.parametrize("content_type", WRITERS)
def test_every_content_type_gives_the_same_model(train, booster_of, content_type):
    rows = tiny_rows()
    write = WRITERS[content_type]
    root, _ = train(channels={"train": write(rows[:300]), "validation": write(rows[300:])}, content_type=content_type)
    reference, _ = train("reference")
    assert np.allclose(predictions(booster_of(root), rows), predictions(booster_of(reference), rows), atol=1e-4)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_objective_trains(train, booster_of, objective):
    rows = tiny_rows()
    rows[:, 0] += 1 if objective in ("reg:gamma", "survival:aft", "survival:cox") else 0
    extra = {"objective": objective, "num_round": "2"}
    extra |= {"num_class": "2"} if objective.startswith("multi:") else {}
    extra |= {"quantile_alpha": "0.5"} if objective == "reg:quantileerror" else {}
    root, _ = train(channels={"train": as_csv(rows)}, hyperparameters=extra)
    assert booster_of(root).num_boosted_rounds() == 2


@pytest.mark.parametrize("booster", ["gbtree", "gblinear", "dart"])
def test_every_booster_trains(train, booster_of, booster):
    root, log = train(hyperparameters={"booster": booster})
    assert len(booster_of(root).get_dump()) > 0
    assert "#011validation-logloss:" in log


def test_ranking_uses_the_queries_of_libsvm(train, booster_of):
    rows = tiny_rows(120)
    lines = [
        line.replace(" ", f" qid:{number // 10} ", 1)
        for number, line in enumerate(as_libsvm(rows).decode().splitlines())
    ]
    root, log = train(
        channels={"train": "\n".join(reversed(lines)).encode()},
        content_type="text/libsvm",
        hyperparameters={"objective": "rank:ndcg", "eval_metric": "ndcg@3"},
    )
    assert "train-ndcg@3:" in log
    assert booster_of(root).num_boosted_rounds() == 8


def test_weights_of_zero_take_rows_out(train, booster_of):
    rows = tiny_rows(300)
    spoilt = rows.copy()
    spoilt[:, 0] = 1 - spoilt[:, 0]
    both = np.vstack([np.insert(rows, 1, 1, axis=1), np.insert(spoilt, 1, 0, axis=1)])
    root, _ = train(channels={"train": as_csv(both)}, hyperparameters={"csv_weights": "1"})
    assert ((predictions(booster_of(root), rows) > 0.5) == rows[:, 0]).mean() > 0.9


def test_early_stopping_keeps_the_best_rounds(train, booster_of):
    random = np.random.default_rng(0)
    noise = np.column_stack([random.integers(0, 2, 200), random.random((200, 4))])
    root, log = train(
        channels={"train": as_csv(noise[:100]), "validation": as_csv(noise[100:])},
        hyperparameters={"num_round": "100", "early_stopping_rounds": "4", "eval_metric": "logloss"},
    )
    scores = [float(value) for value in re.findall(r"validation-logloss:(\S+)", log)]
    booster = booster_of(root)
    best = int(np.argmin(scores))
    assert len(scores) == best + 5 < 100
    assert booster.num_boosted_rounds() == best + 1
    assert int(booster.attr("best_iteration")) == best


def test_a_job_resumes_from_its_checkpoint_exactly(train, booster_of):
    sampled = {"subsample": "0.6", "colsample_bytree": "0.5", "seed": "3"}
    whole, log = train("whole", hyperparameters=sampled, checkpoints=True)
    half, _ = train("half", hyperparameters=sampled | {"num_round": "5"}, checkpoints=True)
    hyperparameters = half / "input" / "config" / "hyperparameters.json"
    hyperparameters.write_text(json.dumps(BINARY | sampled))
    (half / "checkpoints" / "xgboost-checkpoint.99").write_bytes(b"{broken")
    _, rest = train("half", hyperparameters=sampled, checkpoints=True)
    assert "Checkpoint loaded from xgboost-checkpoint.5" in rest
    assert re.findall(r"^\[\d+\]#.*", rest, re.M) == re.findall(r"^\[\d+\]#.*", log, re.M)[5:]
    rows = tiny_rows()
    assert np.allclose(predictions(booster_of(half), rows), predictions(booster_of(whole), rows), atol=1e-6)


def test_only_the_last_checkpoints_are_kept(train, monkeypatch):
    monkeypatch.setattr(checkpoints, "SECONDS_BETWEEN", 0.0)
    root, _ = train(checkpoints=True)
    names = {path.name for path in (root / "checkpoints").iterdir()}
    assert names == {f"xgboost-checkpoint.{number}" for number in range(4, 9)}


def test_checkpoints_are_no_more_frequent_than_one_a_second_and_the_last_round_is_kept(train):
    root, _ = train(checkpoints=True)
    names = {path.name for path in (root / "checkpoints").iterdir()}
    assert "xgboost-checkpoint.8" in names
    assert len(names) < 8


def test_a_job_that_asked_for_no_checkpoints_pays_for_none_but_goes_on_from_those_it_has(train, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "SECONDS_BETWEEN", 0.0)
    (tmp_path / "quick" / "checkpoints").mkdir(parents=True)
    root, _ = train("quick")
    assert not list((root / "checkpoints").iterdir())
    monkeypatch.setattr(checkpoints, "SECONDS_BETWEEN_UNASKED", 0.0)
    train("quick")
    assert (root / "checkpoints" / "xgboost-checkpoint.8").is_file()
    _, log = train("quick", hyperparameters={"num_round": "9"})
    assert re.findall(r"^\[(\d+)\]#", log, re.M) == ["8"]


@pytest.mark.parametrize("packed", [True, False])
def test_training_goes_on_from_the_model_channel(train, booster_of, tmp_path, packed):
    first, _ = train("first")
    model = first / "model" / "xgboost-model"
    if packed:
        with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as archive:
            archive.add(model, "xgboost-model")
        files = {"model.tar.gz": (tmp_path / "model.tar.gz").read_bytes()}
    else:
        files = {"xgboost-model": model.read_bytes()}
    rows = tiny_rows()
    second, log = train("second", channels={"train": as_csv(rows), "model": files}, hyperparameters={"num_round": "3"})
    booster = booster_of(second)
    assert booster.num_boosted_rounds() == 11
    assert np.allclose(predictions(booster[:8], rows), predictions(booster_of(first), rows))
    assert re.findall(r"^\[(\d+)\]#", log, re.M) == ["8", "9", "10"]


def test_a_pickle_in_the_model_channel_is_not_loaded(train):
    with pytest.raises(AlgorithmError, match="is a Python pickle, which is not loaded"):
        train(channels={"train": as_csv(tiny_rows()), "model": {"xgboost-model": b"\x80\x04\x95\x00"}})


def test_cross_validation_leaves_a_model_for_each_fold_and_logs_the_means(train):
    root, log = train(hyperparameters={"_kfold": "3", "_num_cv_round": "2", "num_round": "2", "eval_metric": "error"})
    assert sorted(path.name for path in (root / "model").iterdir()) == [f"xgboost-model-{fold}" for fold in range(6)]
    assert "Run 2-round of 3-fold cross validation with 400 rows" in log
    folds = [float(value) for value in re.findall(r"^\[1\].*validation-error:(\S+)", log, re.M)]
    means = [float(value) for value in re.findall(r"^\[2\].*validation-error:(\S+)", log, re.M)]
    assert means[-1] == pytest.approx(np.mean(folds), abs=1e-4)
    assert len((root / "output" / "data" / "predictions.csv").read_text().splitlines()) == 401


@pytest.mark.parametrize(
    ("channels", "options", "words"),
    [
        ({"train": b"1,2\n1,x\n"}, {}, "Channel train: File part-0, line 2, column 2: 'x' is not a number"),
        ({"train": b"1,2\n"}, {"content_type": None}, "set the channel's content_type to text/csv"),
        ({"train": {}}, {}, "No data in the train channel"),
        ({"train": b"1,2\n", "validation": {}}, {}, "No data in the validation channel"),
        ({"train": b"1,2\n0,3\n", "validation": b"1,2,3\n"}, {}, "feature columns"),
        ({"train": b"7,2\n0,3\n"}, {}, "label must be in [0,1] for binary:logistic; the labels go from 0 to 7"),
        (
            {"train": b"3,2\n0,3\n"},
            {"hyperparameters": {"objective": "multi:softmax", "num_class": "3"}},
            "num_class is 3 and the labels go from 0 to 3",
        ),
        (
            {"train": b"0.5,2\n0,3\n"},
            {"hyperparameters": {"objective": "reg:logistic", "eval_metric": "accuracy"}},
            "need labels that are classes",
        ),
        ({"train": b"1,2\n"}, {"content_type": "text/csv;label_size=2"}, "label_size must be 1"),
        ({"validation": b"1,2\n"}, {}, "Missing required channel: train"),
        ({"train": b"1,inf\n0,2\n"}, {}, "inf"),
    ],
)
def test_bad_data_is_an_error_that_says_what(train, channels, options, words):
    with pytest.raises(AlgorithmError) as caught:
        train(channels=channels, **options)
    assert words in str(caught.value)
    assert "Stack trace" not in str(caught.value)


def test_channels_of_different_content_types_are_refused(tmp_path, xgboost_algorithm):
    root = make_job(tmp_path, BINARY, {"train": b"1,2\n", "validation": b"1 0:1\n"})
    config = root / "input" / "config" / "inputdataconfig.json"
    described = json.loads(config.read_text())
    described["validation"]["ContentType"] = "text/libsvm"
    config.write_text(json.dumps(described))
    with pytest.raises(AlgorithmError, match=r"train \(csv\) and validation \(libsvm\) must have the same ContentType"):
        xgboost_algorithm.train(root)


@pytest.mark.parametrize("keeps", ["true", "false"])
def test_sigterm_saves_the_model_unless_it_must_not(tmp_path, booster_of, keeps):
    hyperparameters = BINARY | {"num_round": "100000", "save_model_on_termination": keeps}
    root = make_job(tmp_path / "job", hyperparameters, {"train": as_csv(tiny_rows())})
    program = start_training(root)
    log = terminated_after(program, "[3]#011train-logloss")
    assert program.returncode == 0
    assert "Stopped by SIGTERM" in log
    if keeps == "true":
        assert booster_of(root).num_boosted_rounds() >= 4
    else:
        assert not list((root / "model").glob("*")) if (root / "model").exists() else True


def test_ten_rounds_on_twenty_thousand_rows_cost_little_more_than_plain_xgboost(train):
    random = np.random.default_rng(0)
    features = random.random((20_000, 20)).astype(np.float32)
    labels = (features[:, 0] > 0.5).astype(np.float32)
    matrix = xgboost.DMatrix(features, label=labels)
    start = time.perf_counter()
    xgboost.train({"objective": "binary:logistic", "max_depth": 3}, matrix, 10, evals=[(matrix, "train")])
    plain_seconds = time.perf_counter() - start
    data = as_csv(np.column_stack([labels, features]))
    start = time.perf_counter()
    train(channels={"train": data}, hyperparameters={"num_round": "10"})
    assert time.perf_counter() - start < plain_seconds + 2.0


def test_a_model_of_another_objective_is_not_continued(train):
    first, _ = train("first")
    model = {"xgboost-model": (first / "model" / "xgboost-model").read_bytes()}
    with pytest.raises(AlgorithmError, match=r"was trained for binary:logistic; it cannot go on with reg:gamma"):
        train(
            "second",
            channels={"train": as_csv(tiny_rows()), "model": model},
            hyperparameters={"objective": "reg:gamma"},
        )


def test_trees_are_refreshed_by_process_type_update(train, booster_of):
    first, _ = train("first")
    model = {"xgboost-model": (first / "model" / "xgboost-model").read_bytes()}
    update = {"process_type": "update", "updater": "refresh"}
    root, _ = train("second", channels={"train": as_csv(tiny_rows(seed=3)), "model": model}, hyperparameters=update)
    assert booster_of(root).num_boosted_rounds() == 8
    assert booster_of(root).get_dump() != booster_of(first).get_dump()
    with pytest.raises(AlgorithmError, match="update needs a model in the channel 'model'"):
        train("third", hyperparameters=update)
