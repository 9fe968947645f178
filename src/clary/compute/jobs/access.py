"""A job's programs act as its role as long as they run."""

from __future__ import annotations

from dataclasses import replace

from clary.compute.contract import JobSpec, Program
from clary.compute.role_access import RoleAccess

_MORE_SECONDS = 3600  # than a program may run: clocks are put right, machines sleep


class JobAccess:
    """The credentials of one job's programs.

    Args:
        access: None where programs get none.
        stop_seconds: what a program that was told to end still has.

    Attributes:
        secrets: what the programs were given that must not be seen in their logs.
    """

    def __init__(self, access: RoleAccess | None, spec: JobSpec, stop_seconds: float) -> None:
        self._access = access if _is_for(spec.program) or spec.transform is not None else None
        self.secrets: tuple[str, ...] = ()
        self._seconds = spec.limits.runtime_seconds + int(stop_seconds) + _MORE_SECONDS

    def admit(self, spec: JobSpec) -> JobSpec:
        """The job with a program that may act as its role; to be started, never to be written down.

        The replicas of a batch transform are admitted where they are started.
        """
        if self._access is None or spec.transform is not None:
            return spec
        network = spec.limits.network
        admission = self._access.admit(spec.program, spec.role_arn, network=network, seconds=self._seconds)
        self.secrets = admission.secrets
        return replace(spec, program=admission.program)

    def withdraw(self) -> None:
        """Ends what all programs of the job were given, whoever started them."""
        if self._access is not None:
            self._access.withdraw_all()


def _is_for(program: Program) -> bool:
    return bool(program.argv or program.image)
