"""The program of a solution version: learns, measures, and leaves a model that a serving process can load."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from clary.compute.tasks import fail, read_task
from clary.engines.recommendation import evaluation
from clary.engines.recommendation.contract import TrainingData, TrainingError
from clary.services.personalize.datasets import schema_tables as tables
from clary.services.personalize.datasets.schema_rules import columns_of
from clary.services.personalize.programs import hyperparameter_search, measuring, reports
from clary.services.personalize.programs.action_model import TAKEN
from clary.services.personalize.programs.beside import beside
from clary.services.personalize.programs.featurization import transformed
from clary.services.personalize.programs.importing import emptied, sync_all, write_json
from clary.services.personalize.programs.model_choice import load_model, new_model
from clary.services.personalize.programs.row_tables import RowTable
from clary.services.personalize.programs.training_data import (
    Log,
    Vocabularies,
    chosen,
    interactions,
    load_log,
    load_rows,
    used_columns,
    weights,
)
from clary.services.personalize.programs.user_histories import UserHistories
from clary.services.personalize.solutions import recipe_table as kinds
from clary.services.personalize.solutions.recipe_table import BY_ARN, Recipe
from clary.services.personalize.solutions.training_tasks import contents_of

LEAST_INTERACTIONS = 1000
LEAST_USERS = 25
MOST_EVENT_TYPES = 10
_SEED = 17
_KEPT = ("recipe", "metrics", "intervals", "baselines", "samples", "tuned")
"""What an update takes over from the result of the model that it updates."""
ROWS = {"ITEM_ID": "items", "ACTION_ID": "items", "USER_ID": "users"}
"""The folder of a model's rows by their id."""


@dataclass(slots=True)
class Material:
    """Everything that is learned from.

    Attributes:
        log: all interactions; `keep` marks those that the solution learns from.
        items, users: rows; None where the group has no such data set.
        last_rows: the place of the last put row of each data set.
    """

    vocabularies: Vocabularies
    log: Log
    keep: np.ndarray[Any, np.dtype[np.bool_]]
    items: RowTable | None
    users: RowTable | None
    last_rows: dict[str, int]


class Unlearnable(Exception):
    """The data does not suffice; the message is for the user."""


def main(folder: Path, data: str) -> int:
    """Trains.

    Args:
        folder: the job's.
        data: Personalize's folder.
    """
    task = read_task(folder)
    root = Path(data)
    target = emptied(root / "models" / task["job"])
    try:
        material = gather(root, task)
        result = learn(target, task, material, root / task["base"] if task.get("base") else None)
    except (Unlearnable, TrainingError) as error:
        return fail(folder, str(error))
    reports.write(folder / "output/report", task, material, result)
    sync_all(target)
    print(f"trained: {result['metrics']}")  # noqa: T201 - this is the job's log
    return 0


def gather(root: Path, task: Mapping[str, Any]) -> Material:
    """Reads the data sets and checks that they suffice.

    Raises:
        Unlearnable: there is too little to learn from.
    """
    acts = BY_ARN[task["recipes"][0]].kind == kinds.ACTIONS
    datasets = task["datasets"]
    base = root / task["base"] if task.get("base") else None
    # an update keeps the codes of the model that it updates
    vocabularies = Vocabularies.load(base / "vocabularies") if base else Vocabularies()
    log_dataset = datasets[tables.ACTION_INTERACTIONS if acts else tables.INTERACTIONS]
    item_column = "ACTION_ID" if acts else "ITEM_ID"
    log = load_log(root, log_dataset, vocabularies, item_column)
    keep = chosen(log, task["events"], vocabularies.types)
    _check(log, keep, vocabularies, task["events"])
    last_rows: dict[str, int] = {}
    found: dict[str, RowTable | None] = {}
    for kind, id_column, ids in (
        (tables.ACTIONS if acts else tables.ITEMS, item_column, vocabularies.items),
        (tables.USERS, "USER_ID", vocabularies.users),
    ):
        if kind not in datasets:
            found[id_column] = None
            continue
        parts = RowTable.load_parts(base / ROWS[id_column]) if base else {}
        table = RowTable(columns_of(datasets[kind]["schema"]), id_column, ids, parts)
        last_rows[kind] = load_rows(root, datasets[kind], table)
        found[id_column] = table
    return Material(vocabularies, log, keep, found[item_column], found["USER_ID"], last_rows)


def _check(log: Log, keep: Any, vocabularies: Vocabularies, events: list[Mapping[str, Any]]) -> None:
    of = f" of the event types {[event['type'] for event in events]}" if events else ""
    count = int(np.count_nonzero(keep))
    if count < LEAST_INTERACTIONS:
        raise Unlearnable(
            f"The dataset has {count} interactions{of}, but training needs at least {LEAST_INTERACTIONS} interactions."
        )
    per_user = np.bincount(log.users[keep], minlength=len(vocabularies.users))
    users = int(np.count_nonzero(per_user >= 2))
    if users < LEAST_USERS:
        raise Unlearnable(
            f"The dataset has {users} users with at least 2 interactions{of}, but training needs at least "
            f"{LEAST_USERS} such users."
        )
    if len(vocabularies.types) + len(log.contexts) > MOST_EVENT_TYPES:
        raise Unlearnable(
            f"The dataset has {len(vocabularies.types)} event types and {len(log.contexts)} metadata columns; together "
            f"there can be at most {MOST_EVENT_TYPES}."
        )


def learn(folder: Path, task: Mapping[str, Any], material: Material, base: Path | None = None) -> dict[str, Any]:
    """Trains and measures each candidate recipe, and writes the best one's model.

    Args:
        base: the model that is updated; what it measured stays, as most of it does.

    Returns:
        What `result.json` holds: "recipe", "metrics", "baselines", "tuned", "counts", "last_event", "last_rows".
    """
    data = training_data(task, material)
    taken = material.vocabularies.types.code(TAKEN)
    if base is not None:
        best = {name: value for name, value in read_result(base).items() if name in _KEPT}
        model = load_model(base / "engine").update(data)
    else:
        best, model = _learned(task, data, taken)
    (folder / "engine").mkdir()
    model.save(folder / "engine")
    vocabularies = material.vocabularies
    vocabularies.save(folder / "vocabularies")
    for name, table in (("items", material.items), ("users", material.users)):
        if table is not None:
            table.save(folder / name)
    UserHistories.of(material.log, material.keep, len(vocabularies.users)).save(folder / "history")
    result = {
        **best,
        "events": task["events"],
        "now": task["now"],
        "last_event": material.log.last_event,
        "last_rows": material.last_rows,
        "contents": {kind: contents_of(one) for kind, one in task["datasets"].items()},
        "counts": {
            "interactions": len(material.log.users),
            "learned": int(np.count_nonzero(material.keep)),
            "users": len(vocabularies.users),
            "items": len(vocabularies.items),
        },
    }
    write_json(folder / "result.json", result)
    return result


def read_result(model: Path) -> dict[str, Any]:
    """What the training of a model told."""
    found: dict[str, Any] = json.loads((model / "result.json").read_text(encoding="utf-8"))
    return found


def _learned(task: Mapping[str, Any], data: TrainingData, taken: int) -> tuple[dict[str, Any], Any]:
    """What was measured of the best recipe, and its model, which learned from everybody."""

    def fitted(arn: str, tuned: Mapping[str, str]) -> Any:
        return new_model(BY_ARN[arn], {**task["parameters"], **tuned}, task["objective"], taken).fit(data)

    # threads of a linear algebra library wait for each other: two halves with one thread each are done sooner
    with threadpool_limits(1):
        if len(task["recipes"]) > 1 or task["tune"]:
            best = _chosen(task, data, taken)
            return best, fitted(best["recipe"], best["tuned"])
        measuring_beside = beside(lambda: _chosen(task, data, taken))
        model = fitted(task["recipes"][0], {})
        return measuring_beside(), model


def _chosen(task: Mapping[str, Any], data: TrainingData, taken: int) -> dict[str, Any]:
    """What was measured of the best recipe, and which it is."""
    best: dict[str, Any] = {}
    for arn in task["recipes"]:
        measured = _measured(BY_ARN[arn], task, data, taken)
        if not best or measured["metrics"]["precision_at_25"] > best["metrics"]["precision_at_25"]:
            best = {**measured, "recipe": arn}
    return best


def training_data(task: Mapping[str, Any], material: Material) -> TrainingData:
    """The material as the engine takes it."""
    worth = weights(material.log, task["events"], material.vocabularies.types)
    log = interactions(material.log, material.keep, material.vocabularies, worth)
    used_log = task.get("columns", {})
    if used_log and tables.INTERACTIONS in task["datasets"]:
        names = used_columns(task, tables.INTERACTIONS, columns_of(task["datasets"][tables.INTERACTIONS]["schema"]))
        contexts = {name: codes for name, codes in log.contexts.items() if names.get(name, True)}
        log = replace(log, contexts=contexts)
    log = transformed(log, task.get("transformation", {}))
    if not len(log):
        raise Unlearnable("The featureTransformationParameters leave no interaction to learn from.")
    items, users = material.items, material.users
    return TrainingData(
        log,
        items.features(used_columns(task, tables.ITEMS, items.columns)) if items else None,
        users.features(used_columns(task, tables.USERS, users.columns)) if users else None,
    )


def _measured(recipe: Recipe, task: Mapping[str, Any], data: TrainingData, taken: int) -> dict[str, Any]:
    """The metrics of a recipe, with the hyperparameters that were tuned where that was asked for.

    What is tuned is held out inside the training part: the users of the metrics have no say in it.
    """

    def scored(tuned: Mapping[str, str], material: TrainingData) -> dict[str, Any]:
        new = functools.partial(new_model, recipe, {**task["parameters"], **tuned}, task["objective"], taken)
        return measuring.measured(recipe, new, material, _SEED)

    tuned: dict[str, str] = {}
    if task["tune"]:
        inner = evaluation.split(data, _SEED).training
        space = hyperparameter_search.space(recipe, task["ranges"])
        tuned = hyperparameter_search.search(
            space,
            hyperparameter_search.starts(recipe, task["parameters"]),
            task.get("trials", hyperparameter_search.TRIALS),
            lambda trial: float(scored(trial, inner)["metrics"]["precision_at_25"]),
        )
    return {**scored(tuned, data), "tuned": tuned}
