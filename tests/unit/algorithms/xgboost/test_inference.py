import json
import threading
import time

import numpy as np
import pytest
import xgboost

from clary.algorithms.contract import AlgorithmError, ContentTypeError, InputError
from clary.algorithms.readers import recordio
from clary.algorithms.readers.record_message import Record
from tests.unit.algorithms.jobs import as_recordio, tiny_rows


def features(rows=40):
    return tiny_rows(rows)[:, 1:].astype(np.float32)


def lines(table):
    return "\n".join(",".join("" if np.isnan(cell) else repr(float(cell)) for cell in row) for row in table).encode()


@pytest.fixture
def model(tmp_path, xgboost_algorithm):
    """Makes a model with plain xgboost; gives our predictor and the booster."""

    def make(objective="binary:logistic", rounds=6, environment=None, name="xgboost-model", **parameters):
        rows = tiny_rows(classes=int(parameters.get("num_class", 2)))
        matrix = xgboost.DMatrix(rows[:, 1:], label=rows[:, 0])
        booster = xgboost.train({"objective": objective, "max_depth": 3, **parameters}, matrix, rounds)
        booster.save_model(tmp_path / "model.ubj")
        (tmp_path / "model").mkdir(exist_ok=True)
        (tmp_path / "model.ubj").rename(tmp_path / "model" / name)
        return xgboost_algorithm.load(tmp_path / "model", environment or {}), booster

    return make


def expected(booster, table):
    return booster.predict(xgboost.DMatrix(table))


def test_a_row_gets_its_score(model):
    predictor, booster = model()
    body, content_type = predictor.predict(lines(features(1)), "text/csv", "")
    assert content_type == "text/csv; charset=utf-8"
    assert float(body) == pytest.approx(expected(booster, features(1))[0])


@pytest.mark.parametrize("count", [2, 40, 4000])
def test_the_scores_of_several_rows_are_joined_by_commas(model, count):
    predictor, booster = model()
    body, _ = predictor.predict(lines(features(count)) + b"\n", "text/csv", "text/csv")
    assert np.allclose([float(item) for item in body.split(b",")], expected(booster, features(count)))


def test_in_batch_transform_each_score_has_a_line(model):
    predictor, booster = model(environment={"SAGEMAKER_BATCH": "true"})
    body, _ = predictor.predict(lines(features(3)), "text/csv", "text/csv")
    assert body.endswith(b"\n")
    assert np.allclose([float(item) for item in body.splitlines()], expected(booster, features(3)))


def test_every_content_type_gives_the_same_scores(model):
    predictor, booster = model()
    table = features(5)
    instances = [{"features": [None if np.isnan(cell) else float(cell) for cell in row]} for row in table]
    sparse = [
        {"data": {"features": {"keys": np.flatnonzero(~np.isnan(row)).tolist(), "shape": [4],
                               "values": row[~np.isnan(row)].tolist()}}}
        for row in table
    ]  # fmt: skip
    libsvm = "\n".join(
        " ".join(f"{i}:{cell!r}" for i, cell in enumerate(map(float, row)) if not np.isnan(cell)) for row in table
    )
    bodies = {
        "text/csv": lines(table),
        "text/csv; charset=utf-8": lines(table).replace(b"\n", b"\r\n"),
        "text/libsvm": libsvm.encode(),
        "text/x-libsvm": "\n".join(f"1 {line}" for line in libsvm.splitlines()).encode(),
        "application/json": json.dumps({"instances": instances}).encode(),
        "application/JSON": json.dumps({"instances": sparse}).encode(),
        "application/jsonlines": "\n".join(map(json.dumps, instances)).encode(),
        "application/x-recordio-protobuf": as_recordio(table, labelled=False),
        "": lines(table),
    }
    for content_type, body in bodies.items():
        answer, _ = predictor.predict(body, content_type, "application/json")
        scores = [item["score"] for item in json.loads(answer)["predictions"]]
        assert np.allclose(scores, expected(booster, table)), content_type


def test_true_and_false_are_one_and_zero(model):
    predictor, booster = model()
    body, _ = predictor.predict(b"True,False,true,0.5", "text/csv", "")
    assert float(body) == pytest.approx(expected(booster, np.array([[1, 0, 1, 0.5]]))[0])


def test_other_delimiters_and_blank_cells_are_understood(model):
    predictor, booster = model()
    body, _ = predictor.predict(b"0.1;0.2;;0.4", "text/csv", "")
    assert float(body) == pytest.approx(expected(booster, np.array([[0.1, 0.2, np.nan, 0.4]]))[0])


def test_the_answer_can_be_json_lines_or_recordio(model):
    predictor, booster = model()
    scores = expected(booster, features(2))
    body, content_type = predictor.predict(lines(features(2)), "text/csv", "application/jsonlines")
    assert content_type == "application/jsonlines"
    assert [json.loads(line)["score"] for line in body.splitlines()] == pytest.approx(list(scores))
    body, content_type = predictor.predict(lines(features(2)), "text/csv", "application/x-recordio-protobuf")
    assert content_type == "application/x-recordio-protobuf"
    records = [Record.FromString(payload) for payload in recordio.payloads(body, "answer")]
    assert [record.label["score"].float32_tensor.values[0] for record in records] == pytest.approx(list(scores))


def test_classes_are_answered_as_lists(model):
    predictor, booster = model("multi:softprob", num_class=3)
    probabilities = expected(booster, features(2))
    body, _ = predictor.predict(lines(features(2)), "text/csv", "")
    assert np.allclose(json.loads(b"[" + body + b"]"), probabilities)
    body, _ = predictor.predict(lines(features(2)), "text/csv", "application/json")
    assert np.allclose([item["score"] for item in json.loads(body)["predictions"]], probabilities)


@pytest.mark.parametrize(
    ("objective", "keys"),
    [
        ("binary:logistic", {"predicted_label", "labels", "probability", "probabilities", "raw_score", "raw_scores"}),
        ("binary:hinge", {"predicted_label", "labels", "raw_score", "raw_scores"}),
        ("binary:logitraw", {"predicted_label", "labels", "raw_score", "raw_scores"}),
        ("multi:softmax", {"predicted_label", "labels", "raw_score", "raw_scores"}),
        ("multi:softprob", {"predicted_label", "labels", "probability", "probabilities", "raw_score", "raw_scores"}),
        ("reg:squarederror", {"predicted_score"}),
    ],
)
def test_the_output_that_was_selected_is_answered_and_the_rest_is_null(model, objective, keys):
    wanted = "predicted_label, labels,probability,probabilities,raw_score,raw_scores,predicted_score"
    extra = {"num_class": 2} if objective.startswith("multi") else {}
    predictor, booster = model(objective, environment={"SAGEMAKER_INFERENCE_OUTPUT": wanted}, **extra)
    body, _ = predictor.predict(lines(features(3)), "text/csv", "application/json")
    for row, raw in zip(json.loads(body)["predictions"], expected(booster, features(3)), strict=True):
        assert list(row) == [key.strip() for key in wanted.split(",")]
        assert {key for key, value in row.items() if value is not None} == keys
        if objective == "binary:logistic":
            assert row["predicted_label"] == int(raw > 0.5)
            assert row["probabilities"] == pytest.approx([1 - raw, raw])
        if objective == "multi:softprob":
            assert row["predicted_label"] == int(np.argmax(raw))
            assert row["labels"] == [0, 1]


def test_selected_output_as_csv_quotes_lists(model):
    predictor, _ = model(environment={"SAGEMAKER_INFERENCE_OUTPUT": "predicted_label,probabilities"})
    body, _ = predictor.predict(lines(features(2)), "text/csv", "text/csv")
    first = body.decode().splitlines()[0]
    assert first.startswith(('0,"[', '1,"['))
    assert first.endswith(']"')


def test_a_model_that_stopped_early_predicts_with_its_best_rounds(tmp_path, xgboost_algorithm):
    rows = tiny_rows()
    matrix = xgboost.DMatrix(rows[:, 1:], label=rows[:, 0])
    booster = xgboost.train({"objective": "binary:logistic"}, matrix, 10)
    booster.set_attr(best_iteration="2")
    booster.save_model(tmp_path / "xgboost-model")
    body, _ = xgboost_algorithm.load(tmp_path, {}).predict(lines(features(1)), "text/csv", "")
    assert float(body) == pytest.approx(booster.predict(xgboost.DMatrix(features(1)), iteration_range=(0, 3))[0])


def test_the_models_of_cross_validation_are_averaged_or_only_the_first_is_used(model, tmp_path, xgboost_algorithm):
    _, first = model(rounds=2, name="xgboost-model-0")
    predictor, second = model(rounds=9, name="xgboost-model-1")
    mean = (expected(first, features(1))[0] + expected(second, features(1))[0]) / 2
    assert float(predictor.predict(lines(features(1)), "text/csv", "")[0]) == pytest.approx(mean)
    alone = xgboost_algorithm.load(tmp_path / "model", {"SAGEMAKER_INFERENCE_ENSEMBLE": "false"})
    assert float(alone.predict(lines(features(1)), "text/csv", "")[0]) == pytest.approx(expected(first, features(1))[0])


def test_a_linear_model_answers_from_several_threads(model):
    predictor, booster = model(booster="gblinear", max_depth=6)
    scores = expected(booster, features(40))
    wrong = []

    def ask(index):
        for _ in range(30):
            body, _ = predictor.predict(lines(features(40)[index : index + 1]), "text/csv", "")
            if not np.isclose(float(body), scores[index]):
                wrong.append(index)

    threads = [threading.Thread(target=ask, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_trees_answer_from_several_threads_small_and_large_requests_at_once(model):
    predictor, booster = model()
    table = np.tile(features(40), (250, 1))
    scores = expected(booster, table)
    wrong = []

    def ask(rows):
        for _ in range(3):
            body, _ = predictor.predict(lines(table[:rows]), "text/csv", "")
            if not np.allclose([float(item) for item in body.split(b",")], scores[:rows]):
                wrong.append(rows)

    threads = [threading.Thread(target=ask, args=(rows,)) for rows in (1, 10, 10_000, 10_000)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    ("body", "content_type", "words"),
    [
        (
            b"1,2,3",
            "text/csv",
            "Feature size of csv inference data 3 is not consistent with feature size of trained model 4",
        ),
        (b"0,1,2,3,4", "text/csv", "Leave out the label"),
        (b"0:1 9:2", "text/libsvm", "Feature size of libsvm inference data 10"),
        (b"1,2,3,x", "text/csv", "line 1, column 4: 'x' is not a number"),
        (b"1,2,3,4\n1,2,3", "text/csv", "line 2: 3 columns, but the first line has 4"),
        (b"\xff\xfe\x00", "text/csv", "is not a number"),
        (b"0:x", "text/libsvm", "line 1: '0:x'"),
        (b"{", "application/json", "is not JSON"),
        (b'{"rows":[]}', "application/json", "has no list 'instances'"),
        (b'{"instances":[{"features":["a"]}]}', "application/json", "instance 1"),
        (b'{"instances":[{"features":[1]},{"features":[1,2]}]}', "application/json", "differ"),
        (b'{"data":1}', "application/jsonlines", "instance 1"),
        (b"garbage", "application/x-recordio-protobuf", "RecordIO"),
        (b"   ", "text/csv", "has no rows"),
        (b"\n", "application/jsonlines", "has no rows"),
    ],
)
def test_a_body_that_cannot_be_read_is_an_input_error(model, body, content_type, words):
    predictor, _ = model()
    with pytest.raises(InputError) as caught:
        predictor.predict(body, content_type, "")
    assert words in str(caught.value)


def test_other_content_types_are_refused_with_415_and_406(model):
    predictor, _ = model()
    with pytest.raises(ContentTypeError) as caught:
        predictor.predict(b"1", "image/png", "")
    assert caught.value.status == 415
    with pytest.raises(ContentTypeError) as caught:
        predictor.predict(lines(features(1)), "text/csv", "image/png")
    assert caught.value.status == 406


def test_the_first_accepted_type_wins_and_anything_means_the_default(model):
    predictor, _ = model(environment={"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "application/json"})
    body = lines(features(1))
    assert predictor.predict(body, "text/csv", "image/png, application/jsonlines;q=0.9")[1] == "application/jsonlines"
    assert predictor.predict(body, "text/csv", "*/*")[1] == "application/json"


def test_an_empty_model_folder_and_a_pickle_are_refused(tmp_path, xgboost_algorithm):
    with pytest.raises(AlgorithmError, match="There is no xgboost-model"):
        xgboost_algorithm.load(tmp_path, {})
    (tmp_path / "xgboost-model").write_bytes(b"\x80\x04\x95")
    with pytest.raises(AlgorithmError, match="is a Python pickle"):
        xgboost_algorithm.load(tmp_path, {})


def test_one_row_is_answered_in_a_fraction_of_a_millisecond(tmp_path, xgboost_algorithm):
    random = np.random.default_rng(0)
    table = random.random((2000, 60))
    booster = xgboost.train({"max_depth": 6}, xgboost.DMatrix(table, label=table[:, 0] * table[:, 1]), 100)
    booster.save_model(tmp_path / "xgboost-model")
    predictor = xgboost_algorithm.load(tmp_path, {})
    body = lines(table[:1])
    seconds = []
    for _ in range(300):
        start = time.perf_counter()
        predictor.predict(body, "text/csv", "text/csv")
        seconds.append(time.perf_counter() - start)
    assert sorted(seconds)[30] < 0.0005  # about 0.1 ms on an idle core
