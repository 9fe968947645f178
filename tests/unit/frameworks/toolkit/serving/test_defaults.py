"""What the frameworks do where the user gives no handler, as far as their libraries are installed here."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
import xgboost
from sklearn.linear_model import LinearRegression

from clary.frameworks.toolkit.clary_toolkit.serving.codecs import decode, encode, encode_accepted
from clary.frameworks.toolkit.clary_toolkit.serving.defaults.hugging_face import HuggingFaceDefaults, task_of
from clary.frameworks.toolkit.clary_toolkit.serving.defaults.scikit_learn import ScikitLearnDefaults
from clary.frameworks.toolkit.clary_toolkit.serving.defaults.tensorflow_json import tfs_attributes, to_tfs_json
from clary.frameworks.toolkit.clary_toolkit.serving.defaults.xgboost import XGBoostDefaults
from clary.frameworks.toolkit.clary_toolkit.serving.errors import UndecodableRequest, UnsupportedFormat

TABLE = np.array([[1.0, 2.0], [3.0, 4.5]])


def npy(array: Any, **options: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, array, **options)
    return out.getvalue()


def npz(**arrays: Any) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("[[1, 2], [3, 4.5]]", "application/json"),
        ("1,2\n3,4.5\n", "text/csv"),
        ("1,2\r\n3,4.5", "text/csv; charset=utf-8"),
        (npy(TABLE), "application/x-npy"),
        (npz(x=TABLE), "application/x-npz"),
    ],
)
def test_each_content_type_is_read_as_the_array_it_holds(body: str | bytes, content_type: str) -> None:
    assert np.array_equal(decode(body, content_type), TABLE)


def test_several_arrays_of_an_npz_come_by_name() -> None:
    assert sorted(decode(npz(a=TABLE, b=TABLE), "application/x-npz")) == ["a", "b"]


def test_an_empty_field_of_csv_is_missing() -> None:
    assert np.isnan(decode("1,,3\n4,5,6", "text/csv")[0, 1])


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("[1,", "application/json"),
        (b"no array", "application/x-npy"),
        (npy(np.array([{"a": 1}], dtype=object), allow_pickle=True), "application/x-npy"),
        (b"no archive", "application/x-npz"),
        ("1,2\n3", "text/csv"),
    ],
)
def test_a_body_that_is_not_of_its_type_is_refused_and_no_pickle_is_read(body: str | bytes, content_type: str) -> None:
    with pytest.raises(UndecodableRequest, match=content_type):
        decode(body, content_type)


def test_an_unknown_type_is_refused_by_name() -> None:
    with pytest.raises(UnsupportedFormat, match="text/xml"):
        decode("", "text/xml")


def test_predictions_are_written_as_json_csv_and_npy() -> None:
    assert json.loads(encode(TABLE, "application/json")) == TABLE.tolist()
    assert encode(np.array([1, 0]), "text/csv") == "1\n0\n"
    body, kind = encode_accepted(TABLE, "application/x-npy")
    assert kind == "application/x-npy"
    assert np.array_equal(np.load(io.BytesIO(body)), TABLE)


def test_scikit_learn_predicts_for_every_content_type() -> None:
    model = LinearRegression().fit([[0, 0], [1, 1]], [0, 2])
    defaults = ScikitLearnDefaults()
    for body, content_type in (
        ("1,1", "text/csv"),
        ("[1, 1]", "application/json"),
        (npy([[1, 1]]), "application/x-npy"),
    ):
        prediction = defaults.predict_fn(defaults.input_fn(body, content_type), model)
        assert prediction == pytest.approx([2])


def test_scikit_learn_answers_an_unknown_type_with_json() -> None:
    result = ScikitLearnDefaults().refusal(UnsupportedFormat("text/xml"))
    assert result.status == 415
    assert json.loads(result.body)["error"] == "UnsupportedFormatError"


def test_xgboost_predicts_for_every_content_type() -> None:
    features = np.random.default_rng(0).random((50, 2))
    booster = xgboost.train({}, xgboost.DMatrix(features, label=features[:, 0]), 3)
    wanted = booster.predict(xgboost.DMatrix(features[:1]))
    defaults = XGBoostDefaults()
    first, second = features[0]
    for body, content_type in (
        (f"{first},{second}", "text/csv"),
        (f"{first}\t{second}", "text/csv"),
        (f"0:{first} 1:{second}", "text/libsvm"),
        (f"1 0:{first} 1:{second}\n", "text/x-libsvm"),
        (npy(features[:1]), "application/x-npy"),
        (json.dumps([[first, second]]), "application/json"),
    ):
        data = defaults.input_fn(body, content_type)
        assert defaults.predict_fn(data, booster) == pytest.approx(wanted, abs=1e-5)
    with pytest.raises(UndecodableRequest, match="libsvm"):
        defaults.input_fn("1 a:b", "text/libsvm")
    with pytest.raises(UnsupportedFormat, match="text/xml"):
        defaults.input_fn("", "text/xml")


@pytest.mark.parametrize(
    ("body", "content_type", "instances"),
    [
        ("[[1, 2], [3, 4]]", "application/json", [[1, 2], [3, 4]]),
        ("[1, 2]", "application/json", [[1, 2]]),
        ('{"x": 1}', "application/json", [{"x": 1}]),
        ('{"x": 1}\n{"x": 2}', "application/jsonlines", [{"x": 1}, {"x": 2}]),
        ("[1]\n[2]\n", "application/jsonlines", [[1], [2]]),
        ("1,2\n3,4.5", "text/csv", [[1, 2], [3, 4.5]]),
        ("1\n2", "text/csv", [1, 2]),
        ("a,b\n", "text/csv", [["a", "b"]]),
    ],
)
def test_tensorflow_takes_bare_lists_single_objects_lines_and_csv(body: str, content_type: str, instances: Any) -> None:
    assert json.loads(to_tfs_json(body, content_type)) == {"instances": instances}


@pytest.mark.parametrize("body", ['{"instances": [1]}', '{"inputs": [1], "signature_name": "s"}'])
def test_tensorflows_own_json_stays_as_it_is(body: str) -> None:
    assert to_tfs_json(body, "application/json") == body


def test_custom_attributes_choose_tensorflows_model() -> None:
    assert tfs_attributes("tfs-model-name=a,x=1,tfs-model-version=2") == {
        "tfs-model-name": "a",
        "tfs-model-version": "2",
    }


@pytest.mark.parametrize(
    ("architecture", "task"),
    [("BertForSequenceClassification", "text-classification"), ("GPT2LMHeadModel", "text-generation")],
)
def test_the_task_of_a_hugging_face_model_is_told_by_its_architecture(architecture: str, task: str) -> None:
    assert task_of({"architectures": [architecture]}) == task


def test_an_architecture_without_a_task_asks_for_hf_task() -> None:
    with pytest.raises(ValueError, match=r"'StrangeModel' is not known: set the environment variable HF_TASK"):
        task_of({"architectures": ["StrangeModel"]})


def test_hugging_face_asks_the_pipeline_with_inputs_and_parameters() -> None:
    defaults = HuggingFaceDefaults()
    asked: list[Any] = []

    def pipeline(inputs: Any, **parameters: Any) -> list[dict[str, Any]]:
        asked.append((inputs, parameters))
        return [{"label": "good", "score": np.float32(0.5)}]

    data = defaults.input_fn('{"inputs": "fine", "parameters": {"top_k": 1}}', "application/json")
    prediction = defaults.predict_fn(data, pipeline)
    assert asked == [("fine", {"top_k": 1})]
    assert json.loads(defaults.output_fn(prediction, "application/json")[0]) == [{"label": "good", "score": 0.5}]
    assert defaults.output_fn(prediction, "text/csv")[0] == "label,score\r\ngood,0.5\r\n"
    assert defaults.input_fn("inputs\na\nb", "text/csv") == {"inputs": ["a", "b"]}
    assert defaults.refusal(ValueError("no")).status == 400


def test_hugging_face_fetches_nothing_from_a_hub(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_MODEL_ID", "someone/model")
    with pytest.raises(ValueError, match=r"has no config.json.*does not fetch models from a hub"):
        HuggingFaceDefaults().model_fn(str(tmp_path))
