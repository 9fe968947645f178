"""Marks methods as AWS operations and collects them into the dispatch table.

A resource is one class; each of its operations is one marked method:

    class TrainingJobs:
        api = "sagemaker"

        @operation("StopTrainingJob", resource="training-job/{TrainingJobName}")
        def stop(self, call: Call, request: dict[str, Any]) -> dict[str, Any]: ...

A handler may be a plain function (it runs in a worker thread and may block) or `async def` (it runs on the event
loop and must not block).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

Handler = Callable[..., Any]
F = TypeVar("F", bound=Handler)
_MARK = "__clary_operation__"


@dataclass(frozen=True, slots=True)
class OperationMark:
    """What `@operation` says of a method.

    Attributes:
        name: the operation's name in the AWS model.
        api: the API, where it differs from the class's `api`.
        action: the IAM action without its prefix; the operation's name by default (HeadObject is "GetObject").
        resource: the resource part of the ARN that policies are checked against, filled from the request:
            "training-job/{TrainingJobName}"; "A or B" where either may be named. Lower-casing is the resource's own
            rule, see `lower`. "*" is any resource.
        lower: whether the resource's name is lower-cased in its ARN, as SageMaker does.
        public: whether no policy is checked (sts:GetCallerIdentity).
        refuses: what of the operation's input is refused, each in a sentence with the reason.
    """

    name: str
    api: str | None = None
    action: str | None = None
    resource: str = "*"
    lower: bool = False
    public: bool = False
    refuses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BoundOperation:
    """One entry of the dispatch table."""

    api: str
    mark: OperationMark
    handler: Handler


def operation(
    name: str,
    *,
    api: str | None = None,
    action: str | None = None,
    resource: str = "*",
    lower: bool = False,
    public: bool = False,
    refuses: tuple[str, ...] = (),
) -> Callable[[F], F]:
    """Marks a method as the handler of the AWS operation `name`."""

    def mark(function: F) -> F:
        marks = getattr(function, _MARK, ())
        setattr(function, _MARK, (*marks, OperationMark(name, api, action, resource, lower, public, refuses)))
        return function

    return mark


def collect(resources: Iterable[object]) -> Mapping[tuple[str, str], BoundOperation]:
    """Builds the table `(api, operation) -> bound method` from the marked methods of `resources`.

    Raises:
        ValueError: two methods claim the same operation, or a class names no API.
    """
    table: dict[tuple[str, str], BoundOperation] = {}
    for resource in resources:
        for attribute in dir(type(resource)):
            for mark in getattr(getattr(type(resource), attribute), _MARK, ()):
                api = mark.api or getattr(resource, "api", None)
                if api is None:
                    raise ValueError(
                        f"{type(resource).__name__}.{attribute}: neither the class nor the mark names an API"
                    )
                key = (api, mark.name)
                if key in table:
                    raise ValueError(f"two handlers for {api}:{mark.name}")
                table[key] = BoundOperation(api, mark, getattr(resource, attribute))
    return table
