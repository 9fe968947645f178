"""Which operations of the AWS models Clary answers: the table behind `docs/coverage.md` and the README."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import botocore.session

from clary.app.platform import operations_of
from clary.core.operations import BoundOperation


class _Nothing:
    """Stands for a collaborator: resources are put together here, but nothing is asked of them."""

    def __getattr__(self, name: str) -> _Nothing:
        return _Nothing()

    def __call__(self, *args: Any, **kwargs: Any) -> _Nothing:
        return _Nothing()

    def __truediv__(self, name: str) -> _Nothing:
        return _Nothing()


class _Collaborators(dict[str, Any]):
    """Has a collaborator for every name."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> _Nothing:
        return _Nothing()


def answered() -> Mapping[tuple[str, str], BoundOperation]:
    """The dispatch table of every family, put together without a platform: for reading marks, not for calling."""
    return operations_of(_Collaborators())


def modelled(api: str) -> list[str]:
    """The names of all operations in the AWS model of an API."""
    return sorted(botocore.session.get_session().get_service_model(api).operation_names)


def resource_name(bound: BoundOperation) -> str:
    """The AWS resource that an operation's class stands for, in words: "TrainingJobs" reads "training jobs"."""
    name = type(bound.handler.__self__).__name__  # type: ignore[attr-defined]
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
    return words.strip()
