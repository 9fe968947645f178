import re

import pytest

from clary.algorithms.hyperparameters import (
    BOOLEAN,
    Categorical,
    CommaList,
    Continuous,
    Hyperparameter,
    HyperparameterError,
    HyperparameterTable,
    Integer,
    Interval,
    NestedList,
    NumberTuple,
    Tunable,
)


def table(*rows, rules=()):
    return HyperparameterTable(rows, rules)


@pytest.mark.parametrize(
    ("domain", "text", "value"),
    [
        (Integer(Interval(1)), "7", 7),
        (Continuous(Interval(0, 1)), "0.25", 0.25),
        (Continuous(Interval(0)), "1e3", 1000.0),
        (Categorical(("a", "b")), "b", "b"),
        (BOOLEAN, "True", "true"),
        (CommaList(("x", "y")), "x, y", ("x", "y")),
        (CommaList(("x", "y")), "['x', 'y']", ("x", "y")),
        (NumberTuple(Interval(-1, 1), whole=True), "(1,0,-1)", (1, 0, -1)),
        (NumberTuple(Interval(0, 1)), "[0.1, 0.9]", (0.1, 0.9)),
        (NestedList(), "[[0,1],[2]]", [[0, 1], [2]]),
    ],
)
def test_each_domain_reads_its_values(domain, text, value):
    assert domain.parse(text) == value


@pytest.mark.parametrize(
    ("domain", "text", "words"),
    [
        (Integer(Interval(1)), "1.5", "is not an integer"),
        (Integer(Interval(1)), "0", "is not in the range [1, ∞)"),
        (Continuous(Interval(0, 1, low_open=True)), "0", "is not in the range (0, 1]"),
        (Continuous(), "nan", "is not in the range (-∞, ∞)"),
        (Continuous(), "inf", "is not in the range"),
        (Continuous(), "much", "is not a number"),
        (Categorical(("a", "b")), "c", "is not one of a, b"),
        (CommaList(("alpha", "beta")), "alpha,bta", "did you mean 'beta'?"),
        (NumberTuple(Interval(-1, 1), whole=True), "(2)", "is not a list of values in [-1, 1]"),
        (NestedList(), "[1]", "is not a list of lists of integers"),
        (NestedList(), "[" * 100_000, "is not a list of lists of integers"),
        (NestedList(low=1), "[[0]]", "not an integer from 1 on"),
    ],
)
def test_each_domain_says_what_is_wrong_with_a_value(domain, text, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        domain.parse(text)


def test_a_problem_names_the_hyperparameter_its_value_and_the_rule():
    rows = table(Hyperparameter("eta", Continuous(Interval(0, 1)), "Step size."))
    assert rows.problems({"eta": "3"}) == ["Hyperparameter eta: value '3' is not in the range [0, 1]"]


def test_an_unknown_name_is_extraneous_and_the_nearest_name_is_suggested():
    rows = table(Hyperparameter("max_depth", Integer(), ""))
    assert rows.problems({"max_dept": "3"}) == ["Extraneous hyperparameter found: max_dept (did you mean 'max_depth'?)"]


def test_a_missing_required_hyperparameter_is_named():
    rows = table(Hyperparameter("num_round", Integer(), "", required=True))
    assert rows.problems({}) == ["Missing required hyperparameter: num_round"]


def test_all_problems_are_told_at_once():
    rows = table(Hyperparameter("a", Integer(), ""), Hyperparameter("b", Integer(), "", required=True))
    with pytest.raises(HyperparameterError) as caught:
        rows.parse({"a": "x", "c": "1"})
    assert len(caught.value.problems) == 3


def test_values_in_quotes_are_read_without_them():
    assert table(Hyperparameter("mode", Categorical(("hist",)), "")).parse({"mode": '"hist"'}) == {"mode": "hist"}


def test_rules_see_the_values_only_when_each_is_right():
    seen = []
    rows = table(
        Hyperparameter("a", Integer(), ""), rules=(lambda values: seen.append(values) or ["a does not go with b"],)
    )
    assert rows.problems({"a": "x"}) != []
    assert seen == []
    assert rows.problems({"a": "1"}) == ["a does not go with b"]


def test_the_markdown_has_a_row_for_each_hyperparameter():
    rows = table(Hyperparameter("eta", Continuous(Interval(0, 1)), "Step | size.", "0.3", tunable=Tunable(0.1, 0.5)))
    assert "| `eta` | float in [0, 1] | `0.3` | 0.1 to 0.5 | Step \\| size. |" in rows.markdown()


def test_a_name_cannot_stand_twice_in_a_table():
    with pytest.raises(ValueError, match="twice"):
        table(Hyperparameter("a", Integer(), ""), Hyperparameter("a", Integer(), ""))
