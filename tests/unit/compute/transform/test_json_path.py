"""JSONPath as batch transform documents it: every operator, alone and together."""

from __future__ import annotations

from typing import Any

import pytest

from clary.compute.transform.json_path import InvalidPath, NothingThere, parse

ROW = ["id-7", "5.1", "3.5", "1.4", "0.2", "0.93"]
THING = {
    "id": 7,
    "features": [1.5, 2.5, 3.5],
    "customer": {"name": "Ada", "age": 36, "city": "London"},
    "orders": [{"sku": "a", "price": 1}, {"sku": "b", "price": 2}],
    "SageMakerOutput": {"score": 0.8},
    "a b": "with a blank",
}

CASES: list[tuple[str, Any, Any]] = [
    ("$", ROW, ROW),
    ("", ROW, ROW),
    ("$[1:]", ROW, ROW[1:]),
    ("$[:2]", ROW, ROW[:2]),
    ("$[1:3]", ROW, ROW[1:3]),
    ("$[:-1]", ROW, ROW[:-1]),
    ("$[-2:]", ROW, ROW[-2:]),
    ("$[0]", ROW, "id-7"),
    ("$[-1]", ROW, "0.93"),
    ("$[0,5]", ROW, ["id-7", "0.93"]),
    ("$[0,-1]", ROW, ["id-7", "0.93"]),
    ("$[0, 4:]", ROW, ["id-7", "0.2", "0.93"]),
    ("$[ 0 , 5 ]", ROW, ["id-7", "0.93"]),
    ("$[4:99]", ROW, ["0.2", "0.93"]),
    ("$[*]", ROW, ROW),
    ("$.features", THING, [1.5, 2.5, 3.5]),
    ("$.features[0]", THING, 1.5),
    ("$.features[1:]", THING, [2.5, 3.5]),
    ("$['features']", THING, [1.5, 2.5, 3.5]),
    ('$["id"]', THING, 7),
    ("$['a b']", THING, "with a blank"),
    ("$['id','SageMakerOutput']", THING, {"id": 7, "SageMakerOutput": {"score": 0.8}}),
    ("$.customer['name', 'city']", THING, {"name": "Ada", "city": "London"}),
    ("$.customer.['name','city']", THING, {"name": "Ada", "city": "London"}),
    ("$.SageMakerOutput.score", THING, 0.8),
    ("$.customer.*", THING, ["Ada", 36, "London"]),
    ("$.orders[*].sku", THING, ["a", "b"]),
    ("$.orders[0,1].price", THING, [1, 2]),
    ("$.orders[1:]['sku']", THING, ["b"]),
    ("$.*", {"a": 1, "b": [2]}, [1, [2]]),
]


@pytest.mark.parametrize(("path", "value", "wanted"), CASES, ids=[case[0] or "empty" for case in CASES])
def test_a_path_selects_what_it_says(path: str, value: Any, wanted: Any) -> None:
    assert parse(path).select(value) == wanted


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$[6]", ROW),
        ("$[0,6]", ROW),
        ("$[-7]", ROW),
        ("$.name", ROW),
        ("$[0]", THING),
        ("$[1:]", THING),
        ("$.nobody", THING),
        ("$['id','nobody']", THING),
        ("$.id.deeper", THING),
        ("$.id.*", THING),
    ],
)
def test_what_is_not_there_is_told(path: str, value: Any) -> None:
    with pytest.raises(NothingThere):
        parse(path).select(value)


@pytest.mark.parametrize(
    "path",
    ["features", "$features", "$[", "$[]", "$[a]", "$['a]", "$['a' 'b']", "$..a", "$[?(@.a)]", "$[::2]", "$[1;2]"],
)
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(InvalidPath):
        parse(path)
