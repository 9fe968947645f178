"""Hides personal data in a text."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from clary.engines.text.contract import PersonalDatum


def mask(
    text: str, data: Sequence[PersonalDatum], *, types: Collection[str] | None = None, character: str | None = "*"
) -> str:
    """Returns the text with personal data hidden.

    Args:
        text: the text in which the data were found.
        data: what was found, in any order; where pieces overlap, the one that begins first is hidden first, and what
            it leaves of the other as well.
        types: those that are hidden; all when None.
        character: stands for each character of a hidden piece; None puts the type in brackets instead, "[NAME]".
    """
    parts: list[str] = []
    at = 0
    for datum in sorted(data, key=lambda one: (one["begin"], -one["end"])):
        if (types is not None and datum["type"] not in types) or datum["end"] <= at:
            continue
        begin = max(at, datum["begin"])
        parts.append(text[at:begin])
        parts.append(f"[{datum['type']}]" if character is None else character * (datum["end"] - begin))
        at = datum["end"]
    return "".join([*parts, text[at:]])
