"""Users for items and for attributes of items: what batch segment jobs answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clary.services.personalize.filter_language.parser import parse, parse_condition
from clary.services.personalize.filter_language.syntax import Comparison, Condition, Membership
from clary.services.personalize.filter_language.tokens import FilterError
from clary.services.personalize.filter_language.values import FilterValueError, read_values
from clary.services.personalize.programs.answers import Answers, BadRequest
from clary.services.personalize.programs.filter_masks import Circumstances
from clary.services.personalize.solutions import recipe_table as kinds


class SegmentAnswers:
    """Asks a model of segments.

    Args:
        answers: the loaded model with its rows.
    """

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def answer(self, line: Mapping[str, Any], task: Mapping[str, Any]) -> dict[str, Any]:
        """One line's answer in AWS's shape.

        Raises:
            BadRequest: the line does not fit the recipe.
        """
        allowed = self._allowed(line, task)
        k = min(task["k"], self._answers.model.user_count)
        if self._answers.recipe.kind == kinds.ITEM_SEGMENTS:
            if not line.get("itemId"):
                raise BadRequest("The line lacks itemId.")
            item = self._answers.names.items.code(str(line["itemId"]))
            if item < 0:
                raise BadRequest(f"The item {line['itemId']} is not known.")
            users = self._answers.model.users_for_item(item, k, allowed).items
        else:
            users = self._for_attributes(line, k, allowed)
        names = self._answers.names.users.names(users)
        return {"input": dict(line), "output": {"usersList": names}, "error": None}

    def _allowed(self, line: Mapping[str, Any], task: Mapping[str, Any]) -> NDArray[np.bool_] | None:
        if not task["filter"]:
            return None
        users = self._answers.users
        expression = parse(task["filter"])
        if expression.subject != "UserID" or users is None:
            raise BadRequest("Segments are filtered by UserID and fields of the Users dataset.")
        try:
            values = read_values(expression, line.get("filterValues", {}))
            users.masks.check(expression, values)
        except FilterValueError as error:
            raise BadRequest(str(error)) from error
        mask = users.masks.mask(expression, Circumstances(values=values))
        allowed = np.zeros(self._answers.model.user_count, bool)
        allowed[: len(mask)] = mask[: len(allowed)]
        return allowed

    def _for_attributes(self, line: Mapping[str, Any], k: int, allowed: NDArray[np.bool_] | None) -> Any:
        """Users by their affinity to attributes: of those joined with AND the least counts, of OR the greatest."""
        text = line.get("itemAttributes")
        if not isinstance(text, str) or not text:
            raise BadRequest("The line lacks itemAttributes.")
        try:
            condition = parse_condition(text)
        except FilterError as error:
            raise BadRequest(f"itemAttributes: {error}") from error
        affinity = self._affinity(condition)
        if allowed is not None:
            affinity = np.where(allowed, affinity, -np.inf)
        order = np.argsort(-affinity, kind="stable")[:k]
        return order[np.isfinite(affinity[order]) & (affinity[order] > 0)].astype(np.int32)

    def _affinity(self, condition: Condition) -> NDArray[np.float64]:
        best = np.zeros(self._answers.model.user_count)
        for alternative in condition.alternatives:
            least = np.full(len(best), np.inf)
            for leaf in alternative.conditions:
                least = np.minimum(least, self._of_leaf(leaf))
            best = np.maximum(best, least)
        return best

    def _of_leaf(self, leaf: Membership | Comparison) -> NDArray[np.float64]:
        values = leaf.values if isinstance(leaf, Membership) else (leaf.value,)
        is_plain = not (isinstance(leaf, Membership) and leaf.negated) and getattr(leaf, "operator", "=") == "="
        if leaf.field.dataset != "ITEMS" or not is_plain:
            raise BadRequest('itemAttributes are written ITEMS.FIELD = "value" or ITEMS.FIELD IN ("value", ...).')
        found = np.zeros(self._answers.model.user_count)
        column, vocabulary = self._answers.categories(leaf.field.name)
        for value in values:
            if not isinstance(value, str | float):
                raise BadRequest("itemAttributes are compared with values.")
            code = vocabulary.code(str(int(value)) if isinstance(value, float) else value)
            if code < 0:
                raise BadRequest(f"No item has {value!r} in {leaf.field.name}.")
            ranking = self._answers.model.users_for_category(column, code, len(found))
            one = np.zeros(len(found))
            one[ranking.items] = ranking.scores
            found = np.maximum(found, one)
        return found
