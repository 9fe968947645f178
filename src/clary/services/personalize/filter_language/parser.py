"""The grammar of filter expressions, by recursive descent.

    expression := clause ("|" clause)*
    clause     := ("INCLUDE" | "EXCLUDE") ("ItemID" | "UserID" | "ActionID") "WHERE" condition ("IF" condition)?
    condition  := all ("OR" all)*
    all        := single ("AND" single)*
    single     := field "NOT"? "IN" "(" value ("," value)* ")" | field operator (value | field)
    field      := ("Items" | "Item" | "Users" | "User" | "Interactions" | "Interaction" | "CurrentUser"
                  | "Actions" | "Action" | "Action_Interactions") "." word
    operator   := "=" | "<" | "<=" | ">" | ">="
    value      := string | number | placeholder

Words count in any case.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

from clary.services.personalize.filter_language.syntax import (
    All,
    Clause,
    Comparison,
    Condition,
    Expression,
    Field,
    Membership,
    Placeholder,
    Value,
)
from clary.services.personalize.filter_language.tokens import FilterError, Token, tokens

_SUBJECTS = {"ITEMID": "ItemID", "USERID": "UserID", "ACTIONID": "ActionID"}
_DATASETS: Mapping[str, str] = {
    "ITEM": "ITEMS",
    "ITEMS": "ITEMS",
    "USER": "USERS",
    "USERS": "USERS",
    "INTERACTION": "INTERACTIONS",
    "INTERACTIONS": "INTERACTIONS",
    "ACTION": "ACTIONS",
    "ACTIONS": "ACTIONS",
    "ACTION_INTERACTION": "ACTION_INTERACTIONS",
    "ACTION_INTERACTIONS": "ACTION_INTERACTIONS",
    "CURRENTUSER": "CURRENTUSER",
}


def parse(text: str) -> Expression:
    """Reads a filter expression.

    Raises:
        FilterError: with the position of what does not fit the grammar.
    """
    return _Parser(text).expression()


@functools.lru_cache(maxsize=512)
def parsed(text: str) -> Expression:
    """As `parse`, and kept: requests name the same filters over and over."""
    return parse(text)


def parse_condition(text: str) -> Condition:
    """Reads what stands behind WHERE: the attributes of a segment.

    Raises:
        FilterError: with the position of what does not fit the grammar.
    """
    return _Parser(text).only_condition()


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = list(tokens(text))
        self._next = 0

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._token
        if token.kind != "end":
            self._next += 1
        return token

    def _expect_word(self, *words: str) -> Token:
        if not self._token.is_word(*words):
            raise self._unexpected(" or ".join(words))
        return self._take()

    def _expect_mark(self, mark: str) -> None:
        if self._token.kind != "mark" or self._token.text != mark:
            raise self._unexpected(repr(mark))
        self._take()

    def _at_mark(self, mark: str) -> bool:
        return self._token.kind == "mark" and self._token.text == mark

    def _unexpected(self, wanted: str) -> FilterError:
        return FilterError(f"Expected {wanted}, found {self._token.shown}", self._token.position)

    def expression(self) -> Expression:
        clauses = [self._clause()]
        while self._at_mark("|"):
            self._take()
            position = self._token.position
            clause = self._clause()
            if clause.subject != clauses[0].subject:
                raise FilterError(f"All parts of an expression filter the same: {clauses[0].subject}", position)
            clauses.append(clause)
        if self._token.kind != "end":
            raise self._unexpected("AND, OR, IF, | or the end of the expression")
        return Expression(tuple(clauses))

    def only_condition(self) -> Condition:
        condition = self._condition()
        if self._token.kind != "end":
            raise self._unexpected("AND, OR or the end of the expression")
        return condition

    def _clause(self) -> Clause:
        include = self._expect_word("INCLUDE", "EXCLUDE").is_word("INCLUDE")
        if not self._token.is_word(*_SUBJECTS):
            raise self._unexpected("ItemID, UserID or ActionID")
        subject = _SUBJECTS[self._take().text.upper()]
        self._expect_word("WHERE")
        where = self._condition()
        guard = None
        if self._token.is_word("IF"):
            self._take()
            guard = self._condition()
        return Clause(include, subject, where, guard)

    def _condition(self) -> Condition:
        alternatives = [self._all()]
        while self._token.is_word("OR"):
            self._take()
            alternatives.append(self._all())
        return Condition(tuple(alternatives))

    def _all(self) -> All:
        conditions = [self._single()]
        while self._token.is_word("AND"):
            self._take()
            conditions.append(self._single())
        return All(tuple(conditions))

    def _single(self) -> Membership | Comparison:
        field = self._field()
        if self._token.is_word("NOT", "IN"):
            negated = self._token.is_word("NOT")
            if negated:
                self._take()
            self._expect_word("IN")
            return Membership(field, self._values(), negated)
        if self._token.kind != "operator":
            raise self._unexpected("IN, NOT IN, =, <, <=, > or >=")
        operator = self._take().text
        value = self._field() if self._token.kind == "word" else self._value()
        return Comparison(field, operator, value)

    def _field(self) -> Field:
        token = self._token
        if not token.is_word(*_DATASETS):
            raise self._unexpected("Items, Interactions, Users, Actions, Action_Interactions or CurrentUser")
        self._take()
        self._expect_mark(".")
        if self._token.kind != "word":
            raise self._unexpected("the name of a field")
        return Field(_DATASETS[token.text.upper()], self._take().text.upper(), token.position)

    def _values(self) -> tuple[Value | Placeholder, ...]:
        self._expect_mark("(")
        values = [self._value()]
        while self._at_mark(","):
            self._take()
            values.append(self._value())
        self._expect_mark(")")
        return tuple(values)

    def _value(self) -> Value | Placeholder:
        token = self._token
        if token.kind == "string":
            return self._take().text
        if token.kind == "number":
            return float(self._take().text)
        if token.kind == "placeholder":
            return Placeholder(self._take().text, token.position)
        raise self._unexpected("a value: a string in quotes, a number or a $PLACEHOLDER")
