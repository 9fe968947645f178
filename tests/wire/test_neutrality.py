"""The wire knows protocols and models, never a service."""

from __future__ import annotations

import ast
from pathlib import Path

import clary.wire

from .wirekit import APIS

SOURCES = sorted(Path(clary.wire.__file__).parent.glob("*.py"))
NAMES = {*APIS, "monitoring", "aws-marketplace"} - {"events", "logs"}


def strings(tree: ast.AST) -> list[str]:
    """Every string of a module but its docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    constants = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in docstrings)
    return [node.value for node in constants if isinstance(node.value, str)]


def test_no_service_is_named_in_the_code_of_the_wire() -> None:
    assert len(SOURCES) > 10
    for source in SOURCES:
        for text in strings(ast.parse(source.read_text())):
            assert not NAMES & set(text.lower().replace(".", " ").replace("_", " ").split()), (source.name, text)


def test_quirks_are_keyed_by_what_stands_in_the_models() -> None:
    from clary.wire import models, quirks

    services = [models.service(api) for api in APIS]
    shapes = {name for service in services for name in service._definitions}
    assert {*quirks.ROOT_ELEMENTS, *quirks.UNWRAPPED_RESULTS, *quirks.ENUMERATION_ERRORS} <= shapes
    assert set(quirks.VALIDATION_CODES) <= {service.target_prefix for service in services}
