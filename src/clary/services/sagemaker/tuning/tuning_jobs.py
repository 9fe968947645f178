"""Hyperparameter tuning jobs: created, described, listed, stopped and deleted; and the lists of their trials."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from clary.core.call import Call
from clary.core.errors import ValidationException
from clary.core.operations import operation
from clary.core.pages import InvalidToken, decode_token, encode_token
from clary.services.sagemaker.errors import ResourceInUse, ResourceNotFound
from clary.services.sagemaker.job_records import writable_prefix
from clary.services.sagemaker.listing import DEFAULT_PAGE, listing, page_of
from clary.services.sagemaker.names import TUNING_JOB, resource_arn
from clary.services.sagemaker.own_images import ImagesOfCaller
from clary.services.sagemaker.roles import require_role
from clary.services.sagemaker.tags import tags_of
from clary.services.sagemaker.tuning import tuning_description as reading
from clary.services.sagemaker.tuning.autotune import with_choices
from clary.services.sagemaker.tuning.coordinator import Coordinator
from clary.services.sagemaker.tuning.course import Progress, progress
from clary.services.sagemaker.tuning.plan import Plan, definitions_of, plan_of
from clary.services.sagemaker.tuning.trials import TrialJob, trial_jobs
from clary.services.sagemaker.tuning.tuning_request import check_request
from clary.services.sagemaker.tuning.warm_start import check_parents, parents_of
from clary.storage.data_access import DataAccess
from clary.storage.identities import Identities
from clary.storage.records import Record, RecordChanged, RecordExists, Records

_RESOURCE = "hyper-parameter-tuning-job/{HyperParameterTuningJobName}"
_SENT = ("HyperParameterTuningJobConfig", "TrainingJobDefinition", "TrainingJobDefinitions", "WarmStartConfig")
_TRIES = 20


class TuningJobs:
    """The hyperparameter tuning jobs of every account.

    A record holds the request, with what Autotune chose, under "request", an id that its trials carry as their parent
    under "id", and under "course" what the coordinator has written.

    Args:
        coordinator: carries tuning jobs on; told when one is made or stopped.
        data_access: tells whether the bucket exists that models shall go to.
        own_images: finds images of users.
    """

    api = "sagemaker"

    def __init__(
        self,
        records: Records,
        identities: Identities,
        coordinator: Coordinator,
        data_access: DataAccess,
        own_images: ImagesOfCaller | None = None,
    ) -> None:
        self._own_images = own_images
        self._records = records
        self._identities = identities
        self._coordinator = coordinator
        self._data_access = data_access

    @operation("CreateHyperParameterTuningJob", resource=_RESOURCE, lower=True)
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Makes a tuning job; it is on disk when this returns, and its first trials start at once.

        Raises:
            ResourceInUse: the name is taken.
            ResourceLimitExceeded: it asks for too many training jobs or instances.
            ValidationException: the request breaks a rule, or asks for what Clary does not have.
        """
        name = request["HyperParameterTuningJobName"]
        sent = {member: request[member] for member in (*_SENT, "Autotune") if member in request}
        chosen = with_choices({"HyperParameterTuningJobName": name, **sent})
        plan = check_request(call, chosen, self._own_images)
        check_parents(self._records, call.account, call.region, chosen, plan)
        tags = tags_of(request.get("Tags", []))
        for member, training in definitions_of(chosen):
            output = training["OutputDataConfig"]["S3OutputPath"]
            writable_prefix(self._data_access, output, f"{member}.OutputDataConfig.S3OutputPath")
            require_role(self._identities, call, training["RoleArn"], f"{member}.RoleArn")
        arn = resource_arn(call, TUNING_JOB, name)
        del chosen["HyperParameterTuningJobName"]
        body = {"id": uuid.uuid4().hex, "request": _with_size_of_grid(chosen, plan)}
        record = Record(TUNING_JOB, call.account, call.region, name, arn, status="InProgress", body=body)
        try:
            self._records.insert(record, tags=tags)
        except RecordExists as error:
            raise ResourceInUse(
                "Hyperparameter tuning job names must be unique within an AWS account and region, and a hyperparameter "
                f"tuning job with this name already exists ({arn})"
            ) from error
        self._coordinator.wake()
        return {"HyperParameterTuningJobArn": arn}

    @operation("DescribeHyperParameterTuningJob", resource=_RESOURCE, lower=True)
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Everything about one tuning job.

        Raises:
            ResourceNotFound: there is none of that name.
        """
        return described(self._records, self._find(call, request))

    @operation("ListHyperParameterTuningJobs")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of tuning jobs."""
        page = page_of(self._records, call, TUNING_JOB, {"SortBy": "Name", **request}, descending_by_default=False)
        lines = [reading.summary(record, reached(self._records, record)) for record in page.records]
        return listing("HyperParameterTuningJobSummaries", lines, page)

    @operation("ListTrainingJobsForHyperParameterTuningJob", resource=_RESOURCE, lower=True)
    def list_trials(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of the training jobs that a tuning job has started.

        Raises:
            ResourceNotFound: there is no tuning job of that name.
            ValidationException: NextToken is not one of this listing.
        """
        record = self._find(call, request)
        plan = plan_of(record.body["request"])
        trials = _sorted(trial_jobs(self._records, record), request)
        wanted = request.get("StatusEquals")
        trials = [trial for trial in trials if wanted in (None, trial.status)]
        start = _start_of(trials, request.get("NextToken"))
        end = start + request.get("MaxResults", DEFAULT_PAGE)
        lines = [reading.trial_line(trial, plan, record.name) for trial in trials[start:end]]
        more = {"NextToken": encode_token(trials[end - 1].number)} if end < len(trials) else {}
        return {"TrainingJobSummaries": lines, **more}

    @operation("StopHyperParameterTuningJob", resource=_RESOURCE, lower=True)
    def stop(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Starts no more trials and stops those that run; their models are kept.

        Raises:
            ResourceNotFound: there is none of that name.
            ValidationException: it has ended already.
        """
        for _ in range(_TRIES):
            record = self._find(call, request)
            if record.status in reading.FINAL_STATUSES:
                raise ValidationException(
                    "The request was rejected because the hyperparameter tuning job is in status "
                    f"{record.status}. Only a hyperparameter tuning job in status InProgress can be stopped."
                )
            try:
                self._records.update(record, status="Stopping")
            except RecordChanged:
                continue  # the coordinator wrote meanwhile
            break
        self._coordinator.wake()
        return {}

    @operation("DeleteHyperParameterTuningJob", resource=_RESOURCE, lower=True)
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Forgets a tuning job that has ended; its training jobs and their models stay.

        Raises:
            ValidationException: there is none of that name, or it has not ended.
        """
        record = self._records.get(TUNING_JOB, call.account, call.region, request["HyperParameterTuningJobName"])
        if record is None:
            raise ValidationException("Requested resource not found.")
        if record.status not in reading.FINAL_STATUSES:
            raise ValidationException(
                f"The hyperparameter tuning job {record.arn} is in status {record.status} and cannot be deleted: it "
                "must be Completed, Failed or Stopped."
            )
        try:
            self._records.delete(record)
        except RecordChanged as error:
            raise ValidationException(f"The hyperparameter tuning job {record.arn} has just changed.") from error
        return {}

    def _find(self, call: Call, request: Mapping[str, Any]) -> Record:
        name = request["HyperParameterTuningJobName"]
        record = self._records.get(TUNING_JOB, call.account, call.region, name)
        if record is None:
            raise ResourceNotFound(f"Amazon SageMaker can't find a tuning job with the name [{name}].")
        return record


def _with_size_of_grid(request: dict[str, Any], plan: Plan) -> dict[str, Any]:
    """The request with the number of jobs that a grid has: Describe tells it, and the SDK's attach() reads it."""
    config = request["HyperParameterTuningJobConfig"]
    if config["Strategy"] != "Grid":
        return request
    limits = {**config["ResourceLimits"], "MaxNumberOfTrainingJobs": plan.most_jobs}
    return {**request, "HyperParameterTuningJobConfig": {**config, "ResourceLimits": limits}}


def reached(records: Records, record: Record, plan: Plan | None = None) -> Progress:
    """How far a tuning job has come: of a finished one what was written down at its end."""
    kept = record.body.get("course", {}).get("progress")
    if kept is not None:
        return Progress.from_json(kept)
    return progress(plan or plan_of(record.body["request"]), trial_jobs(records, record))


def described(records: Records, record: Record) -> dict[str, Any]:
    """The answer of Describe for a record."""
    request = record.body["request"]
    plan = plan_of(request)
    own = reached(records, record, plan)
    candidates = [(record.name, plan, own)]
    has_overall = request.get("WarmStartConfig", {}).get("WarmStartType") == "IdenticalDataAndAlgorithm"
    if has_overall:
        for parent in parents_of(records, record.account, record.region, request):
            of_parent = plan_of(parent.body["request"])
            candidates.append((parent.name, of_parent, reached(records, parent, of_parent)))
    bests = [(name, of, TrialJob(**course.best)) for name, of, course in candidates if course.best is not None]
    sign = -1.0 if plan.definitions[0].maximize else 1.0
    best = min(bests, key=lambda found: sign * (found[2].objective or 0.0), default=None)
    overall = reading.trial_line(best[2], best[1], best[0], best=True) if best and has_overall else None
    return reading.description(record, plan, own, overall)


def search_view(records: Records, record: Record, tags: dict[str, str]) -> dict[str, Any]:
    """The HyperParameterTuningJob of a search result."""
    return reading.search_record(described(records, record), tags)


def _sorted(trials: list[TrialJob], request: Mapping[str, Any]) -> list[TrialJob]:
    """In the order asked for; those without an objective come last, whichever way it goes."""
    descending = request.get("SortOrder", "Ascending") == "Descending"
    match request.get("SortBy", "Name"):
        case "FinalObjectiveMetricValue":
            known = [trial for trial in trials if trial.objective is not None]
            known.sort(key=lambda trial: (trial.objective or 0.0, trial.number), reverse=descending)
            return known + [trial for trial in trials if trial.objective is None]
        case "CreationTime":
            trials.sort(key=lambda trial: (trial.created, trial.number), reverse=descending)
        case "Status":
            trials.sort(key=lambda trial: (trial.status, trial.number), reverse=descending)
        case _:
            trials.sort(key=lambda trial: trial.name, reverse=descending)
    return trials


def _start_of(trials: list[TrialJob], token: str | None) -> int:
    """Behind the trial that the page before ended with."""
    if token is None:
        return 0
    try:
        (last,) = decode_token(token, 1)
        return next(place for place, trial in enumerate(trials) if trial.number == last) + 1
    except (InvalidToken, StopIteration) as error:
        raise ValidationException("Invalid NextToken: it was not returned by this operation.") from error
