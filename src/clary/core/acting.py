"""For which account a thread works: told to what all accounts share, so that no single one uses it up."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

_ACCOUNT: ContextVar[str] = ContextVar("account", default="")


@contextlib.contextmanager
def acting_for(account: str) -> Iterator[None]:
    """What is done within is done for an account.

    Args:
        account: twelve digits.
    """
    token = _ACCOUNT.set(account)
    try:
        yield
    finally:
        _ACCOUNT.reset(token)


def acting_account() -> str:
    """The account that the current thread works for; "" where it is Clary's own work."""
    return _ACCOUNT.get()
