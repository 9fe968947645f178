"""Augmented manifests, as Ground Truth writes them: which files they are and what of them counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.compute.contract import Channel
from clary.services.comprehend.errors import InvalidRequestException
from clary.services.comprehend.places import check_place
from clary.storage.data_access import DataAccess

MANIFEST = "AUGMENTED_MANIFEST"

MOST_MANIFESTS = MOST_ATTRIBUTES = 5


def manifest_channels(config: Mapping[str, Any]) -> list[Channel]:
    """The channels that the manifests of an InputDataConfig come through."""
    channels = []
    for number, manifest in enumerate(config.get("AugmentedManifests", [])):
        channels.append(Channel(_name(number), manifest["S3Uri"]))
        if _is_of_pages(manifest):
            channels.append(Channel(_annotations(number), manifest["AnnotationDataS3Uri"]))
    return channels


def manifest_tasks(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the program is told of each manifest.

    That is "channel", "attributes", whether it is for the "test", and of one of pages the channel of its "annotations".
    """
    return [
        {
            "channel": _name(number),
            "attributes": manifest["AttributeNames"],
            "test": manifest.get("Split", "TRAIN") == "TEST",
            "annotations": _annotations(number) if _is_of_pages(manifest) else None,
        }
        for number, manifest in enumerate(config.get("AugmentedManifests", []))
    ]


def check_manifests(data: DataAccess, config: Mapping[str, Any], *, pages: bool) -> None:
    """Checks the manifests of an InputDataConfig.

    Args:
        pages: whether they may be of annotated pages of PDFs.

    Raises:
        InvalidRequestException: there are too many or none to learn from, a bucket does not exist, or a manifest names
            no attribute, or, of pages, not where their annotations are, or is not possible.
    """
    manifests = config.get("AugmentedManifests", [])
    if manifests and config.get("DataFormat") != MANIFEST:
        raise InvalidRequestException(
            f"InputDataConfig.AugmentedManifests can be set only when DataFormat is {MANIFEST}."
        )
    if len(manifests) > MOST_MANIFESTS:
        raise InvalidRequestException(
            f"InputDataConfig.AugmentedManifests must have at most {MOST_MANIFESTS} manifests, not {len(manifests)}."
        )
    for manifest in manifests:
        if not 1 <= len(manifest["AttributeNames"]) <= MOST_ATTRIBUTES:
            raise InvalidRequestException(
                f"InputDataConfig.AugmentedManifests.AttributeNames must have 1 to {MOST_ATTRIBUTES} names, not "
                f"{len(manifest['AttributeNames'])}."
            )
        if _is_of_pages(manifest) and not pages:
            raise InvalidRequestException(
                "InputDataConfig.AugmentedManifests.DocumentType: classifiers learn from manifests of plain text only."
            )
        if _is_of_pages(manifest) and not manifest.get("AnnotationDataS3Uri"):
            raise InvalidRequestException(
                "InputDataConfig.AugmentedManifests.AnnotationDataS3Uri is required when DocumentType is "
                "SEMI_STRUCTURED_DOCUMENT."
            )
        for member in ("S3Uri", "AnnotationDataS3Uri", "SourceDocumentsS3Uri"):
            if manifest.get(member):
                check_place(data, manifest[member], f"InputDataConfig.AugmentedManifests.{member}")


def require_training(config: Mapping[str, Any]) -> None:
    """Checks that a training has something to learn from.

    Raises:
        InvalidRequestException: all manifests are there to measure on.
    """
    manifests = config.get("AugmentedManifests", [])
    if manifests and all(manifest.get("Split", "TRAIN") == "TEST" for manifest in manifests):
        raise InvalidRequestException(
            "InputDataConfig.AugmentedManifests.Split is TEST in every manifest: one at least must be TRAIN."
        )


def _is_of_pages(manifest: Mapping[str, Any]) -> bool:
    return manifest.get("DocumentType") == "SEMI_STRUCTURED_DOCUMENT"


def _annotations(number: int) -> str:
    return f"{_name(number)}-annotations"


def _name(number: int) -> str:
    return f"manifest-{number}"
