"""Document classifiers: the users' own classes, learned from their examples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.compute.contract import Channel
from clary.core.call import Call
from clary.core.operations import operation
from clary.services.comprehend import shelf
from clary.services.comprehend.document_pages import check_reader
from clary.services.comprehend.errors import InvalidRequestException
from clary.services.comprehend.models.manifests import (
    MANIFEST,
    check_manifests,
    manifest_channels,
    manifest_tasks,
    require_training,
)
from clary.services.comprehend.models.own_models import ModelKind, OwnModels, check_language
from clary.services.comprehend.names import CLASSIFIER
from clary.services.comprehend.places import check_place, output_folder
from clary.services.comprehend.roles import require_role
from clary.storage.records import Record

MULTI_CLASS, MULTI_LABEL = "MULTI_CLASS", "MULTI_LABEL"
DEFAULT_DELIMITER = "|"
CSV = "COMPREHEND_CSV"
NATIVE = "SEMI_STRUCTURED_DOCUMENT"
LANGUAGES = ("en", "es", "fr", "de", "it", "pt", "ar", "ko", "zh")
"""Those in which what classifiers learn was measured to beat the most frequent class."""
_METRICS = {
    "accuracy": "Accuracy",
    "precision": "Precision",
    "recall": "Recall",
    "f1": "F1Score",
    "micro_precision": "MicroPrecision",
    "micro_recall": "MicroRecall",
    "micro_f1": "MicroF1Score",
    "hamming_loss": "HammingLoss",
}


class DocumentClassifiers(OwnModels):
    """The document classifiers of every account."""

    made = ModelKind(CLASSIFIER, "classifier_training:main", "DocumentClassifierArn", "DocumentClassifierName")

    @operation("CreateDocumentClassifier", resource="document-classifier/{DocumentClassifierName}")
    def create(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Puts a training into the queue.

        Raises:
            InvalidRequestException: a place, the role or the configuration cannot be used.
            ResourceInUseException: the name or the version is taken.
            UnsupportedLanguageException: classifiers do not learn that language.
        """
        shelf.refuse_keys(request)
        check_language(request["LanguageCode"], LANGUAGES, "Document classifiers")
        config = request["InputDataConfig"]
        self._check(config, request.get("Mode", MULTI_CLASS))
        place = request.get("OutputDataConfig", {}).get("S3Uri", "")
        if place:
            check_place(self._data, place, "OutputDataConfig.S3Uri")
        require_role(self._identities, call, request["DataAccessRoleArn"])
        known = self._known(call, request)
        if known is not None:
            return {"DocumentClassifierArn": known.arn}
        output = ""
        if place:
            output = output_folder(call, place, "CLR", call.request_id.replace("-", "")) + "/output.tar.gz"
        task = {
            "several": request.get("Mode", MULTI_CLASS) == MULTI_LABEL,
            "delimiter": config.get("LabelDelimiter", DEFAULT_DELIMITER),
            "manifests": manifest_tasks(config),
            "native": config.get("DocumentType") == NATIVE,
            "reader": config.get("DocumentReaderConfig"),
        }
        record = self._train(call, request, task, self._channels(config), output)
        return {"DocumentClassifierArn": record.arn}

    @operation("DescribeDocumentClassifier", resource="{DocumentClassifierArn}")
    def describe(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A classifier, with how good it is once it is trained.

        Raises:
            ResourceNotFoundException: there is no such classifier.
        """
        return {"DocumentClassifierProperties": self._described(self._find(call, request))}

    @operation("ListDocumentClassifiers")
    def list(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of classifiers, all versions; the newest come first.

        Raises:
            InvalidFilterException: several filters are set.
        """
        return self._listed(call, request, "DocumentClassifierPropertiesList", self._described)

    @operation("ListDocumentClassifierSummaries")
    def summaries(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """A page of the names of classifiers, each with its newest version."""
        return self._summaries(call, request, "DocumentClassifierSummariesList")

    @operation("StopTrainingDocumentClassifier", resource="{DocumentClassifierArn}")
    def stop(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Stops a training; nothing is left of it.

        Raises:
            ResourceNotFoundException: there is no such classifier.
        """
        return self._stop(call, request)

    @operation("DeleteDocumentClassifier", resource="{DocumentClassifierArn}")
    def delete(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Deletes a classifier.

        Raises:
            ResourceNotFoundException: there is no such classifier.
            ResourceUnavailableException: it is being trained.
            ResourceInUseException: an endpoint or a flywheel uses it.
        """
        return self._delete(call, request)

    def _check(self, config: Mapping[str, Any], mode: str) -> None:
        if config.get("DataFormat", CSV) == MANIFEST:
            if not config.get("AugmentedManifests"):
                raise InvalidRequestException(
                    "InputDataConfig.AugmentedManifests is required when DataFormat is AUGMENTED_MANIFEST."
                )
            require_training(config)
        elif not config.get("S3Uri"):
            raise InvalidRequestException("InputDataConfig.S3Uri is required when DataFormat is COMPREHEND_CSV.")
        check_manifests(self._data, config, pages=False)
        if "LabelDelimiter" in config and mode != MULTI_LABEL:
            raise InvalidRequestException("InputDataConfig.LabelDelimiter can be set only when Mode is MULTI_LABEL.")
        for member in ("S3Uri", "TestS3Uri"):
            if config.get(member):
                check_place(self._data, config[member], f"InputDataConfig.{member}")
        check_reader(config.get("DocumentReaderConfig"), "InputDataConfig.DocumentReaderConfig")
        if config.get("DocumentType") == NATIVE:
            if config.get("DataFormat", CSV) == MANIFEST:
                raise InvalidRequestException("SEMI_STRUCTURED_DOCUMENT is possible with COMPREHEND_CSV only.")
            if "Documents" not in config:
                raise InvalidRequestException(
                    "InputDataConfig.Documents is required when DocumentType is SEMI_STRUCTURED_DOCUMENT."
                )
        for member in ("S3Uri", "TestS3Uri"):
            if config.get("Documents", {}).get(member):
                check_place(self._data, config["Documents"][member], f"InputDataConfig.Documents.{member}")

    @staticmethod
    def _channels(config: Mapping[str, Any]) -> tuple[Channel, ...]:
        channels = [*manifest_channels(config)]
        if config.get("DataFormat", CSV) == CSV:
            channels.append(Channel("training", config["S3Uri"]))
            if config.get("TestS3Uri"):
                channels.append(Channel("test", config["TestS3Uri"]))
        for member, name in (("S3Uri", "documents"), ("TestS3Uri", "test-documents")):
            if config.get("Documents", {}).get(member):
                channels.append(Channel(name, config["Documents"][member]))
        return tuple(channels)

    def _described(self, record: Record) -> dict[str, Any]:
        members = self._properties(record)
        output = record.body["request"].get("OutputDataConfig")
        if output is not None:
            members["OutputDataConfig"] = {
                **output,
                **({"S3Uri": record.body["output"]} if record.body["output"] else {}),
            }
        members["InputDataConfig"] = {"DataFormat": CSV, **members["InputDataConfig"]}
        members.setdefault("Mode", MULTI_CLASS)
        result = self._models.result(record)
        if result:
            members["ClassifierMetadata"] = {
                "NumberOfLabels": result["labels"],
                "NumberOfTrainedDocuments": result["trained"],
                "NumberOfTestDocuments": result["tested"],
                "EvaluationMetrics": {_METRICS[name]: value for name, value in result["metrics"].items()},
            }
        return members
