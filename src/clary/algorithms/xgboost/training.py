"""A training job of XGBoost from its folder to its model."""

from __future__ import annotations

import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import xgboost

from clary.algorithms import log_lines
from clary.algorithms.contract import AlgorithmError
from clary.algorithms.job_folder import JobFolder
from clary.algorithms.readers.channels import InputChannel
from clary.algorithms.readers.content_types import CSV, training_content_type
from clary.algorithms.readers.kept import kept
from clary.algorithms.readers.table import Table, joined, widened
from clary.algorithms.termination import Termination
from clary.algorithms.xgboost import boosting, distributed, folds, model_files
from clary.algorithms.xgboost.checkpoints import Checkpoints
from clary.algorithms.xgboost.settings import Settings

Tables = tuple[Table, Table | None]


def train(root: Path) -> None:
    """Trains; see `contract.Algorithm.train`.

    Raises:
        AlgorithmError: hyperparameters or data are wrong.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = _log_warning
        _run(JobFolder(root))


def _log_warning(message: Warning | str, *place: Any, **more: Any) -> None:
    """Writes a warning of xgboost to the log, without the source line it names."""
    log_lines.warning(model_files.first_sentence(str(message)))


def _run(job: JobFolder) -> None:
    """Trains in a job folder."""
    log_lines.info("Running XGBoost Sagemaker in algorithm mode")
    settings = Settings.from_hyperparameters(job.hyperparameters)
    tables: Tables | None = None
    reason = ""
    with Termination() as termination:
        try:
            tables = _tables(job, settings)
        except AlgorithmError as error:
            reason = str(error)
        with distributed.meeting(job.hosts, job.current_host) as group:
            failure = group.first_failure(reason)
            if failure is not None or tables is None:
                host, text = failure or (group.index, reason)
                raise AlgorithmError(text if host == group.index else f"{job.hosts[host]}: {text}")
            matrices = _matrices(tables, settings, group)
            del tables
            _train(job, settings, matrices, group, termination)


def _tables(job: JobFolder, settings: Settings) -> Tables:
    """Reads the channels of this host."""
    if "train" not in job.channels:
        raise AlgorithmError("Missing required channel: train.")
    channel, validation = job.channels["train"], job.channels.get("validation")
    if validation is not None:
        formats = [training_content_type(item.content_type).format for item in (channel, validation)]
        if formats[0] != formats[1]:
            raise AlgorithmError(
                f"The channels train ({formats[0]}) and validation ({formats[1]}) must have the same ContentType."
            )
    if validation is None:
        train_table, validation_table = _table(channel, settings), None
    else:  # side by side: while one file's numbers are put into place, the next one's are parsed
        with ThreadPoolExecutor(1, thread_name_prefix="validation") as beside:
            reading = beside.submit(_table, validation, settings)
            train_table = _table(channel, settings)
            validation_table = reading.result()
    if len(job.hosts) == 1:
        for item, table in ((channel, train_table), (validation, validation_table)):
            if item is not None and table is not None and not table.rows:
                raise AlgorithmError(f"No data in the {item.name} channel.")
        if settings.folds is not None and validation_table is not None:
            return joined([train_table, validation_table], ["The train channel", "The validation channel"]), None
    elif not train_table.rows:
        log_lines.warning(f"Host {job.current_host} has no training data: give the channel as many files as hosts.")
    return train_table, validation_table


def _table(channel: InputChannel, settings: Settings) -> Table:
    """Reads one channel."""
    content_type = training_content_type(channel.content_type)
    if content_type.format == CSV and content_type.label_size not in (None, 1):
        raise AlgorithmError(
            f"{channel.content_type} is not an accepted csv ContentType: label_size must be 1 for XGBoost."
        )
    how = f"{content_type}, weights: {settings.csv_weights}"
    sources = channel.sources() if channel.mode != "Pipe" else []
    return kept(sources, how, lambda: channel.read(1, settings.csv_weights))


def _matrices(tables: Tables, settings: Settings, group: distributed.Group) -> tuple[Any, Any]:
    """The matrices of this host, as wide as the widest of any host; those without rows are empty, not missing."""
    train_table, validation = tables
    widths = group.maximum(np.array([table.columns if table else 0 for table in tables], np.int64))
    has_rows = group.maximum(np.array([train_table.rows, 0 if validation is None else 1 + validation.rows], np.int64))
    if not has_rows[0]:
        raise AlgorithmError("No data in the train channel of any host.")
    columns = int(max(widths))
    matrix = _matrix(train_table, columns, settings)
    if not has_rows[1]:
        return matrix, None
    empty = Table(np.empty((0, columns), np.float32), np.empty(0, np.float32))
    return matrix, _matrix(validation or empty, columns, settings)


def _matrix(table: Table, columns: int, settings: Settings) -> xgboost.DMatrix:
    """A table as xgboost has it.

    Raises:
        AlgorithmError: dense data with another number of columns than the other channel or host.
    """
    features, labels, weights, queries = table.features, table.labels, table.weights, table.queries
    if not table.rows:
        features, labels = np.empty((0, columns), np.float32), np.empty(0, np.float32)
    elif not isinstance(features, np.ndarray):
        features = widened(features, columns)
    elif table.columns != columns:
        raise AlgorithmError(f"One channel has {table.columns} feature columns and another {columns}.")
    if queries is not None and (np.diff(queries) < 0).any():
        order = np.argsort(queries, kind="stable")
        features, labels, queries = features[order], _taken(labels, order), queries[order]
        weights = _taken(weights, order)
    if queries is not None and weights is not None:
        weights = weights[np.unique(queries, return_index=True)[1]]  # xgboost weighs queries, not their rows
    _check_labels(labels, settings)
    threads = settings.parameters.get("nthread")
    try:
        matrix = xgboost.DMatrix(features, label=labels, weight=weights, qid=queries, nthread=threads)
        if settings.objective == "survival:aft":
            matrix.set_float_info("label_lower_bound", labels)
            matrix.set_float_info("label_upper_bound", labels)
    except (xgboost.core.XGBoostError, ValueError) as error:
        raise AlgorithmError(f"XGBoost: {model_files.first_sentence(error)}") from None
    return matrix


def _check_labels(labels: Any, settings: Settings) -> None:
    """Refuses labels that the objective cannot learn; xgboost's own words for it name inner values."""
    objective, low, high = settings.objective, labels.min(initial=0), labels.max(initial=0)
    if objective in ("binary:logistic", "binary:logitraw", "binary:hinge", "reg:logistic") and (low < 0 or high > 1):
        raise AlgorithmError(f"label must be in [0,1] for {objective}; the labels go from {low:g} to {high:g}.")
    classes = settings.parameters.get("num_class", 0)
    if objective.startswith("multi:") and (low < 0 or high >= classes or (labels % 1 != 0).any()):
        raise AlgorithmError(
            f"label must be in [0, num_class) and whole for {objective}; num_class is {classes} and the labels go from "
            f"{low:g} to {high:g}."
        )
    if objective in ("count:poisson", "reg:tweedie", "reg:gamma") and low < 0:
        raise AlgorithmError(f"label must be nonnegative for {objective}; the least is {low:g}.")


def _taken(values: Any, order: Any) -> Any:
    """Values in another order, or None."""
    return None if values is None else values[order]


def _train(
    job: JobFolder, settings: Settings, matrices: tuple[Any, Any], group: distributed.Group, termination: Termination
) -> None:
    """Trains and saves."""
    train_matrix, validation = matrices
    log_lines.info(f"Train matrix has {train_matrix.num_row()} rows and {train_matrix.num_col()} columns")
    if validation is not None:
        log_lines.info(f"Validation matrix has {validation.num_row()} rows")
    if settings.folds is not None:
        if group.size > 1:
            raise AlgorithmError("Hyperparameter _kfold: cross-validation runs on one host only.")
        folds.train(job, settings, train_matrix, lambda: termination.requested)
        return
    checkpoints = None
    if job.checkpoints and group.is_master:
        checkpoints = Checkpoints(job.checkpoints, wanted=job.wants_checkpoints)
    start = group.from_master(_start(job, checkpoints, settings) if group.is_master else None)
    evaluations = [(train_matrix, "train")]
    if validation is not None:
        evaluations.append((validation, "validation"))
    outcome = boosting.boost(
        settings,
        start,
        train_matrix,
        evaluations,
        after_round=checkpoints.after_round if checkpoints else lambda booster, rounds: None,
        stop_requested=lambda: group.any(termination.requested),
        resumable=group.any(job.wants_checkpoints),
    )
    if checkpoints and outcome.rounds and job.wants_checkpoints:
        checkpoints.save(outcome.booster, outcome.rounds)
    if group.is_master:
        save(job, settings, outcome)


def _start(job: JobFolder, checkpoints: Checkpoints | None, settings: Settings) -> bytes | None:
    """What training starts from: this job's checkpoint, else the model of the `model` channel, else nothing."""
    data = checkpoints.latest() if checkpoints else None
    if data is not None:
        return data
    if "model" not in job.channels:
        if settings.parameters.get("process_type") == "update":
            raise AlgorithmError("Hyperparameter process_type: update needs a model in the channel 'model'.")
        return None
    sources = job.channels["model"].sources()
    chosen = [source for source in sources if source.name.endswith(model_files.MODEL_NAME)] or sources
    if len(chosen) != 1 or chosen[0].path is None:
        raise AlgorithmError(
            f"The model channel must hold one model.tar.gz or {model_files.MODEL_NAME}; it holds {len(sources)} files."
        )
    data = model_files.from_file(chosen[0].path)
    booster = model_files.to_booster(data, chosen[0].name)
    rounds, objective = booster.num_boosted_rounds(), model_files.objective_of(booster)
    if objective != settings.objective:
        raise AlgorithmError(
            f"The model in the channel 'model' was trained for {objective}; it cannot go on with {settings.objective}."
        )
    log_lines.info(f"Training goes on from the model {chosen[0].name} of {rounds} rounds")
    return data


def save(job: JobFolder, settings: Settings, outcome: boosting.Outcome, suffix: str = "") -> None:
    """Writes the model, unless a stopped job is to leave none."""
    if outcome.stopped:
        if not settings.saves_on_termination:
            log_lines.info("Stopped by SIGTERM; save_model_on_termination is false, so that no model is saved.")
            return
        if not outcome.booster.num_boosted_rounds():
            log_lines.info("Stopped by SIGTERM before the first round; there is no model to save.")
            return
        log_lines.info("Stopped by SIGTERM; the model of the rounds so far is saved.")
    booster = boosting.finished(outcome, settings)
    model_files.write(model_files.to_bytes(booster), job.model / f"{model_files.MODEL_NAME}{suffix}")
