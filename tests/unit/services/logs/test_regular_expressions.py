from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clary.services.logs import regular_expressions
from clary.services.logs.errors import InvalidParameterException
from clary.services.logs.regular_expressions import Expression

ATOMS = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\d", r"\w", r"\.", "1", r"\x61", "[]a]", "]", "}"])
QUANTIFIERS = st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,}", "{0,2}", "{0}", "*?"])
ROWS = st.lists(st.tuples(ATOMS, QUANTIFIERS).map("".join), min_size=1, max_size=5).map("".join)
ENDS = st.tuples(st.sampled_from(["", "", "^"]), ROWS, st.sampled_from(["", "", "$"])).map("".join)
EXPRESSIONS = st.lists(ENDS, min_size=1, max_size=3).map("|".join)


@given(text=EXPRESSIONS, message=st.text("ab1.]\n", max_size=12))
@settings(max_examples=1000, deadline=None)
def test_it_finds_what_re_finds(text: str, message: str) -> None:
    expected = re.search(text, message) is not None
    expression = Expression(text)
    assert any(row.search(message) for row in expression._rows) is expected
    assert expression.search(message) is expected


@pytest.mark.parametrize(
    "text", ["a*b", "a*a*a*a*a*b", ".*.*.*.*x", "a?" * 25 + "a{25}b", "[ab]+[ab]+[ab]+c$", "a{2,}b"]
)
def test_a_long_line_takes_no_longer_than_it_is_long(text: str) -> None:
    started = time.perf_counter()
    assert not Expression(text).search("a" * 100_000)
    assert time.perf_counter() - started < 3
    assert Expression(text.replace("$", "")).search("a" * 50_000 + "bcx")


@pytest.mark.parametrize("text", ["(a)", r"\1", r"a\b", "a**", "[a", "a{1000}{3}", "*a", "a^b", "a{999}" * 3, "a$b"])
def test_what_it_does_not_know_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameterException):
        Expression(text)


def test_short_lines_are_left_to_the_faster_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    expression = Expression("ERROR.*disk")
    monkeypatch.setattr(regular_expressions._Row, "search", None)
    assert expression.search("[ERROR] the disk")
