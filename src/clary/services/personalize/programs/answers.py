"""Turns requests into recommendations with one loaded model: what a campaign or recommender answers."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from clary.engines.recommendation.contract import Exploration, History, Ranking, Session
from clary.engines.recommendation.features import of_row
from clary.engines.recommendation.objective import Influence
from clary.engines.recommendation.vocabulary import Vocabulary
from clary.services.personalize.datasets import schema_tables as tables
from clary.services.personalize.datasets.schema_rules import columns_of
from clary.services.personalize.events.event_reader import EventReader
from clary.services.personalize.events.event_store import Event
from clary.services.personalize.filter_language.parser import parsed
from clary.services.personalize.filter_language.values import FilterValueError, read_values
from clary.services.personalize.programs.action_model import TAKEN
from clary.services.personalize.programs.filter_masks import Circumstances, FilterMasks, Mask
from clary.services.personalize.programs.live_rows import LiveRows
from clary.services.personalize.programs.model_choice import load_model
from clary.services.personalize.programs.pace import Pace
from clary.services.personalize.programs.training_data import Vocabularies, used_columns
from clary.services.personalize.programs.user_histories import UserHistories
from clary.services.personalize.solutions import recipe_table as kinds
from clary.services.personalize.solutions.recipe_table import BY_ARN, EXPLORATION, Recipe

DAY_SECONDS = 86_400
DEFAULT_RESULTS = 25


class BadRequest(ValueError):
    """The request cannot be answered; the message is for the client."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who is answered.

    Attributes:
        session: as the model sees them.
        done, types: everything they did: item codes, and the event type of each.
        values: their columns.
    """

    session: Session
    done: list[int]
    types: list[str]
    values: dict[str, Any]


class Answers:
    """One model, answering.

    Args:
        root: Personalize's folder.
        config: "model", "datasets", "columns" (trainingDataConfig), "exploration", "influence" (rankingInfluence).
    """

    def __init__(self, root: Path, config: Mapping[str, Any]) -> None:
        folder = root / config["model"]
        result = orjson.loads((folder / "result.json").read_bytes())
        self._recipe = BY_ARN[result["recipe"]]
        self._names = Vocabularies.load(folder / "vocabularies")
        self._history = UserHistories.load(folder / "history")
        self._model = load_model(folder / "engine")
        influence = config.get("influence", {})
        if influence:
            self._model.influenced(Influence(influence.get("POPULARITY", 0.0), influence.get("FRESHNESS", 0.0)))
        self._rules = result["events"]
        self._last_event = result["last_event"]
        self._reader = EventReader(root)
        self._exploration = self._explored(config.get("exploration", {}))
        acts = self._recipe.kind == kinds.ACTIONS
        datasets = config["datasets"]
        self._log_id = datasets[tables.ACTION_INTERACTIONS if acts else tables.INTERACTIONS]["id"]
        self._items = self._live(root, config, tables.ACTIONS if acts else tables.ITEMS, folder / "items")
        self._users = self._live(root, config, tables.USERS, folder / "users")
        self._intake = Pace()
        self._bare = FilterMasks(None, len(self._names.items))
        self.refresh({})

    def _live(self, root: Path, config: Mapping[str, Any], kind: str, trained: Path) -> LiveRows | None:
        dataset = config["datasets"].get(kind)
        if dataset is None:
            return None
        id_column = {tables.ITEMS: "ITEM_ID", tables.USERS: "USER_ID", tables.ACTIONS: "ACTION_ID"}[kind]
        ids = self._names.users if kind == tables.USERS else self._names.items
        used = used_columns(config, kind, columns_of(dataset["schema"]))
        return LiveRows(root, dataset, id_column, ids, trained, used)

    def _explored(self, config: Mapping[str, str]) -> Exploration | None:
        if not self._recipe.explores:
            return None
        default_weight, default_days = EXPLORATION.values()
        weight = float(config.get("explorationWeight", config.get("exploration_weight", default_weight)))
        days = float(config.get("explorationItemAgeCutOff", config.get("exploration_item_age_cut_off", default_days)))
        return Exploration(weight, int(days * DAY_SECONDS)) if weight else None

    def refresh(self, segments: Mapping[str, list[str]]) -> None:
        """Takes in rows that were put or imported since the last request."""
        if self._users is not None:
            self._users.refresh(self._reader, segments.get(tables.USERS))
        if self._items is None:
            return
        self._items.refresh(self._reader, segments.get(self._item_kind))
        # a model takes 10,000 items in within half a second: a shop that puts items all day must still be answered
        if len(self._names.items) > self._model.item_count and not self.makes_segments and self._intake.due:
            with self._intake.work():
                self._model.add_items(self._items.features())

    @property
    def recipe(self) -> Recipe:
        """The recipe of the model."""
        return self._recipe

    @property
    def model(self) -> Any:
        """The engine's model."""
        return self._model

    @property
    def names(self) -> Vocabularies:
        """The identifiers behind the codes."""
        return self._names

    @property
    def users(self) -> LiveRows | None:
        """The rows of the users."""
        return self._users

    @property
    def makes_segments(self) -> bool:
        """Whether the model finds users, not items."""
        return self._recipe.kind in (kinds.ITEM_SEGMENTS, kinds.ATTRIBUTE_SEGMENTS)

    @property
    def asks(self) -> tuple[str, ...]:
        """What a request must name."""
        return self._recipe.asks

    def categories(self, column: str) -> tuple[str, Vocabulary]:
        """A categorical column of the items by its upper-case name, with its categories.

        Raises:
            BadRequest: there is none.
        """
        columns = self._items.table.columns if self._items is not None else []
        found = next((one for one in columns if one.name.upper() == column and one.categorical), None)
        if found is None or self._items is None:
            raise BadRequest(f"The items have no categorical field {column}.")
        self._items.table.categories(found)
        return found.name, self._items.table.parts[found.name]

    @property
    def _item_kind(self) -> str:
        return tables.ACTIONS if self._recipe.kind == kinds.ACTIONS else tables.ITEMS

    def answer(self, request: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The items of an answer, best first.

        Args:
            request: "kind" ("recommend", "rank"), "user", "item", "list", "k", "context", "filter", "values",
                "promotion", "columns", "reasons", "segments"; what is not needed is absent.

        Raises:
            BadRequest: it asks for what this recipe cannot answer.
        """
        self.refresh(request.get("segments", {}))
        who = self.asker(request.get("user", ""))
        allowed = self._allowed(request, who)
        context = self._context(request.get("context", {}))
        if request["kind"] == "rank":
            return self._ranked(request, who, allowed, context)
        k = request.get("k") or DEFAULT_RESULTS
        found = self._recommended(request, who, k, allowed, context)
        shown = self._shown(found, who, request, context)
        promotion = request.get("promotion")
        if promotion is None:
            return shown
        return self._promoted(request, promotion, who, shown, k, context)

    def asker(self, user: str) -> Asker:
        """What is known of a user now: the training data, and every event since."""
        code = self._names.users.code(user) if user else -1
        events = self._reader.of_user(self._log_id, user, self._last_event) if user else []
        if code < 0 and events and events[-1].user:
            code = self._names.users.code(events[-1].user)
        span = self._history.span(code)
        items, types = self._history.items[span], self._history.types[span]
        chosen = self._history.chosen[span]
        type_names = [self._names.types.name(kind) if kind >= 0 else "" for kind in types.tolist()]
        new = [(event, self._names.items.code(event.item)) for event in events if event.item]
        new = [(event, item) for event, item in new if 0 <= item < self._model.item_count]
        learned = [(event, item) for event, item in new if self._is_learned(event)]
        new_items = np.array([item for _, item in learned], np.int32)
        new_times = np.array([event.time for event, _ in learned], np.int64)
        history = History(
            np.concatenate([items[chosen], new_items]),
            np.concatenate([self._history.times[span][chosen], new_times]),
        )
        values = self._users.of(code) if self._users is not None and code >= 0 else {}
        values["USER_ID"] = user
        return Asker(
            self._session(history, code, [(item, event.type.lower() == TAKEN) for event, item in new]),
            [*items.tolist(), *(item for _, item in new)],
            [*type_names, *(event.type.lower() for event, _ in new)],
            values,
        )

    def _session(self, history: History, code: int, later: list[tuple[int, bool]]) -> Session:
        if self._recipe.kind == kinds.ACTIONS:
            known = of_row(self._users.features(), code) if self._users is not None and code >= 0 else {}
            return Session(code, history, known, {"later": later})
        if self._recipe.kind not in (kinds.USERS, kinds.RANKING, kinds.POPULAR, kinds.TRENDING):
            return Session(code, history)
        features = of_row(self._users.features(), code) if self._users is not None and code >= 0 else None
        found: Session = self._model.session(history, code if code < len(self._history.starts) - 1 else -1, features)
        return found

    def _is_learned(self, event: Event) -> bool:
        """Whether an event is of the kinds that the model learned from."""
        if not self._rules:
            return True
        return any(
            rule["type"] in ("", event.type.lower())
            and rule.get("weight", 1.0) > 0
            and ("threshold" not in rule or (event.value is not None and event.value >= rule["threshold"]))
            for rule in self._rules
        )

    def _allowed(self, request: Mapping[str, Any], who: Asker) -> Mask | None:
        """Which items may be answered; None for all."""
        count = self._model.item_count
        allowed = self._basis(who, count)
        if request.get("filter"):
            passing = self._passing(request["filter"], request.get("values", {}), who, count)
            allowed = passing if allowed is None else allowed & passing
        return allowed

    def _basis(self, who: Asker, count: int) -> Mask | None:
        """Without what was deleted, and without what the recipe hides by itself."""
        gone = self._items.gone(count) if self._items is not None else None
        allowed = ~gone if gone is not None and gone.any() else None
        if self._recipe.hides:
            allowed = np.ones(count, bool) if allowed is None else allowed
            allowed[[item for item, kind in zip(who.done, who.types, strict=True) if kind == self._recipe.hides]] = (
                False
            )
        return allowed

    def _passing(self, text: str, values: Mapping[str, str], who: Asker, count: int) -> Mask:
        expression = parsed(text)
        masks = self._items.masks if self._items is not None else self._bare
        try:
            read = read_values(expression, values)
            masks.check(expression, read)
        except FilterValueError as error:
            raise BadRequest(str(error)) from error
        mask = masks.mask(expression, Circumstances(who.values, who.done, who.types, read))
        passing = np.zeros(count, bool)
        passing[: len(mask)] = mask[:count]
        return passing

    def _context(self, sent: Mapping[str, str]) -> dict[str, int]:
        found = {}
        for name, value in sent.items():
            vocabulary = self._names.contexts.get(name.upper())
            code = vocabulary.code(value) if vocabulary is not None else -1
            if code >= 0:
                found[name.upper()] = code
        return found

    def _recommended(
        self, request: Mapping[str, Any], who: Asker, k: int, allowed: Mask | None, context: dict[str, int]
    ) -> Ranking:
        if self._recipe.kind == kinds.SIMILAR:
            similar: Ranking = self._model.similar(self._names.items.code(request.get("item", "")), k, allowed)
            return similar
        if self.makes_segments:
            raise BadRequest(f"The recipe {self._recipe.arn} answers in batch segment jobs only.")
        exploration = self._exploration
        found: Ranking = self._model.recommend(who.session, k, allowed, context, exploration)
        return found

    def _ranked(
        self, request: Mapping[str, Any], who: Asker, allowed: Mask | None, context: dict[str, int]
    ) -> list[dict[str, Any]]:
        """The given items, best first; those that nobody has heard of come last."""
        names = list(dict.fromkeys(request["list"]))
        codes = self._names.items.codes(names)
        known = codes[(codes >= 0) & (codes < self._model.item_count)]
        if allowed is not None:
            known = known[allowed[known]]
        found = self._shown(self._model.rank(who.session, known, context), who, request, context) if len(known) else []
        strange = [name for name, code in zip(names, codes.tolist(), strict=True) if code < 0]
        return [*found, *({"itemId": name} for name in strange if not request.get("filter"))]

    def _shown(
        self, ranking: Ranking, who: Asker, request: Mapping[str, Any], context: dict[str, int]
    ) -> list[dict[str, Any]]:
        del context
        columns = request.get("columns", ())
        found = []
        codes = ranking.items.tolist()
        names = self._names.items.names(ranking.items)
        scores = ranking.scores.astype(np.float64).round(7).tolist()
        for code, name, score, explored in zip(codes, names, scores, ranking.explored.tolist(), strict=True):
            item: dict[str, Any] = {"itemId": name, "score": score}
            if columns and self._items is not None:
                item["metadata"] = self._metadata(code, columns)
            reasons = ["Exploration"] if explored else []
            if request.get("reasons"):
                reasons += self.reasons(who.session, code)
            if reasons:
                item["reason"] = reasons
            found.append(item)
        return found

    def _metadata(self, code: int, columns: list[str]) -> dict[str, str]:
        assert self._items is not None
        found = {}
        for name in columns:
            value = self._items.table.value(code, name)
            if value is not None:
                found[name] = str(value).lower() if isinstance(value, bool) else str(value)
        return found

    def reasons(self, session: Session, item: int) -> list[str]:
        """Why an item is answered, in words: "item i7: 0.43"."""
        if not hasattr(self._model, "reasons"):
            return []
        words = []
        for reason in self._model.reasons(session, item):
            what = self._names.items.name(reason.item) if reason.item >= 0 else reason.feature
            words.append(f"{reason.source}{f' {what}' if what else ''}: {reason.share:.2f}")
        return words

    def _promoted(
        self,
        request: Mapping[str, Any],
        promotion: Mapping[str, Any],
        who: Asker,
        others: list[dict[str, Any]],
        k: int,
        context: dict[str, int],
    ) -> list[dict[str, Any]]:
        """Puts promoted items into their share of the places, drawn anew for each user."""
        count = self._model.item_count
        allowed = self._basis(who, count)
        if promotion.get("filter"):
            passing = self._passing(promotion["filter"], promotion.get("values", {}), who, count)
            allowed = passing if allowed is None else allowed & passing
        places = int(np.floor(k * promotion["percent"] / 100))
        ranking = self._recommended(request, who, places, allowed, context) if places else None
        promoted = self._shown(ranking, who, request, context) if ranking is not None else []
        for item in promoted:
            item["promotionName"] = promotion["name"]
            item["reason"] = ["Promoted item", *item.get("reason", [])]
        names = {item["itemId"] for item in promoted}
        rest = [item for item in others if item["itemId"] not in names][: k - len(promoted)]
        total = len(promoted) + len(rest)
        draw = np.random.default_rng(zlib.crc32(str(request.get("user", "")).encode()))
        chosen = set(draw.permutation(total)[: len(promoted)].tolist())
        one, other = iter(promoted), iter(rest)
        return [next(one) if place in chosen else next(other) for place in range(total)]
