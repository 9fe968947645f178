"""DetectProtectiveEquipment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clary.core.call import Call
from clary.core.operations import operation
from clary.engines.vision.contract import EquippedPerson
from clary.services.rekognition.errors import InvalidParameterException
from clary.services.rekognition.face_views import box, flag, percent
from clary.services.rekognition.names import EQUIPMENT_MODEL_VERSION
from clary.services.rekognition.shelf import INVALID
from clary.services.rekognition.sight import Sight

_PARTS = {"FACE_COVER": ("FACE",), "HEAD_COVER": ("HEAD",), "HAND_COVER": ("LEFT_HAND", "RIGHT_HAND")}
_LEAST_SUMMARY_PERCENT = 50.0
_SHORTEST_SIDE = 64


class ProtectiveEquipment:
    """What covers people's faces, heads and hands.

    Args:
        sight: reads them and looks at them.
    """

    api = "rekognition"

    def __init__(self, sight: Sight) -> None:
        self._sight = sight

    @operation("DetectProtectiveEquipment")
    def detect(self, call: Call, request: dict[str, Any]) -> dict[str, Any]:
        """Persons, their visible body parts, and the equipment on them; a summary where it is asked for.

        Raises:
            InvalidParameterException, InvalidS3ObjectException, ImageTooLargeException, InvalidImageFormatException:
                the picture or a parameter cannot be used.
        """
        summary = request.get("SummarizationAttributes")
        if summary is not None and not summary["RequiredEquipmentTypes"]:
            raise InvalidParameterException(f"{INVALID}: RequiredEquipmentTypes names no equipment.")
        found = self._sight.look(call, request["Image"], "protective_equipment", _SHORTEST_SIDE)
        persons = [_person(person) for person in found["persons"]]
        answer: dict[str, Any] = {"ProtectiveEquipmentModelVersion": EQUIPMENT_MODEL_VERSION, "Persons": persons}
        if summary is not None:
            least = max(summary["MinConfidence"], _LEAST_SUMMARY_PERCENT)
            answer["Summary"] = summarized(persons, summary["RequiredEquipmentTypes"], least)
        return answer


def _person(person: EquippedPerson) -> dict[str, Any]:
    return {
        "Id": person["id"],
        "BoundingBox": box(person["box"]),
        "Confidence": percent(person["confidence"]),
        "BodyParts": [
            {
                "Name": _word(part["name"]),
                "Confidence": percent(part["confidence"]),
                "EquipmentDetections": [
                    {
                        "Type": _word(piece["kind"]),
                        "Confidence": percent(piece["confidence"]),
                        "BoundingBox": box(piece["box"]),
                        "CoversBodyPart": flag(piece["covers"]),
                    }
                    for piece in part["equipment"]
                ],
            }
            for part in person["parts"]
        ],
    }


def _word(name: str) -> str:
    return name.upper().replace("-", "_")


def summarized(persons: Sequence[Mapping[str, Any]], required: Sequence[str], least: float) -> dict[str, list[int]]:
    """Who wears all that is required, who does not, and of whom that cannot be said.

    Args:
        persons: as answers show them.
        required: types of equipment.
        least: the confidence, 0..100, that a person, a body part and a piece of equipment need to count.

    A person below it, or one of whom no part is seen on which a required type is worn, cannot be judged.
    """
    summary: dict[str, list[int]] = {
        "PersonsWithRequiredEquipment": [],
        "PersonsWithoutRequiredEquipment": [],
        "PersonsIndeterminate": [],
    }
    for person in persons:
        verdicts = [_wears(person, kind, least) for kind in required]
        if person["Confidence"] < least or None in verdicts:
            group = "PersonsIndeterminate"
        elif all(verdicts):
            group = "PersonsWithRequiredEquipment"
        else:
            group = "PersonsWithoutRequiredEquipment"
        summary[group].append(person["Id"])
    return summary


def _wears(person: Mapping[str, Any], kind: str, least: float) -> bool | None:
    """Whether equipment of a kind covers every seen part it belongs on; None where no such part is seen."""
    parts = [part for part in person["BodyParts"] if part["Name"] in _PARTS[kind] and part["Confidence"] >= least]
    if not parts:
        return None
    return all(
        any(
            piece["Type"] == kind and piece["Confidence"] >= least and piece["CoversBodyPart"]["Value"]
            for piece in part["EquipmentDetections"]
        )
        for part in parts
    )
