"""The user's handlers: found, checked, joined with the framework's defaults, and called.

The contract is that of AWS's inference toolkit. `model_fn(model_dir)` loads the model; then for every request
`input_fn(body, content_type)`, `predict_fn(data, model)` and `output_fn(prediction, accept)`, or `transform_fn(model,
body, content_type, accept)` in their place. Each may take a context as one parameter more.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from .context import Context
from .defaults.plain import Defaults
from .settings import Settings

_PARAMETERS = {
    "pre_model_fn": 1,
    "model_fn": 1,
    "model_warmup_fn": 2,
    "input_fn": 2,
    "predict_fn": 2,
    "output_fn": 2,
    "transform_fn": 4,
}


class BadHandlers(Exception):
    """The user's code does not keep the contract; the message says how."""


class Handlers:
    """The handlers of one model, ready to be called.

    Args:
        module: the user's; None where there is none.
        defaults: in the place of handlers that the module does not have.
        context: for those that ask for it.

    Raises:
        BadHandlers: the module mixes `transform_fn` with others, or a handler takes too few or too many parameters.
    """

    def __init__(self, module: ModuleType | None, defaults: Defaults, context: Context) -> None:
        self._context = context
        found = {name: getattr(module, name, None) for name in _PARAMETERS}
        if found["transform_fn"] and (found["input_fn"] or found["predict_fn"] or found["output_fn"]):
            raise BadHandlers(
                "Cannot use transform_fn implementation in conjunction with input_fn, predict_fn, and/or output_fn "
                "implementation"
            )
        self._pre_model = self._bound("pre_model_fn", found["pre_model_fn"])
        self._load = self._bound("model_fn", found["model_fn"] or defaults.model_fn)
        self._warm_up = self._bound("model_warmup_fn", found["model_warmup_fn"])
        self._input = self._bound("input_fn", found["input_fn"] or defaults.input_fn)
        self._predict = self._bound("predict_fn", found["predict_fn"] or defaults.predict_fn)
        self._output = self._bound("output_fn", found["output_fn"] or defaults.output_fn)
        transform = self._bound("transform_fn", found["transform_fn"])
        self.transform: Callable[[Any, str | bytes, str, str], Any] = transform or self._in_three_steps

    def load(self, model_dir: str) -> Any:
        """The loaded model, warmed up."""
        if self._pre_model is not None:
            self._pre_model(model_dir)
        assert self._load is not None
        model = self._load(model_dir)
        if self._warm_up is not None:
            self._warm_up(model_dir, model)
        return model

    def _in_three_steps(self, model: Any, body: str | bytes, content_type: str, accept: str) -> Any:
        return self._output(self._predict(self._input(body, content_type), model), accept)  # type: ignore[misc]

    def _bound(self, name: str, function: Any) -> Callable[..., Any] | None:
        """The function as it is, or one that hands it the context."""
        if function is None:
            return None
        if not callable(function):
            raise BadHandlers(f"{name} is a {type(function).__name__}, not a function")
        least, most = _arity(function)
        expected = _PARAMETERS[name]
        if least <= expected + 1 <= most:
            context = self._context
            return lambda *arguments: function(*arguments, context)
        if least <= expected <= most or most < 0:
            return function  # type: ignore[no-any-return]
        given = f"{most} arguments" if least == most else f"{least} to {most} arguments"
        raise BadHandlers(f"{name} takes {given} but {expected} were given (or {expected + 1}, with the context)")


def _arity(function: Callable[..., Any]) -> tuple[int, int]:
    """How many positional arguments a function takes, least and most; most is -1 where any number will do."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # written in C: it will tell when it is called
        return 0, -1
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return 0, -1
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    least = sum(1 for parameter in positional if parameter.default is parameter.empty)
    return least, len(positional)


def user_module(settings: Settings) -> ModuleType | None:
    """Imports the user's handlers; None where there is no such file and the user named none.

    The folder comes first in the search path, so that the program finds what lies beside it and what was pickled by its
    name.

    Raises:
        BadHandlers: the named file is not there.
    """
    path = settings.program_path
    if not path.is_file():
        if settings.is_program_required:
            raise BadHandlers(
                f"SAGEMAKER_PROGRAM is {settings.program!r}, but {settings.code} has {_listed(settings.code)}"
            )
        return None
    for folder in dict.fromkeys((settings.code, path.parent)):
        sys.path.insert(0, str(folder))
    return importlib.import_module(path.stem)


def _listed(folder: Path) -> str:
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError:
        return "no files: it does not exist"
    return f"only {', '.join(names[:20])}" if names else "no files"
