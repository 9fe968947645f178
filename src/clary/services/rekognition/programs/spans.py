"""Stretches of a video in which something is seen again and again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_GAP_STEPS = 2  # one frame may miss it


def spans(entries: Iterable[dict[str, Any]], member: str, step_milliseconds: int) -> list[dict[str, Any]]:
    """Joins entries of one name that follow one another.

    Args:
        entries: by name, then by time: "Timestamp" and the member, which has "Name" and "Confidence".
        member: the name of the member that is joined.
        step_milliseconds: between two frames that were looked at.

    Returns:
        Entries with "StartTimestampMillis", "EndTimestampMillis" and "DurationMillis"; of each stretch the surest
        member, without its places, which change from frame to frame.
    """
    found: list[dict[str, Any]] = []
    for entry in entries:
        moment, seen = entry["Timestamp"], {**entry[member]}
        seen.pop("Instances", None)
        last = found[-1] if found else None
        follows = (
            last is not None
            and last[member]["Name"] == seen["Name"]
            and moment - last["EndTimestampMillis"] <= _GAP_STEPS * step_milliseconds
        )
        if last is not None and follows:
            last["EndTimestampMillis"] = moment
            last["DurationMillis"] = moment - last["StartTimestampMillis"]
            if seen["Confidence"] > last[member]["Confidence"]:
                last[member] = seen
        else:
            moments = {"StartTimestampMillis": moment, "EndTimestampMillis": moment, "DurationMillis": 0}
            found.append({"Timestamp": moment, member: seen, **moments})
    return found
