"""The runtime API: recommendations and rankings, the hot path."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import orjson

from clary.compute.hosting.endpoints import EndpointGone, Hosting, InvocationFailed, InvocationTimeout, InvokeRequest
from clary.core.call import Call
from clary.core.operations import operation
from clary.services.personalize.datasets import contents
from clary.services.personalize.datasets import schema_tables as tables
from clary.services.personalize.datasets.datasets import columns_in, dataset_of
from clary.services.personalize.errors import InvalidInputException, ResourceNotFoundException
from clary.services.personalize.filter_language.parser import parsed
from clary.services.personalize.filter_language.values import FilterValueError, read_values
from clary.services.personalize.names import CAMPAIGN, FILTER, RECOMMENDER
from clary.services.personalize.serving.recommendation_ids import recommendation_id
from clary.services.personalize.solutions import recipe_table as kinds
from clary.services.personalize.solutions.recipe_table import BY_ARN, Recipe
from clary.storage.records import Record, Records

MOST_RESULTS = 500
MOST_RANKED = 500
DEFAULT_ACTIONS = 5
_FRESH_SECONDS = 0.5
_REASONS = "CLARY_REASONS"
"""A context key that no client of AWS's knows: with the value "true" an answer says why each item is in it."""


class Runtime:
    """GetRecommendations and its relatives.

    Args:
        records: campaigns, recommenders, filters.
        hosting: reaches the processes that answer.
    """

    api = "personalize-runtime"

    def __init__(self, records: Records, hosting: Hosting) -> None:
        self._records = records
        self._hosting = hosting
        self._segments: dict[str, tuple[float, dict[str, list[str]]]] = {}

    @operation("GetRecommendations", resource="{campaignArn} or {recommenderArn}")
    async def recommend(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Recommends items to a user, or items that go with an item.

        Raises:
            InvalidInputException: the request does not fit the recipe.
            ResourceNotFoundException: there is no such campaign, recommender or filter, or it does not answer.
        """
        owner = self._owner(call, request)
        recipe = self._recipe(owner)
        if recipe.kind == kinds.ACTIONS:
            raise InvalidInputException(f"The recipe {recipe.arn} answers GetActionRecommendations.")
        for member in recipe.asks:
            if not request.get(member):
                raise InvalidInputException(f"{member} is required with the recipe {recipe.arn}.")
        body = self._body(call, owner, request, "recommend")
        if "itemId" in request:
            body["item"] = request["itemId"]
        for promotion in request.get("promotions", []):
            body["promotion"] = self._promotion(call, owner, promotion)
        return {"itemList": await self._ask(owner, body), "recommendationId": recommendation_id(owner.arn)}

    @operation("GetPersonalizedRanking", resource="{campaignArn}")
    async def rank(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Orders a list of items for a user.

        Raises:
            InvalidInputException, ResourceNotFoundException: as GetRecommendations.
        """
        owner = self._owner(call, request)
        recipe = self._recipe(owner)
        if recipe.kind not in (kinds.RANKING, kinds.USERS):
            raise InvalidInputException(f"The recipe {recipe.arn} cannot rank a list of items.")
        if not request["inputList"] or len(request["inputList"]) > MOST_RANKED:
            raise InvalidInputException(f"inputList must have 1 to {MOST_RANKED} items.")
        body = self._body(call, owner, request, "rank")
        body["list"] = request["inputList"]
        return {"personalizedRanking": await self._ask(owner, body), "recommendationId": recommendation_id(owner.arn)}

    @operation("GetActionRecommendations", resource="{campaignArn}")
    async def recommend_actions(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Recommends actions to a user.

        Raises:
            InvalidInputException, ResourceNotFoundException: as GetRecommendations.
        """
        owner = self._owner(call, request)
        recipe = self._recipe(owner)
        if recipe.kind != kinds.ACTIONS:
            raise InvalidInputException(f"The recipe {recipe.arn} does not recommend actions.")
        if not request.get("userId"):
            raise InvalidInputException("userId is required.")
        body = self._body(call, owner, request, "recommend")
        body["k"] = body["k"] or DEFAULT_ACTIONS
        found = await self._ask(owner, body)
        actions = [{"actionId": item["itemId"], "score": item["score"]} for item in found]
        return {"actionList": actions, "recommendationId": recommendation_id(owner.arn)}

    def _owner(self, call: Call, request: Mapping[str, Any]) -> Record:
        """The campaign or recommender that is asked."""
        arns = [request[member] for member in ("campaignArn", "recommenderArn") if request.get(member)]
        if len(arns) != 1:
            raise InvalidInputException("Name either campaignArn or recommenderArn.")
        record = self._records.by_arn(arns[0])
        if record is None or record.kind not in (CAMPAIGN, RECOMMENDER) or record.account != call.account:
            raise ResourceNotFoundException(f"Resource Arn {arns[0]} does not exist.")
        if "serving" not in record.body:
            raise ResourceNotFoundException(f"{arns[0]} is not ACTIVE.")
        return record

    def _recipe(self, owner: Record) -> Recipe:
        if "recipeArn" in owner.body:
            return BY_ARN[owner.body["recipeArn"]]
        solution = self._records.by_arn(owner.parent)
        arn = solution.body.get("recipeArn", "") if solution is not None else ""
        return BY_ARN.get(arn) or _ANY

    def _body(self, call: Call, owner: Record, request: Mapping[str, Any], kind: str) -> dict[str, Any]:
        k = request.get("numResults", 0)
        if k > MOST_RESULTS:
            raise InvalidInputException(f"numResults must be at most {MOST_RESULTS}.")
        body: dict[str, Any] = {"kind": kind, "k": k, "segments": self._current(owner)}
        context = dict(request.get("context", {}))
        body["reasons"] = context.pop(_REASONS, "") == "true"
        body["context"] = context
        if request.get("userId"):
            body["user"] = request["userId"]
        if request.get("filterArn"):
            body["filter"], body["values"] = self._filter(call, owner, request)
        elif request.get("filterValues"):
            raise InvalidInputException("filterValues requires filterArn.")
        if request.get("metadataColumns"):
            body["columns"] = self._columns(owner, request["metadataColumns"])
        return body

    def _filter(self, call: Call, owner: Record, request: Mapping[str, Any]) -> tuple[str, Mapping[str, str]]:
        record = self._records.by_arn(request["filterArn"])
        if record is None or record.kind != FILTER or record.account != call.account:
            raise ResourceNotFoundException(f"Resource Arn {request['filterArn']} does not exist.")
        if record.parent != self._group_arn(owner):
            raise InvalidInputException(f"The filter {record.arn} is of another dataset group.")
        text = record.body["filterExpression"]
        values = request.get("filterValues", {})
        try:
            read_values(parsed(text), values)
        except FilterValueError as error:
            raise InvalidInputException(str(error)) from error
        return text, values

    def _promotion(self, call: Call, owner: Record, promotion: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {
            "name": promotion.get("name", "promotion"),
            "percent": promotion.get("percentPromotedItems", 100),
        }
        if promotion.get("filterArn"):
            found["filter"], found["values"] = self._filter(call, owner, promotion)
        return found

    def _columns(self, owner: Record, asked: Mapping[str, list[str]]) -> list[str]:
        config = owner.body.get("campaignConfig") or owner.body.get("recommenderConfig") or {}
        if not config.get("enableMetadataWithRecommendations"):
            raise InvalidInputException(
                f"metadataColumns: {owner.arn} was made without enableMetadataWithRecommendations."
            )
        group = self._records.by_arn(self._group_arn(owner))
        dataset = dataset_of(self._records, group, tables.ITEMS) if group else None
        known = {column.name for column in columns_in(self._records, dataset)} if dataset else set()
        names: list[str] = []
        for kind, columns in asked.items():
            unknown = sorted(set(columns) - known)
            if kind.upper() != tables.ITEMS or unknown:
                raise InvalidInputException(f"metadataColumns: {kind} has no columns {unknown or columns}.")
            names += columns
        return names

    @staticmethod
    def _group_arn(owner: Record) -> str:
        return str(owner.body["group"]) if "group" in owner.body else owner.parent

    def _current(self, owner: Record) -> dict[str, list[str]]:
        """The imports of items and users that count now; looked up twice a second at most."""
        arn = self._group_arn(owner)
        moment = time.monotonic()
        known = self._segments.get(arn)
        if known is not None and moment - known[0] < _FRESH_SECONDS:
            return known[1]
        group = self._records.by_arn(arn)
        found = {}
        for kind in (tables.ITEMS, tables.USERS, tables.ACTIONS):
            dataset = dataset_of(self._records, group, kind) if group else None
            if dataset is not None:
                found[kind] = [segment.folder for segment in contents.segments(self._records, dataset)]
        if len(self._segments) > 1000:
            self._segments.clear()
        self._segments[arn] = (moment, found)
        return found

    async def _ask(self, owner: Record, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        try:
            answer = await self._hosting.invoke(owner.body["serving"], InvokeRequest(orjson.dumps(body)))
        except EndpointGone as error:
            raise ResourceNotFoundException(f"{owner.arn} is not ACTIVE.") from error
        except (InvocationTimeout, InvocationFailed) as error:
            raise InvalidInputException(f"{owner.arn} could not answer: {error}") from error
        if answer.status == 400:
            raise InvalidInputException(answer.body.decode())
        if answer.status != 200:
            raise InvalidInputException(f"{owner.arn} could not answer: {answer.body.decode('utf-8', 'replace')}")
        found: list[dict[str, Any]] = orjson.loads(answer.body)
        return found


_ANY = Recipe("auto-ml", kinds.USERS, "USER_PERSONALIZATION", "What AutoML chose.")
