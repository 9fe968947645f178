"""Timestamps in the three forms that AWS writes them."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)(?:[Tt ](\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?)?\s*([Zz]|[+-]\d\d:?\d\d)?",
    re.ASCII,
)
_NUMBER = re.compile(r"[+-]?\d{1,20}(?:\.\d*)?(?:[eE][+-]?\d{1,3})?", re.ASCII)

Moment = datetime | float | int


def from_epoch(seconds: float) -> datetime:
    """The moment `seconds` after 1970, in UTC.

    Raises:
        ValueError: not a number, or outside the years 1 to 9999.
    """
    if not math.isfinite(seconds):
        raise ValueError("not a moment in time")
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        raise ValueError("outside the years 1 to 9999") from None


def parse(text: str) -> datetime:
    """Reads ISO 8601, RFC 822 or epoch seconds; the result is in UTC.

    Raises:
        ValueError: none of the three.
    """
    text = text.strip()
    matched = _ISO.fullmatch(text)
    if matched is not None and not (text.isdigit() and len(text) != 8):
        return _from_iso(matched)
    if _NUMBER.fullmatch(text):
        return from_epoch(float(text))
    try:
        parsed = parsedate_to_datetime(text)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (TypeError, ValueError, OverflowError, IndexError):
        raise ValueError("neither ISO 8601 nor RFC 822 nor epoch seconds") from None


def _from_iso(matched: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second, fraction, zone = matched.groups()
    microsecond = int((fraction or "0").ljust(6, "0")[:6])
    offset = UTC if zone is None or zone in "Zz" else _zone(zone)
    try:
        moment = datetime(
            int(year), int(month), int(day), int(hour or 0), int(minute or 0), int(second or 0), microsecond, offset
        )
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("outside the years 1 to 9999") from None


def _zone(text: str) -> timezone:
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


def aware(moment: Moment) -> datetime:
    """A datetime in UTC from what a handler may return: a datetime (naive ones are UTC) or epoch seconds."""
    if not isinstance(moment, datetime):
        return from_epoch(moment)
    if moment.tzinfo is UTC:
        return moment
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def epoch(moment: Moment) -> float | int:
    """Epoch seconds with milliseconds, as AWS sends them; whole seconds are whole numbers."""
    seconds = (aware(moment) - _EPOCH) / timedelta(seconds=1) if isinstance(moment, datetime) else moment
    rounded = round(seconds, 3)
    return int(rounded) if rounded == int(rounded) else rounded


def iso8601(moment: Moment, *, always_milliseconds: bool = False) -> str:
    """`2026-11-22T17:34:05Z`, with milliseconds where there are any or where asked for."""
    if type(moment) is int:
        return _whole_second(moment, always_milliseconds)
    return _iso8601(aware(moment), always_milliseconds)


@lru_cache(maxsize=4096)
def _whole_second(seconds: int, always_milliseconds: bool) -> str:
    # Listings hold thousands of times, and things that were stored together share their second.
    return _iso8601(from_epoch(seconds), always_milliseconds)


def _iso8601(utc: datetime, always_milliseconds: bool) -> str:
    precision = "milliseconds" if always_milliseconds or utc.microsecond >= 1000 else "seconds"
    return utc.isoformat(timespec=precision).removesuffix("+00:00") + "Z"


def rfc822(moment: Moment) -> str:
    """`Sun, 22 Nov 2026 17:34:05 GMT`."""
    return format_datetime(aware(moment), usegmt=True)


def write(moment: Moment, form: str) -> str:
    """The moment as text in one of the model's forms: "iso8601", "rfc822" or "unixTimestamp"."""
    if form == "rfc822":
        return rfc822(moment)
    if form == "iso8601":
        return iso8601(moment)
    return str(epoch(moment))
