"""The thread that carries tuning jobs on: it starts trials, stops those that fall behind, and ends tuning jobs.

Its whole memory is in the records. A trial is in its training job's record or it was never started, and the name of a
trial depends on its number alone, so that a coordinator which is killed at any point is followed by one that goes on
exactly where it stood.
"""

from __future__ import annotations

import logging
import shutil
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from clary.algorithms.contract import KEPT_TABLES
from clary.compute.contract import JobSpec
from clary.compute.jobs.scheduler import Jobs
from clary.core.clock import Clock
from clary.core.errors import ServiceError
from clary.engines.tuning.question import Question
from clary.engines.tuning.spaces import Values
from clary.services.sagemaker.names import TUNING_JOB
from clary.services.sagemaker.own_images import ImagesOfCaller
from clary.services.sagemaker.training_jobs import prepared
from clary.services.sagemaker.training_spec import METRIC_DIMENSION, METRIC_NAMESPACE
from clary.services.sagemaker.tuning import trials as of_trials
from clary.services.sagemaker.tuning.advice import Advice, NoAdvice
from clary.services.sagemaker.tuning.course import Progress, progress
from clary.services.sagemaker.tuning.decisions import Closing, Step, decide, fallen_behind, next_definition
from clary.services.sagemaker.tuning.plan import Plan, plan_of
from clary.services.sagemaker.tuning.trials import OBJECTIVE_METRIC, TrialJob, trial_jobs
from clary.services.sagemaker.tuning.warm_start import Inheritance, inheritance_of
from clary.storage.metrics import Metrics
from clary.storage.records import Record, RecordChanged, RecordExists, Records

UNFINISHED = ("InProgress", "Stopping")
_WATCH_SECONDS = 0.5
_RETRY_SECONDS = 2.0
_IDLE_SECONDS = 60.0
_CLOSE_SECONDS = 10.0
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Search:
    """What of an unfinished tuning job never changes, read once."""

    plan: Plan
    seed: int
    inheritance: Inheritance
    exhausted: set[int]


class Coordinator:
    """Carries every unfinished tuning job on.

    Promises:
        **Durability.** Tuning jobs of an earlier life of Clary go on after `start`.
        **Once.** No trial is lost or started twice, wherever Clary may be killed.
        **Lightness.** What to try next is asked of another process (`Advice`); no numeric library is loaded here.

    Args:
        advice: used by the coordinator's thread alone.
        own_images: finds images of users.
        tables: where the trials of each tuning job keep what they have read for each other; None for nowhere.
    """

    def __init__(
        self,
        records: Records,
        jobs: Jobs,
        metrics: Metrics,
        advice: Advice,
        clock: Clock,
        own_images: ImagesOfCaller | None = None,
        tables: Path | None = None,
    ) -> None:
        self._own_images = own_images
        self._tables = tables
        self._records = records
        self._jobs = jobs
        self._metrics = metrics
        self._advice = advice
        self._clock = clock
        self._searches: dict[str, _Search] = {}
        self._curves: dict[str, tuple[float, ...]] = {}
        self._woken = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="tuning", daemon=True)
        jobs.subscribe(self.wake)

    def start(self) -> None:
        """Begins; returns at once."""
        self._thread.start()

    def wake(self) -> None:
        """Something may have changed: a tuning job was made or stopped, or a training job has ended."""
        self._woken.set()

    def close(self) -> None:
        """Starts no more trials; those that run go on."""
        self._closed = True
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join(_CLOSE_SECONDS)  # it may wait for an advisor that computes for ever
        self._advice.close()

    def _run(self) -> None:
        self._sweep()
        while not self._closed:
            self._woken.clear()
            try:
                pause = self._pass()
            except Exception:  # a full disk, say: everything is read from the records again
                _log.exception("the coordinator of tuning jobs")
                pause = _RETRY_SECONDS
            if not self._woken.wait(pause) and pause == _IDLE_SECONDS and not self._searches:
                self._advice.close()

    def _sweep(self) -> None:
        """Removes what the trials of tuning jobs kept that have ended since."""
        if self._tables is None or not self._tables.is_dir():
            return
        unfinished = [record for status in UNFINISHED for record in self._records.with_status(TUNING_JOB, status)]
        known = {record.body["id"] for record in unfinished}
        for folder in self._tables.iterdir():
            if folder.name not in known:
                shutil.rmtree(folder, ignore_errors=True)

    def _pass(self) -> float | None:
        """Carries every unfinished tuning job one step on; gives how long (seconds) until the next look is due."""
        pause: float | None = _IDLE_SECONDS if self._advice.is_running else None
        unfinished = [record for status in UNFINISHED for record in self._records.with_status(TUNING_JOB, status)]
        for gone in set(self._searches) - {record.body["id"] for record in unfinished}:
            del self._searches[gone]
        for record in unfinished:
            try:
                wanted = self._carry_on(record)
            except RecordChanged:
                wanted = 0.0
            except Exception:  # one tuning job that cannot go on must not hold up those of others
                _log.exception("tuning job %s", record.arn)
                wanted = _RETRY_SECONDS
            if wanted is not None:
                pause = wanted if pause is None else min(pause, wanted)
        return pause

    def _carry_on(self, record: Record) -> float | None:
        """One step of one tuning job; gives the seconds after which it must be looked at again, None for no need."""
        search = self._search(record)
        plan, trials = search.plan, trial_jobs(self._records, record)
        elapsed = self._clock.time() - record.created
        course = record.body.get("course", {})
        closing = Closing.from_json(course["closing"]) if "closing" in course else None
        step = decide(
            plan,
            trials,
            closing=closing,
            stop_asked=record.status == "Stopping",
            exhausted=len(search.exhausted) == len(plan.definitions),
            elapsed_seconds=elapsed,
        )
        if step.closing is not None and step.closing != closing and not step.over:
            record = self._note(record, {"closing": step.closing.to_json()})
        for arn in step.stop:
            self._jobs.stop(arn)
        if step.over and step.closing is not None:
            self._finish(record, step.closing, progress(plan, trials))
            return None
        self._launch(record, search, trials, step)
        waits = [] if plan.runtime_seconds is None else [max(0.0, plan.runtime_seconds - elapsed) + 0.01]
        if plan.watches and closing is None and any(not trial.is_over for trial in trials):
            self._watch(record, plan, trials)
            waits.append(_WATCH_SECONDS)
        return min(waits, default=None)

    def _search(self, record: Record) -> _Search:
        known = self._searches.get(record.body["id"])
        if known is None:
            plan = plan_of(record.body["request"])
            seed = plan.seed if plan.seed is not None else int(record.body["id"][:8], 16)
            inheritance = inheritance_of(self._records, record, plan)
            known = self._searches[record.body["id"]] = _Search(plan, seed, inheritance, set())
        return known

    def _launch(self, record: Record, search: _Search, trials: list[TrialJob], step: Step) -> None:
        trials = list(trials)
        for _ in range(step.launch):
            index = next_definition(search.plan, trials, tuple(search.exhausted))
            if index is None or self._closed:
                return
            try:
                values = self._advice.ask(_question(search, trials, index))
                if values is None:
                    search.exhausted.add(index)
                    self._woken.set()  # it may have been the last one that could go on
                    continue
                number = max((trial.number for trial in trials), default=0) + 1
                trials.append(self._submit(record, search.plan, index, number, values))
            except (NoAdvice, ServiceError) as error:
                _log.exception("no further trial of %s", record.arn)
                reason = f"InternalServerError: no further training job can be started: {error}"
                self._note(record, {"closing": Closing("Failed", reason).to_json()})
                self._woken.set()
                return

    def _submit(self, tuning: Record, plan: Plan, index: int, number: int, values: Values) -> TrialJob:
        """Puts a trial into the queue, on disk when this returns; one that is there already stays as it is."""
        definition = plan.definitions[index]
        name = of_trials.trial_name(tuning, number)
        request = of_trials.trial_request(definition, name, values)
        record, spec = prepared(of_trials.call_of(tuning, self._clock), request, self._own_images)
        body = {**record.body, **of_trials.trial_body(tuning, definition, index, number, values)}
        record = replace(record, parent=tuning.body["id"], body=body)
        if self._tables is not None:
            spec = _with_kept_tables(spec, self._tables / tuning.body["id"])
        try:
            record = self._jobs.submit(
                record, _with_objective(spec, definition.metric), tags=self._records.tags(tuning.arn)
            )
        except RecordExists:
            found = self._records.by_arn(record.arn)
            if found is None:
                raise
            record = found
        return of_trials.trial_job(record)

    def _watch(self, tuning: Record, plan: Plan, trials: list[TrialJob]) -> None:
        """Stops the trials that fall behind."""
        curves: dict[str, tuple[float, ...]] = {}
        for trial in trials:
            known = self._curves.get(trial.name) if trial.is_over else None
            curves[trial.name] = known if known is not None else self._curve(tuning, trial.name)
        self._curves = {**self._curves, **{t.name: curves[t.name] for t in trials if t.is_over}}
        for arn in fallen_behind(plan, trials, curves):
            self._jobs.stop(arn)

    def _curve(self, tuning: Record, name: str) -> tuple[float, ...]:
        """The objective's values of a training job so far, as its log tells them."""
        metric = self._metrics.metric(
            tuning.account, tuning.region, METRIC_NAMESPACE, OBJECTIVE_METRIC, {METRIC_DIMENSION: name}
        )
        return () if metric is None else self._metrics.series(metric)

    def _note(self, record: Record, course: dict[str, Any]) -> Record:
        body = {**record.body, "course": {**record.body.get("course", {}), **course}}
        return self._records.update(record, body=body)

    def _finish(self, record: Record, closing: Closing, reached: Progress) -> None:
        """Writes down how it ended, counters and all: trials may be deleted afterwards."""
        now = self._clock.time()
        course: dict[str, Any] = {"closing": closing.to_json(), "ended": now, "progress": reached.to_json()}
        if closing.converged:
            course["converged"] = now
        body = {**record.body, "course": {**record.body.get("course", {}), **course}}
        self._records.update(record, status=closing.status, body=body)
        if self._tables is not None:
            shutil.rmtree(self._tables / record.body["id"], ignore_errors=True)
        self._searches.pop(record.body["id"], None)
        if not self._searches:
            self._curves.clear()


def _question(search: _Search, trials: list[TrialJob], index: int) -> Question:
    definition = search.plan.definitions[index]
    return Question(
        search.plan.strategy,
        definition.space,
        search.seed + index,
        definition.maximize,
        tuple(trial.as_trial() for trial in trials if trial.definition == index),
        search.inheritance.trials.get(index, ()),
        search.inheritance.hints.get(index, ()),
    )


def _with_kept_tables(spec: JobSpec, folder: Path) -> JobSpec:
    """A built-in algorithm's job with a folder that it shares with the other trials."""
    if not spec.program.entry:
        return spec
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**spec.program.environment, KEPT_TABLES: str(folder)}
    writable = (*spec.program.writable, str(folder))
    return replace(spec, program=replace(spec.program, environment=environment, writable=writable))


def _with_objective(spec: JobSpec, metric: str) -> JobSpec:
    """The job with its objective once more under the name that CloudWatch shows for every trial."""
    objective = next((one for one in spec.metrics if one.name == metric), None)
    if objective is None:
        return spec
    return replace(spec, metrics=(*spec.metrics, replace(objective, name=OBJECTIVE_METRIC)))
