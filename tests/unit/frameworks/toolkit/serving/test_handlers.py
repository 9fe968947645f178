"""The contract of the handlers: which there are, what they may take, and what becomes of what they return."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from clary.frameworks.toolkit.clary_toolkit.serving.context import Context
from clary.frameworks.toolkit.clary_toolkit.serving.defaults.plain import Defaults
from clary.frameworks.toolkit.clary_toolkit.serving.handlers import BadHandlers, Handlers, user_module
from clary.frameworks.toolkit.clary_toolkit.serving.inference import Inference
from clary.frameworks.toolkit.clary_toolkit.serving.results import Result
from clary.frameworks.toolkit.clary_toolkit.serving.settings import BadSetting, Settings

JSON = {"content-type": "application/json"}


@pytest.fixture(autouse=True)
def clean_modules() -> Iterator[None]:
    path = list(sys.path)
    yield
    sys.path[:] = path
    for name in ("inference", "serve", "beside"):
        sys.modules.pop(name, None)


def settings_of(root: Path, source: str, **environment: str) -> Settings:
    code = root / "model" / "code"
    code.mkdir(parents=True)
    (code / "inference.py").write_text(source)
    return Settings.from_environment(root, environment)


def ask(root: Path, source: str, body: bytes = b"[1, 2]", headers: dict[str, str] = JSON, **environment: str) -> Result:
    return Inference(settings_of(root, source, **environment), Defaults()).answer(body, headers)


def module_with(**functions: Any) -> ModuleType:
    module = ModuleType("inference")
    vars(module).update(functions)
    return module


def test_each_handler_gets_what_the_one_before_returned(tmp_path: Path) -> None:
    source = """
def model_fn(model_dir): return ["model", model_dir]
def input_fn(body, content_type): return ["input", body, content_type]
def predict_fn(data, model): return ["prediction", data, model[0]]
def output_fn(prediction, accept): return repr(prediction), "text/" + accept
"""
    result = ask(tmp_path, source, "é".encode(), {"content-type": "text/csv", "accept": "x"})
    assert result.body.decode() == "['prediction', ['input', 'é', 'text/csv'], 'model']"
    assert (result.status, result.content_type) == (200, "text/x")


def test_a_body_that_is_no_text_reaches_the_handlers_as_bytes(tmp_path: Path) -> None:
    source = "def model_fn(d): return 1\ndef transform_fn(m, body, kind, accept): return repr(body)"
    assert ask(tmp_path, source, b"\xff", {"content-type": "image/png"}).body == b"b'\\xff'"


def test_transform_fn_stands_for_the_three_others(tmp_path: Path) -> None:
    source = "def model_fn(d): return 7\ndef transform_fn(m, body, kind, accept): return f'{m} {body} {kind}', 'a/b'"
    result = ask(tmp_path, source)
    assert (result.body, result.content_type) == (b"7 [1, 2] application/json", "a/b")


@pytest.mark.parametrize("other", ["input_fn", "predict_fn", "output_fn"])
def test_transform_fn_beside_another_is_refused(other: str) -> None:
    module = module_with(transform_fn=lambda a, b, c, d: 0, **{other: lambda a, b: 0})
    with pytest.raises(BadHandlers, match="Cannot use transform_fn implementation in conjunction"):
        Handlers(module, Defaults(), Context("/m"))


@pytest.mark.parametrize(
    ("name", "function", "told"),
    [
        ("model_fn", lambda: 0, "model_fn takes 0 arguments but 1 were given"),
        ("predict_fn", lambda a: 0, "predict_fn takes 1 arguments but 2 were given"),
        ("output_fn", lambda a, b, c, d: 0, "output_fn takes 4 arguments but 2 were given"),
        ("transform_fn", lambda a, b: 0, "transform_fn takes 2 arguments but 4 were given"),
        ("model_fn", "a string", "model_fn is a str, not a function"),
    ],
)
def test_a_handler_with_the_wrong_parameters_is_refused_before_it_is_called(
    name: str, function: Any, told: str
) -> None:
    with pytest.raises(BadHandlers, match=told):
        Handlers(module_with(**{name: function}), Defaults(), Context("/m"))


def test_every_handler_may_take_the_context(tmp_path: Path) -> None:
    source = """
def model_fn(model_dir, context): return context.system_properties["model_dir"] == model_dir
def input_fn(body, content_type, context): return context.get_request_header(0, "X-Amzn-SageMaker-Custom-Attributes")
def predict_fn(data, model, context=None): return [data, model, context.request_processor[0].get_request_properties()]
def output_fn(prediction, accept, context):
    context.set_response_status(201)
    context.set_response_header(0, "X-Amzn-SageMaker-Custom-Attributes", "seen")
    context.set_response_content_type(0, "c/d")
    return prediction
"""
    result = ask(tmp_path, source, headers={**JSON, "x-amzn-sagemaker-custom-attributes": "a=b"})
    data, model, properties = json.loads(result.body)
    assert (data, model, properties["Content-Type"]) == ("a=b", True, "application/json")
    assert (result.status, result.content_type) == (201, "c/d")
    assert result.headers == {"X-Amzn-SageMaker-Custom-Attributes": "seen"}


def test_what_a_handler_sets_in_the_context_is_gone_with_the_next_request(tmp_path: Path) -> None:
    source = """
def model_fn(model_dir): return []
def predict_fn(data, model, context):
    if data: context.set_response_status(202)
    return data
"""
    model = Inference(settings_of(tmp_path, source), Defaults())
    assert [model.answer(body, JSON).status for body in (b"[1]", b"[]")] == [202, 200]


def test_the_model_is_prepared_and_warmed_up(tmp_path: Path) -> None:
    source = """
told = []
def pre_model_fn(model_dir): told.append("before")
def model_fn(model_dir): told.append("load"); return told
def model_warmup_fn(model_dir, model): model.append("warm")
def predict_fn(data, model): return model
"""
    assert json.loads(ask(tmp_path, source).body) == ["before", "load", "warm"]


def test_without_model_fn_the_user_is_told_to_write_one(tmp_path: Path) -> None:
    with pytest.raises(NotImplementedError, match="Please provide a model_fn implementation"):
        ask(tmp_path, "")


@pytest.mark.parametrize(
    ("returned", "body"),
    [
        ("'text'", b"text"),
        ("b'bytes'", b"bytes"),
        ("{'a': [1]}", b'{"a": [1]}'),
        ("bytearray(b'x')", b"x"),
        ("None", b""),
    ],
)
def test_what_output_fn_returns_becomes_the_body(tmp_path: Path, returned: str, body: bytes) -> None:
    source = f"def model_fn(d): return 1\ndef predict_fn(d, m): return 1\ndef output_fn(p, a): return {returned}"
    result = ask(tmp_path, source)
    assert (result.status, result.body, result.content_type) == (200, body, "application/json")


def test_an_object_that_is_no_body_is_an_error_that_names_its_type(tmp_path: Path) -> None:
    source = "def model_fn(d): return 1\ndef predict_fn(d, m): return 1\ndef output_fn(p, a): return object()"
    result = ask(tmp_path, source)
    assert result.status == 500
    assert b"an object of type object" in result.body


def test_a_generator_is_a_streamed_answer(tmp_path: Path) -> None:
    source = "def model_fn(d): return 1\ndef transform_fn(m, b, c, a):\n    yield 'one'\n    yield b'two'"
    result = ask(tmp_path, source)
    assert result.pieces is not None
    assert list(result.pieces) == ["one", b"two"]


def test_an_exception_is_500_with_its_message_and_the_users_frames_alone(tmp_path: Path, capsys: Any) -> None:
    source = "def model_fn(d): return 1\ndef predict_fn(data, model):\n    return data['x']\n"
    result = ask(tmp_path, source)
    text = result.body.decode()
    assert result.status == 500
    assert text.startswith("list indices must be integers")
    assert 'inference.py", line 3, in predict_fn' in text
    assert "clary_toolkit" not in text
    assert "^" not in text
    assert text.partition("\n")[2] == capsys.readouterr().out


@pytest.mark.parametrize(
    ("body", "content_type", "status", "told"),
    [
        (b"<a/>", "text/xml", 415, "Content type text/xml is not supported by this framework"),
        (b"[1,", "application/json", 400, "The request is not application/json: "),
        (b"\xff", "application/json; charset=utf-8", 500, "utf-8"),
    ],
)
def test_a_body_that_cannot_be_read_is_the_clients_fault(
    tmp_path: Path, body: bytes, content_type: str, status: int, told: str
) -> None:
    result = ask(tmp_path, "def model_fn(d): return 1", body, {"content-type": content_type})
    assert result.status == status
    assert told in result.body.decode()


def test_an_error_with_a_status_of_its_own_keeps_it(tmp_path: Path) -> None:
    source = """
class Teapot(Exception):
    status_code, message = 418, "short and stout"
def model_fn(d): return 1
def predict_fn(data, model): raise Teapot()
"""
    result = ask(tmp_path, source)
    assert result.status == 418
    assert result.body.startswith(b"short and stout\n")


@pytest.mark.parametrize(
    ("accept", "environment", "kind"),
    [
        ("", {}, "application/json"),
        ("*/*", {}, "application/json"),
        ("*/*", {"SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv"}, "text/csv"),
        ("text/csv, application/json", {}, "text/csv"),
        ("text/csv;q=0.1, application/json", {}, "application/json"),
        ("image/png, text/*", {}, "text/csv"),
    ],
)
def test_the_answer_has_the_type_that_is_wanted_most(
    tmp_path: Path, accept: str, environment: dict[str, str], kind: str
) -> None:
    source = "def model_fn(d): return 1\ndef predict_fn(data, model): return [[1, 2]]"
    result = ask(tmp_path, source, headers={**JSON, "accept": accept}, **environment)
    assert result.content_type == kind
    assert result.body.split() == ([b"1,2"] if kind == "text/csv" else [b"[[1,", b"2]]"])


def test_an_answer_in_a_type_that_nobody_can_write_is_refused(tmp_path: Path) -> None:
    source = "def model_fn(d): return 1\ndef predict_fn(data, model): return [[1, 2]]"
    assert ask(tmp_path, source, headers={**JSON, "accept": "image/png"}).status == 406


def test_a_program_of_another_name_finds_what_lies_beside_it(tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "beside.py").write_text("answer = 42")
    (code / "serve.py").write_text("from beside import answer\ndef model_fn(d): return answer")
    variables = {"SAGEMAKER_PROGRAM": "serve", "SAGEMAKER_SUBMIT_DIRECTORY": "s3://bucket/sourcedir.tar.gz"}
    settings = Settings.from_environment(tmp_path, variables)
    assert settings.code == code
    module = user_module(settings)
    assert module is not None
    assert module.model_fn("") == 42


def test_a_named_program_that_is_not_there_is_an_error_that_says_what_is(tmp_path: Path) -> None:
    with pytest.raises(BadHandlers, match=r"SAGEMAKER_PROGRAM is 'serve.py', but .* has only inference.py"):
        ask(tmp_path, "", SAGEMAKER_PROGRAM="serve.py")


@pytest.mark.parametrize("name", ["SAGEMAKER_MODEL_SERVER_WORKERS", "SAGEMAKER_MODEL_SERVER_TIMEOUT"])
@pytest.mark.parametrize("value", ["0", "-1", "many"])
def test_a_number_that_makes_no_sense_is_refused_by_name(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=name):
        Settings.from_environment(tmp_path, {name: value})
