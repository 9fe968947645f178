"""Entity recognizers: the users' own types of entities, learned from their examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clary.compute.contract import Channel
from clary.core.call import Call
from clary.core.operations import operation
from clary.services.comprehend import shelf
from clary.services.comprehend.errors import InvalidRequestException
from clary.services.comprehend.models.manifests import (
    MANIFEST,
    check_manifests,
    manifest_channels,
    manifest_tasks,
    require_training,
)
from clary.services.comprehend.models.own_models import ModelKind, OwnModels, check_language
from clary.services.comprehend.names import RECOGNIZER
from clary.services.comprehend.places import check_place
from clary.services.comprehend.roles import require_role
from clary.storage.records import Record

CSV = "COMPREHEND_CSV"
MOST_TYPES = 25
LANGUAGES = ("en", "es", "fr", "de", "it", "pt")
_METRICS = {"precision": "Precision", "recall": "Recall", "f1": "F1Score"}


class EntityRecognizers(OwnModels):
    """The entity recognizers of every account."""

    made = ModelKind(RECOGNIZER, "recognizer_training:main", "EntityRecognizerArn", "RecognizerName")

    @operation("CreateEntityRecognizer", resource="entity-recognizer/{RecognizerName}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Puts a training into the queue.

        Raises:
            InvalidRequestException: a place, the role or the configuration cannot be used.
            ResourceInUseException: the name or the version is taken.
            UnsupportedLanguageException: recognizers do not learn that language.
        """
        shelf.refuse_keys(request)
        config = request["InputDataConfig"]
        check_language(request["LanguageCode"], LANGUAGES, "Entity recognizers")
        types = self._check(config)
        require_role(self._identities, call, request["DataAccessRoleArn"])
        known = self._known(call, request)
        if known is not None:
            return {"EntityRecognizerArn": known.arn}
        task = {
            "types": types,
            "language": request["LanguageCode"],
            "manifests": manifest_tasks(config),
            "format": config.get("Documents", {}).get("InputFormat"),
        }
        return {"EntityRecognizerArn": self._train(call, request, task, self._channels(config)).arn}

    @operation("DescribeEntityRecognizer", resource="{EntityRecognizerArn}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A recognizer, with how good it is for each type once it is trained.

        Raises:
            ResourceNotFoundException: there is no such recognizer.
        """
        return {"EntityRecognizerProperties": self._described(self._find(call, request))}

    @operation("ListEntityRecognizers")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of recognizers, all versions; the newest come first.

        Raises:
            InvalidFilterException: several filters are set.
        """
        return self._listed(call, request, "EntityRecognizerPropertiesList", self._described)

    @operation("ListEntityRecognizerSummaries")
    def summaries(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of the names of recognizers, each with its newest version."""
        return self._summaries(call, request, "EntityRecognizerSummariesList")

    @operation("StopTrainingEntityRecognizer", resource="{EntityRecognizerArn}")
    def stop(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Stops a training; nothing is left of it.

        Raises:
            ResourceNotFoundException: there is no such recognizer.
        """
        return self._stop(call, request)

    @operation("DeleteEntityRecognizer", resource="{EntityRecognizerArn}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Deletes a recognizer.

        Raises:
            ResourceNotFoundException: there is no such recognizer.
            ResourceUnavailableException: it is being trained.
            ResourceInUseException: an endpoint or a flywheel uses it.
        """
        return self._delete(call, request)

    def _check(self, config: Mapping[str, Any]) -> Sequence[str]:
        """The types to learn, of a configuration that can be used."""
        types = [one["Type"] for one in config["EntityTypes"]]
        if not types or len(types) > MOST_TYPES:
            raise InvalidRequestException(f"InputDataConfig.EntityTypes must have 1 to {MOST_TYPES} types.")
        if len(set(types)) < len(types):
            raise InvalidRequestException("InputDataConfig.EntityTypes names a type twice.")
        if config.get("DataFormat", CSV) == MANIFEST:
            if not config.get("AugmentedManifests"):
                raise InvalidRequestException(
                    "InputDataConfig.AugmentedManifests is required when DataFormat is AUGMENTED_MANIFEST."
                )
            check_manifests(self._data, config, pages=True)
            require_training(config)
            return types
        check_manifests(self._data, config, pages=True)
        if "Documents" not in config or ("Annotations" in config) == ("EntityList" in config):
            raise InvalidRequestException("InputDataConfig must have Documents, and either Annotations or EntityList.")
        for member in ("Documents", "Annotations", "EntityList"):
            for place in ("S3Uri", "TestS3Uri"):
                if config.get(member, {}).get(place):
                    check_place(self._data, config[member][place], f"InputDataConfig.{member}.{place}")
        tests = [bool(config.get(member, {}).get("TestS3Uri")) for member in ("Documents", "Annotations")]
        if tests[0] != tests[1]:
            raise InvalidRequestException("TestS3Uri must be set for both Documents and Annotations, or for neither.")
        return types

    @staticmethod
    def _channels(config: Mapping[str, Any]) -> tuple[Channel, ...]:
        channels = manifest_channels(config)
        for member, place, name in (
            ("Documents", "S3Uri", "documents"),
            ("Documents", "TestS3Uri", "test-documents"),
            ("Annotations", "S3Uri", "annotations"),
            ("Annotations", "TestS3Uri", "test-annotations"),
            ("EntityList", "S3Uri", "list"),
        ):
            if config.get(member, {}).get(place):
                channels.append(Channel(name, config[member][place]))
        return tuple(channels)

    def _described(self, record: Record) -> dict[str, Any]:
        members = self._properties(record)
        members["InputDataConfig"] = {"DataFormat": CSV, **members["InputDataConfig"]}
        result = self._models.result(record)
        if result:
            members["RecognizerMetadata"] = {
                "NumberOfTrainedDocuments": result["trained"],
                "NumberOfTestDocuments": result["tested"],
                "EvaluationMetrics": _told(result["metrics"]),
                "EntityTypes": [
                    {
                        "Type": kind,
                        "EvaluationMetrics": _told(scores),
                        "NumberOfTrainMentions": result["mentions"].get(kind, 0),
                    }
                    for kind, scores in result["types"].items()
                ],
            }
        return members


def _told(scores: Mapping[str, float]) -> dict[str, float]:
    return {_METRICS[name]: value for name, value in scores.items()}
