"""Wildcards and variables of policies."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clary.core.policy_patterns import Pattern


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("*", "", True),
        ("*", "anything at\nall", True),
        ("abc", "abc", True),
        ("abc", "abcd", False),
        ("abc", "ABC", False),
        ("a*", "abc", True),
        ("*c", "abc", True),
        ("a*c", "ac", True),
        ("a*c", "abcb", False),
        ("a*b*c", "a-b-b-c", True),
        ("a*ab", "aab", True),
        ("a*ab", "ab", False),
        ("?", "", False),
        ("?", "x", True),
        ("a?c", "abc", True),
        ("a?c", "ac", False),
        ("*?x", "x", False),
        ("*?x", "yx", True),
        ("a.c", "abc", False),
        ("[a]", "a", False),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::b/k/../x", True),
        ("arn:aws:s3:::b/*", "arn:aws:s3:::bb/k", False),
    ],
)
def test_wildcards(pattern: str, text: str, fits: bool) -> None:
    assert Pattern(pattern).matches(text) is fits


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=10))
def test_wildcards_agree_with_regular_expressions(pattern: str, text: str) -> None:
    expression = "".join({"*": ".*", "?": "."}.get(character, character) for character in pattern)
    assert Pattern(pattern).matches(text) is (re.fullmatch(expression, text, re.DOTALL) is not None)


def test_case_may_be_ignored() -> None:
    assert Pattern("S3:Get*", ignore_case=True).matches("s3:getObject")
    assert Pattern("${Aws:UserName}X", variables=True, ignore_case=True).matches(
        "AliceX", {"aws:username": "ALICE"}.get
    )


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("home/${aws:username}/*", "home/alice/x", True),
        ("home/${aws:username}/*", "home/bob/x", False),
        ("home/${AWS:UserName}/*", "home/alice/x", True),
        ("home/${aws:missing}/*", "home//x", False),
        ("home/${aws:missing, 'guest'}/*", "home/guest/x", True),
        ("home/${tricky}", "home/anything", False),
        ("home/${tricky}", "home/*", True),
        ("${*}-${?}-${$}", "*-?-$", True),
        ("${*}", "anything", False),
    ],
)
def test_variables(pattern: str, text: str, fits: bool) -> None:
    values = {"aws:username": "alice", "tricky": "*"}
    assert Pattern(pattern, variables=True).matches(text, values.get) is fits


def test_old_policies_have_no_variables() -> None:
    assert Pattern("${aws:username}").matches("${aws:username}")


def test_no_pattern_takes_long() -> None:
    started = time.perf_counter()
    assert not Pattern("*a" * 500 + "b").matches("a" * 5000)
    assert not Pattern("*?a?" * 200 + "b").matches("a" * 5000)
    assert time.perf_counter() - started < 2
