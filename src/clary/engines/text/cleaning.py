"""What is taken out of a text before a model reads it as a whole: what tells nothing and never occurs twice."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_SOMEBODY = re.compile(r"(?<![\w@])@\w{2,}")
_ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'"}
_ENTITY = re.compile("|".join(_ENTITIES))


def whole(text: str) -> str:
    """Replaces halves of surrogate pairs, which no encoding can write, by question marks; offsets stay as they are."""
    return text.encode("utf-8", "replace").decode("utf-8")


def plain(text: str) -> str:
    """Replaces web addresses by "http", user names by "@user", and HTML entities by their characters."""
    text = _ENTITY.sub(lambda found: _ENTITIES[found[0]], whole(text))
    return _SOMEBODY.sub("@user", _ADDRESS.sub("http", text))
