"""The grammar of filter expressions: what is written is read, what is wrong is told with its position."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clary.services.personalize.filter_language.checks import check
from clary.services.personalize.filter_language.parser import parse
from clary.services.personalize.filter_language.syntax import (
    All,
    Clause,
    Comparison,
    Condition,
    Expression,
    Field,
    Membership,
    Placeholder,
)
from clary.services.personalize.filter_language.tokens import FilterError
from clary.services.personalize.filter_language.values import FilterValueError, read_values

from .schemas import GENRES, ITEM, TIME, TYPE, USER, YEAR, columns

AGE = {"name": "AGE", "type": ["null", "int"]}
SCHEMAS = {
    "INTERACTIONS": columns(USER, ITEM, TIME, TYPE),
    "ITEMS": columns(ITEM, GENRES, YEAR, {"name": "PLOT", "type": "string", "textual": True}),
    "USERS": columns(USER, AGE),
}
names = st.from_regex(r"[A-Z][A-Z_]{0,8}", fullmatch=True).filter(
    lambda name: name not in {"AND", "OR", "IF", "IN", "NOT"}
)
strings = st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=12)
numbers = st.integers(-(10**6), 10**6).map(float) | st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 3))
values = strings | numbers | names.map(Placeholder)


def fields(datasets: list[str]) -> st.SearchStrategy[Field]:
    return st.builds(Field, st.sampled_from(datasets), names)


def conditions(datasets: list[str]) -> st.SearchStrategy[Condition]:
    member = st.builds(Membership, fields(datasets), st.lists(values, min_size=1, max_size=3).map(tuple), st.booleans())
    compare = st.builds(
        Comparison, fields(datasets), st.sampled_from(["=", "<", "<=", ">", ">="]), values | fields(["CURRENTUSER"])
    )
    every = st.builds(All, st.lists(member | compare, min_size=1, max_size=3).map(tuple))
    return st.builds(Condition, st.lists(every, min_size=1, max_size=3).map(tuple))


clauses = st.builds(
    Clause,
    st.booleans(),
    st.just("ItemID"),
    conditions(["ITEMS", "INTERACTIONS"]),
    st.none() | conditions(["CURRENTUSER"]),
)
expressions = st.builds(Expression, st.lists(clauses, min_size=1, max_size=3).map(tuple))


def quoted(value: object) -> str:
    if isinstance(value, Placeholder):
        return f"${value.name}"
    if isinstance(value, Field):
        return f"{value.dataset.title()}.{value.name.lower()}"
    if isinstance(value, float):
        return repr(value)
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def written(part: object) -> str:
    """An expression as text, the way a user would write it."""
    if isinstance(part, Expression):
        return " | ".join(map(written, part.clauses))
    if isinstance(part, Clause):
        text = f"{'Include' if part.include else 'EXCLUDE'} {part.subject} WHERE {written(part.where)}"
        return text + (f" if {written(part.guard)}" if part.guard else "")
    if isinstance(part, Condition):
        return " OR ".join(map(written, part.alternatives))
    if isinstance(part, All):
        return " and ".join(map(written, part.conditions))
    if isinstance(part, Membership):
        return f"{quoted(part.field)} {'NOT ' if part.negated else ''}IN ({', '.join(map(quoted, part.values))})"
    assert isinstance(part, Comparison)
    return f"{quoted(part.field)}{part.operator}{quoted(part.value)}"


def bare(part: object) -> object:
    """Without positions, which the text decides."""
    if isinstance(part, Field | Placeholder):
        return type(part), part.name
    if isinstance(part, tuple):
        return tuple(map(bare, part))
    if hasattr(part, "__dataclass_fields__"):
        return type(part), tuple(bare(getattr(part, name)) for name in part.__dataclass_fields__)
    return part


@given(expressions)
def test_what_is_written_is_read_back(expression: Expression) -> None:
    assert bare(parse(written(expression))) == bare(expression)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_position_inside_it(text: str) -> None:
    try:
        parse(text)
    except FilterError as error:
        assert 1 <= error.position <= len(text) + 1


@given(expressions, st.data())
def test_an_expression_that_is_cut_off_is_refused_or_shorter(expression: Expression, data: st.DataObject) -> None:
    text = written(expression)
    cut = text[: data.draw(st.integers(0, len(text) - 1))]
    try:
        assert len(parse(cut).clauses) <= len(expression.clauses)
    except FilterError as error:
        assert error.position <= len(cut) + 1


@pytest.mark.parametrize(
    ("text", "position", "rule"),
    [
        ("", 1, "Expected INCLUDE or EXCLUDE"),
        ("INCLUDE Items", 9, "Expected ItemID"),
        ('INCLUDE ItemID WHERE Items.GENRES IS "x"', 35, "Expected IN"),
        ("INCLUDE ItemID WHERE Items.GENRES IN ()", 39, "Expected a value"),
        ('INCLUDE ItemID WHERE Items.GENRES IN ("a"', 42, "Expected ')'"),
        ('INCLUDE ItemID WHERE Items.GENRES IN ("a', 39, "does not end"),
        ('INCLUDE ItemID WHERE Items.GENRES IN ("a") junk', 44, "Expected AND"),
        ("INCLUDE ItemID WHERE Items.YEAR != 3", 33, "does not belong"),
        ("INCLUDE ItemID WHERE Items.YEAR > 3 | INCLUDE UserID WHERE Users.AGE > 3", 39, "filter the same"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, position: int, rule: str) -> None:
    with pytest.raises(FilterError, match=rule.replace("(", r"\(").replace(")", r"\)")) as raised:
        parse(text)
    assert raised.value.position == position


@pytest.mark.parametrize(
    "text",
    [
        'EXCLUDE ItemID WHERE Interactions.event_type IN ("*")',
        'EXCLUDE ItemID WHERE INTERACTIONS.EVENT_TYPE in ("click","watch") | INCLUDE ItemID WHERE Items.year >= $YEAR',
        'INCLUDE ItemID WHERE Items.GENRES = "Drama" OR Items.YEAR < 1990 AND Items.YEAR > 1980',
        "INCLUDE ItemID WHERE Item.GENRES IN ($GENRES) IF CurrentUser.AGE > 18",
        "INCLUDE ItemID WHERE Items.YEAR > CurrentUser.AGE",
        'EXCLUDE ItemID WHERE Items.ITEM_ID IN ("a")',
        "INCLUDE UserID WHERE Users.AGE >= 18",
    ],
)
def test_expressions_that_fit_the_schemas_pass(text: str) -> None:
    check(parse(text), SCHEMAS)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('INCLUDE ItemID WHERE Items.COLOUR IN ("a")', "no field COLOUR"),
        ('INCLUDE ItemID WHERE Items.YEAR IN ("a")', "is a number"),
        ('INCLUDE ItemID WHERE Items.GENRES > "a"', "only = and IN"),
        ("INCLUDE ItemID WHERE Items.GENRES = 3", "is of type string"),
        ('INCLUDE ItemID WHERE Items.PLOT IN ("a")', "textual"),
        ('INCLUDE ItemID WHERE Interactions.TIMESTAMP IN ("a")', "only EVENT_TYPE|is a number"),
        ('INCLUDE ItemID WHERE Interactions.EVENT_TYPE = "a"', "compared with IN"),
        ("INCLUDE ItemID WHERE Users.AGE > 3", "ItemID is filtered"),
        ('INCLUDE ItemID WHERE Items.YEAR > 3 AND Interactions.EVENT_TYPE IN ("a")', "join two expressions"),
        ("INCLUDE ItemID WHERE Items.YEAR > 3 IF Items.YEAR > 3", "IF asks"),
        ("INCLUDE ItemID WHERE Items.GENRES = CurrentUser.AGE", "different types"),
        ("INCLUDE ActionID WHERE Actions.X = 3", "no ACTIONS dataset"),
    ],
)
def test_expressions_that_do_not_fit_the_schemas_are_refused(text: str, rule: str) -> None:
    with pytest.raises(FilterError, match=rule):
        check(parse(text), SCHEMAS)


def test_numbers_without_an_end_are_words() -> None:
    expression = parse("INCLUDE ItemID WHERE Items.GENRES IN ($G)")
    assert read_values(expression, {"G": "inf,-Infinity,nan,7"}) == {"G": ("inf", "-Infinity", "nan", 7.0)}


def test_values_of_placeholders_are_read_as_requests_write_them() -> None:
    expression = parse("INCLUDE ItemID WHERE Items.GENRES IN ($G) AND Items.YEAR > $Y")
    found = read_values(expression, {"G": '"Action", "Sci-Fi, really","a\\"b"', "Y": "1990"})
    assert found == {"G": ("Action", "Sci-Fi, really", 'a"b'), "Y": (1990.0,)}
    assert read_values(expression, {"G": "Action,Drama", "Y": "1"})["G"] == ("Action", "Drama")


@pytest.mark.parametrize(
    ("sent", "said"),
    [({"G": "a"}, r"\['Y'\]"), ({"G": "a", "Y": "1", "Z": "2"}, r"\['Z'\]"), ({"G": "a", "Y": "1,2"}, "one value")],
)
def test_missing_unknown_and_superfluous_values_are_refused(sent: dict[str, str], said: str) -> None:
    with pytest.raises(FilterValueError, match=said):
        read_values(parse("INCLUDE ItemID WHERE Items.GENRES IN ($G) AND Items.YEAR > $Y"), sent)
