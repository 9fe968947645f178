"""Augmented manifests, as Ground Truth writes them: which files they are and what of them counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.compute.contract import Channel


def manifest_channels(config: Mapping[str, Any]) -> list[Channel]:
    """The channels that the manifests of an InputDataConfig come through."""
    return [
        Channel(_name(number), manifest["S3Uri"])
        for number, manifest in enumerate(config.get("AugmentedManifests", []))
    ]


def manifest_tasks(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the program is told of each manifest: "channel", "attributes" and whether it is for the "test"."""
    return [
        {
            "channel": _name(number),
            "attributes": manifest["AttributeNames"],
            "test": manifest.get("Split", "TRAIN") == "TEST",
        }
        for number, manifest in enumerate(config.get("AugmentedManifests", []))
    ]


def _name(number: int) -> str:
    return f"manifest-{number}"
