"""What a user's own program needs to call this Clary as its role: the address, and session credentials of the role.

The credentials are made when a program starts and handed to it as variables; they are written nowhere but into the
identities' database, as every session of STS is. They are withdrawn when the program has ended.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from clary.compute.containers.access import ContainerAccess
from clary.compute.containers.engine import EngineError
from clary.compute.containers.running import address_of_machine
from clary.compute.contract import Program, ReplicaPlan
from clary.core.address import Address
from clary.storage.database import DatabaseClosed
from clary.storage.identities import Identities
from clary.storage.identity_store import NoSuchEntity

SESSION_NAME = "SageMaker"
"""The name of the sessions in which SageMaker's programs act."""
REPLICAS = "replicas of endpoints"
"""Who holds the credentials of the replicas that the server itself starts."""
UNLIMITED_SECONDS = 10 * 365 * 24 * 3600
"""For programs without a longest time: their credentials end when they do."""
_CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
# Whoever sets one of these brings an identity of his own: two halves of two identities would be none.
_OWN_IDENTITY = (
    *_CREDENTIALS,
    "AWS_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
)
_PROXIES = ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
_PAST_PROXIES = ("NO_PROXY", "no_proxy")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Admission:
    """A program as it is started, and what was made for it.

    Attributes:
        program: with the variables; never to be written down.
        access_key_id: of its credentials, "" where it got none.
        secrets: what must not be seen in its log.
    """

    program: Program = field(repr=False)
    access_key_id: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)


class RoleAccess:
    """Lets users' programs in as their roles.

    Promises:
        **Whose.** Only programs that users brought get anything, and only those that may reach the network.
        **The user's word.** What the user's own environment sets stays; own credentials are never mixed with these.
        **End.** Credentials are worthless when `withdraw` or `withdraw_all` has returned (for other processes, a tenth
            of a second later), unless the disk took nothing; those of jobs end with their time then, those of replicas
            with the next start of Clary.

    Args:
        identities: makes the sessions; its policies decide what they may do.
        address: where this Clary listens, None before its first start.
        holder: whose programs they are; `withdraw_all` is for all of one holder.
        containers: what runs images.
    """

    def __init__(
        self,
        identities: Identities,
        address: Callable[[], Address | None],
        holder: str,
        containers: ContainerAccess | None = None,
    ) -> None:
        self._identities = identities
        self._address = address
        self._holder = holder
        self._containers = containers or ContainerAccess()

    def admit(self, program: Program, role_arn: str, *, network: bool, seconds: int) -> Admission:
        """The program with the address of this Clary and with credentials of the role.

        Args:
            network: whether the program may reach the network.
            seconds: how long the credentials are valid unless they are withdrawn; more than the program may run.

        Raises:
            OSError: the credentials cannot be stored.
        """
        url = self._url(program) if network else ""
        if not url:
            return Admission(program)
        given = {"AWS_ENDPOINT_URL": url}
        own = program.environment
        key = ""
        secrets: tuple[str, ...] = ()
        if not any(name in own for name in _OWN_IDENTITY):
            try:
                principal = self._identities.role_principal(role_arn, SESSION_NAME)
            except NoSuchEntity:  # signatures are not checked here, or the role is gone: nobody can act as it
                return Admission(_with(program, given, url))
            try:
                session = self._identities.keys.issue_session(principal, seconds, holder=self._holder)
            except sqlite3.Error as error:
                raise OSError(f"no credentials can be made for it: {error}") from error
            key, secrets = session.access_key_id, (session.secret, session.token)
            given |= dict(zip(_CREDENTIALS, (key, *secrets), strict=True))
        return Admission(_with(program, given, url), key, secrets)

    def withdraw(self, admission: Admission) -> None:
        """Ends the credentials of one program; where the disk takes nothing, they end with the next start."""
        if not admission.access_key_id:
            return
        try:
            self._identities.keys.withdraw_session(admission.access_key_id)
        except (sqlite3.Error, DatabaseClosed):
            _log.exception("credentials of %s could not be withdrawn yet", self._holder)

    def withdraw_all(self) -> None:
        """Ends all credentials of the holder, also those that an earlier process made.

        Where the disk takes nothing, this is left for the next time: what was going on goes on.
        """
        try:
            self._identities.keys.withdraw_sessions(self._holder)
        except (sqlite3.Error, DatabaseClosed):
            _log.exception("credentials of %s could not be withdrawn yet", self._holder)

    def _url(self, program: Program) -> str:
        address = self._address() if program.argv or program.image else None
        if address is None:
            return ""
        if not program.image:
            return address.url
        try:
            return address.url_from_container(address_of_machine(self._containers.engine()))
        except EngineError:  # whoever starts the program will say so
            return ""


def admit_replica(access: RoleAccess, plan: ReplicaPlan) -> Admission:
    """A replica's program, admitted for as long as it runs."""
    return access.admit(plan.program, plan.role_arn, network=plan.limits.network, seconds=UNLIMITED_SECONDS)


def _with(program: Program, given: Mapping[str, str], url: str) -> Program:
    environment = {**given, **program.environment}
    variables = {**os.environ, **environment}  # a framework's programs get this machine's proxies
    if any(variables.get(name) for name in _PROXIES):
        host = url.removeprefix("http://").rpartition(":")[0]
        for name in _PAST_PROXIES:  # a proxy reaches its own machine, not this one
            before = variables.get(name, "")
            environment[name] = f"{before},{host}" if before else host
    return replace(program, environment=environment)
