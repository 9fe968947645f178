"""What a program needs on this machine before it can start, and that may take minutes the first time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from clary.compute.contract import Program
from clary.core.errors import ClaryError


class PreparationFailed(ClaryError):
    """A program's environment cannot be made; the message says why and what to do."""


class PreparationCancelled(Exception):
    """It was given up, as it was asked to."""


class Preparation(Protocol):
    """Makes programs ready to start; called in whatever process starts them."""

    def is_ready(self, program: Program) -> bool:
        """Whether `prepare` would return at once."""
        ...

    def prepare(
        self, program: Program, root: Path, tell: Callable[[str], None], cancelled: Callable[[], bool]
    ) -> Program:
        """The program as it can be started.

        Args:
            root: its `/opt/ml`; what belongs to this one program is put there.
            tell: called with lines of progress while something is downloaded or built.
            cancelled: looked at several times a second; True gives up.

        Raises:
            PreparationFailed: it cannot be made ready.
            PreparationCancelled: `cancelled` said so.
        """
        ...


class NothingToPrepare:
    """For programs that are ready as they are."""

    def is_ready(self, program: Program) -> bool:
        """Always."""
        return True

    def prepare(
        self, program: Program, root: Path, tell: Callable[[str], None], cancelled: Callable[[], bool]
    ) -> Program:
        """The program itself."""
        return program
