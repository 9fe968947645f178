"""What classifiers and recognizers do alike: they are created, described, listed, stopped and deleted."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from clary.compute.contract import Channel, Output
from clary.compute.jobs.scheduler import Jobs
from clary.core.call import Call
from clary.core.clock import timestamp
from clary.services.comprehend import shelf
from clary.services.comprehend.errors import (
    ResourceInUseException,
    ResourceUnavailableException,
    UnsupportedLanguageException,
)
from clary.services.comprehend.flywheels.flywheel_state import active_model
from clary.services.comprehend.idempotency import asked, sent_before
from clary.services.comprehend.job_specs import job_spec, new_place
from clary.services.comprehend.models import model_policies
from clary.services.comprehend.models.model_shelf import ModelShelf, model_name, parts_of
from clary.services.comprehend.names import (
    CLASSIFIER_ENDPOINT,
    FLYWHEEL,
    IN_ERROR,
    RECOGNIZER_ENDPOINT,
    STOPPED,
    SUBMITTED,
    TRAINED,
    TRAINED_WITH_WARNING,
    TRAINING,
    resource_arn,
)
from clary.storage.data_access import DataAccess
from clary.storage.identities import Identities
from clary.storage.records import Filters, Record, RecordChanged, RecordExists, Records

_NOT_TOLD = frozenset({"Tags", "ModelPolicy", "DocumentClassifierName", "RecognizerName", "OutputDataConfig"})
_ENDED = (IN_ERROR, STOPPED, TRAINED)


@dataclass(frozen=True, slots=True)
class ModelKind:
    """How one kind of model is called.

    Attributes:
        kind: of its records.
        program: "module:function" below `programs` that trains it.
        arn_member: of requests and answers, with its ARN.
        name_member: of requests, with its name.
    """

    kind: str
    program: str
    arn_member: str
    name_member: str


class OwnModels:
    """The models of one kind.

    Args:
        records: where they are kept.
        identities: whom roles belong to.
        data: says which buckets there are.
        jobs: trains them.
        models: finds them.
        folder: Comprehend's.
    """

    api = "comprehend"
    made: ClassVar[ModelKind]

    def __init__(
        self,
        records: Records,
        identities: Identities,
        data: DataAccess,
        jobs: Jobs,
        models: ModelShelf,
        folder: Path,
    ) -> None:
        self._records = records
        self._identities = identities
        self._data = data
        self._jobs = jobs
        self._models = models
        self._folder = folder

    def _known(self, call: Call, request: Mapping[str, Any]) -> Record | None:
        """The model that the same request made before.

        Raises:
            ResourceInUseException: the name or the version is taken.
        """
        name = model_name(request[self.made.name_member], request.get("VersionName"))
        return sent_before(self._records, resource_arn(call, self.made.kind, name), request)

    def _train(
        self,
        call: Call,
        request: Mapping[str, Any],
        task: Mapping[str, Any],
        channels: tuple[Channel, ...],
        output: str = "",
        more: Mapping[str, Any] | None = None,
    ) -> Record:
        """Puts a training into the queue; it is on disk when this returns.

        Args:
            task: what the program is told.
            output: where in S3 the archive with the confusion matrix goes, "" for nowhere.
            more: members of the record's body.

        Raises:
            ResourceInUseException: the name or the version is taken.
            TooManyTagsException: there are more than 50 tags.
        """
        tags = shelf.tags_of(request)
        name = model_name(request[self.made.name_member], request.get("VersionName"))
        arn = resource_arn(call, self.made.kind, name)
        model = new_place("models", "model")
        body = {
            "request": asked(request),
            "token": request.get("ClientRequestToken"),
            "model": model,
            "output": output,
            **(more or {}),
        }
        if "ModelPolicy" in request:
            body["policy"] = model_policies.new_policy(request["ModelPolicy"], call.time.timestamp())
        record = Record(
            self.made.kind,
            call.account,
            call.region,
            name,
            arn,
            SUBMITTED,
            request[self.made.name_member],
            body=body,
        )
        spec = job_spec(
            call,
            record,
            self.made.program,
            {"name": name.replace("/", "-"), "model": model, **task},
            data=self._folder,
            makes=model,
            role_arn=request["DataAccessRoleArn"],
            channels=channels,
            outputs=(Output("output/result", output, "tar.gz", after_failure=False),) if output else (),
        )
        try:
            return self._jobs.submit(record, spec, tags=tags)
        except RecordExists as error:
            raise ResourceInUseException(f"{arn} exists already.") from error

    def _find(self, call: Call, request: Mapping[str, Any]) -> Record:
        return shelf.find(self._records, call, (self.made.kind,), request[self.made.arn_member])

    def _properties(self, record: Record) -> dict[str, Any]:
        """What descriptions of both kinds have."""
        told = {name: value for name, value in record.body["request"].items() if name not in _NOT_TOLD}
        return {**told, self.made.arn_member: record.arn, **self._models.state_members(record)}

    def _stop(self, call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
        """Stops a training that waits or runs; one that has ended stays as it is.

        Raises:
            ResourceNotFoundException: there is no such model.
        """
        record = self._find(call, request)
        if record.status in (SUBMITTED, TRAINING):
            self._jobs.stop(record.arn)
        return {}

    def _delete(self, call: Call, request: Mapping[str, Any]) -> dict[str, Any]:
        """Deletes a model.

        Raises:
            ResourceNotFoundException: there is no such model.
            ResourceUnavailableException: it is being trained.
            ResourceInUseException: an endpoint or a flywheel uses it.
        """
        record = self._find(call, request)
        if record.status not in _ENDED:
            raise ResourceUnavailableException(
                f"{record.arn} is in status {record.status}: only a model whose training has ended can be deleted."
            )
        user = self._user_of(record)
        if user is not None:
            raise ResourceInUseException(f"{record.arn} is in use by {user.arn}.")
        try:
            self._records.delete(record)
        except RecordChanged as error:
            raise ResourceInUseException(f"{record.arn} is being changed. Try again.") from error
        shutil.rmtree(self._models.place(record).parent, ignore_errors=True)
        return {}

    def _user_of(self, model: Record) -> Record | None:
        """An endpoint or flywheel that uses a model."""
        for kind in (CLASSIFIER_ENDPOINT, RECOGNIZER_ENDPOINT):
            found = self._records.children(kind, model)
            if found:
                return found[0]
        wheels = (one for one in self._records.of_kind(FLYWHEEL) if one.account == model.account)
        return next((one for one in wheels if active_model(self._records, one) == model.arn), None)

    def _listed(
        self, call: Call, request: Mapping[str, Any], member: str, described: Callable[[Record], dict[str, Any]]
    ) -> dict[str, Any]:
        """The answer of a List operation: all versions, the newest first.

        Raises:
            InvalidFilterException: several filters are set.
            InvalidRequestException: the token is not one of this listing.
        """
        name, value = shelf.one_filter(request)
        if name != "Status" or value not in (TRAINED, TRAINED_WITH_WARNING):
            filters, newest_first = shelf.chosen(name, value)
            return shelf.page(
                self._records, call, self.made.kind, request, member, described, filters, newest_first=newest_first
            )
        trained = self._records.every(self.made.kind, call.account, call.region, Filters(status=TRAINED))
        fit = [one for one in reversed(trained) if self._models.status(one) == value]
        start, size = shelf.place_in_list(request)
        answer: dict[str, Any] = {member: [described(one) for one in fit[start : start + size]]}
        return {**answer, "NextToken": shelf.list_token(start + size)} if start + size < len(fit) else answer

    def _summaries(self, call: Call, request: Mapping[str, Any], member: str) -> dict[str, Any]:
        """The answer of a List...Summaries operation: one entry for each name, with its newest version."""
        newest: dict[str, tuple[int, Record]] = {}
        for record in self._records.of_kind(self.made.kind):
            if (record.account, record.region) != (call.account, call.region):
                continue
            name, _ = parts_of(record)
            count, latest = newest.get(name, (0, record))
            newest[name] = (count + 1, record if record.created >= latest.created else latest)
        start, size = shelf.place_in_list(request)
        names = sorted(newest)
        answer: dict[str, Any] = {member: [self._summary(name, *newest[name]) for name in names[start : start + size]]}
        if start + size < len(names):
            answer["NextToken"] = shelf.list_token(start + size)
        return answer

    def _summary(self, name: str, count: int, latest: Record) -> dict[str, Any]:
        _, version = parts_of(latest)
        return {
            self.made.name_member: name,
            "NumberOfVersions": count,
            "LatestVersionCreatedAt": timestamp(latest.created),
            **({"LatestVersionName": version} if version else {}),
            "LatestVersionStatus": self._models.status(latest),
        }


def check_language(code: str, learned: Sequence[str], who: str) -> None:
    """Checks that models learn a language.

    Args:
        code: of the language.
        learned: the codes of those that they learn.
        who: the models, for the message.

    Raises:
        UnsupportedLanguageException: they do not.
    """
    if code not in learned:
        raise UnsupportedLanguageException(f"{who} learn the languages {', '.join(learned)}, not {code}.")
