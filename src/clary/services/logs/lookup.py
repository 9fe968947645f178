"""Finds the group and the stream that a request names, and writes their ARNs."""

from __future__ import annotations

import re
from typing import Any

from clary.core.arn import Arn
from clary.core.call import Call
from clary.core.pages import InvalidToken, decode_token
from clary.services.logs.errors import InvalidParameterException, ResourceNotFoundException
from clary.storage.logs import LARGEST_INTEGER, LogGroup, Logs, LogStream, NoSuchGroup, NoSuchStream

_GROUP_NAME = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}")


def find_group(logs: Logs, call: Call, name: str) -> LogGroup:
    """The caller's group of that name.

    Raises:
        ResourceNotFoundException: there is none.
    """
    try:
        return logs.group(call.account, call.region, name)
    except NoSuchGroup as error:
        raise ResourceNotFoundException(kind="group") from error


def named_group(logs: Logs, call: Call, request: dict[str, Any]) -> LogGroup:
    """The group named by `logGroupName` or by `logGroupIdentifier` (a name or an ARN).

    Raises:
        InvalidParameterException: both are there, or none, or the ARN names no group.
        ResourceNotFoundException: there is no such group.
    """
    name, identifier = request.get("logGroupName"), request.get("logGroupIdentifier")
    if (name is None) == (identifier is None):
        raise InvalidParameterException("You must specify either logGroupName or logGroupIdentifier, but not both.")
    return find_group(logs, call, name if name is not None else name_of(str(identifier), call))


def name_of(identifier: str, call: Call) -> str:
    """The name of the group that a name or an ARN (with or without `:*`) stands for.

    Raises:
        InvalidParameterException: it is neither.
        ResourceNotFoundException: the ARN is that of another account or region.
    """
    if not identifier.startswith("arn:"):
        name = identifier
    else:
        try:
            arn = Arn.parse(identifier.removesuffix(":*"))
        except ValueError as error:
            raise InvalidParameterException(f"{identifier} is not a valid ARN") from error
        if arn.service != "logs" or not arn.resource.startswith("log-group:"):
            raise InvalidParameterException(f"{identifier} is not the ARN of a log group")
        if (arn.account, arn.region) != (call.account, call.region):
            raise ResourceNotFoundException(kind="group")
        name = arn.resource.removeprefix("log-group:")
    if not _GROUP_NAME.fullmatch(name):
        raise InvalidParameterException(f"{identifier} does not name a log group")
    return name


def find_stream(logs: Logs, group: LogGroup, name: str) -> LogStream:
    """The group's stream of that name.

    Raises:
        ResourceNotFoundException: there is none.
    """
    try:
        return logs.stream(group, name)
    except NoSuchStream as error:
        raise ResourceNotFoundException(kind="stream") from error


def group_arn(group: LogGroup) -> str:
    """The ARN of a group, without the `:*` that stands for its streams."""
    return f"arn:aws:logs:{group.region}:{group.account}:log-group:{group.name}"


def read_token(token: str | None, *kinds: type) -> list[Any] | None:
    """The position in a token, None without one.

    Args:
        kinds: the type of each of its values.

    Raises:
        InvalidParameterException: the token was not made for this listing.
    """
    if token is None:
        return None
    try:
        position = decode_token(token, len(kinds))
    except InvalidToken as error:
        raise invalid_token() from error
    if any(type(value) is not kind for value, kind in zip(position, kinds, strict=True)):
        raise invalid_token()
    if any(isinstance(value, int) and not 0 <= value <= LARGEST_INTEGER for value in position):
        raise invalid_token()
    return position


def invalid_token() -> InvalidParameterException:
    """The refusal of a token that Clary did not make."""
    return InvalidParameterException("The specified nextToken is invalid.")
