"""What an engine says about input that it cannot answer for."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """The input, not the engine, is at fault; whoever asked decides what its own caller is told.

    Args:
        reason: a word for programs, with hyphens: "encrypted-document".
        message: a sentence for people.
        details: further values the sentence speaks of, as plain values (text, numbers, lists).
    """

    def __init__(self, reason: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.details = details
