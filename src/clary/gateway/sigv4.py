"""Signature Version 4, the algorithm alone: canonical forms, keys, signatures, signed chunks.

Nothing here knows users or clocks; `identity.py` does. The rules are those AWS publishes
under "Create a signed AWS API request" and, for uploads in signed chunks, "Transferring Payload in Multiple Chunks".
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from urllib.parse import quote_from_bytes, unquote_to_bytes

from clary.core.errors import ServiceError

ALGORITHM = "AWS4-HMAC-SHA256"
ASYMMETRIC_ALGORITHM = "AWS4-ECDSA-P256-SHA256"
TERMINATOR = "aws4_request"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()

_CANONICAL_PATH = re.compile(r"(?:[A-Za-z0-9/._~-]|%[0-9A-F]{2})*\Z")
_PLAIN_QUERY = re.compile(r"[A-Za-z0-9._~=&-]*\Z")
_SPACES = re.compile(r"[ \t\r\n]{2,}|[\t\r\n]")


def wire_bytes(text: str) -> bytes:
    """The bytes a piece of the request had on the wire; HTTP servers hand them over decoded as Latin-1."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


@lru_cache(maxsize=1024)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key that signs one day's requests of one secret to one service in one region."""
    key = hmac.digest(b"AWS4" + secret.encode(), date.encode(), "sha256")
    for part in (region, service, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def canonical_path(path: str, *, is_s3: bool) -> str:
    """The path as it is signed.

    S3 signs the path in single encoding and never normalises it, because `//` and `..` are legal in keys. Every
    other service resolves `.`, `..` and `//` and encodes what was sent once more.

    Args:
        path: percent-encoded exactly as sent.
        is_s3: whether the signing name is that of S3.
    """
    if is_s3:
        if _CANONICAL_PATH.match(path):
            return path or "/"
        return quote_from_bytes(unquote_to_bytes(wire_bytes(path)), safe="/~")
    if path == "/" or not path:
        return "/"
    return quote_from_bytes(wire_bytes(_without_dots(path)), safe="/~")


def _without_dots(path: str) -> str:
    kept: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if kept:
                kept.pop()
        elif part and part != ".":
            kept.append(part)
    if not kept:
        return "/"
    return "/" + "/".join(kept) + ("/" if path.endswith("/") else "")


def canonical_query(query: str, *, without: str = "") -> str:
    """The query as it is signed: each name and value in canonical percent-encoding, sorted by name, then value.

    Args:
        query: percent-encoded exactly as sent.
        without: a parameter that is left out (the signature itself).
    """
    if not query:
        return ""
    plain = _PLAIN_QUERY.match(query) is not None
    pairs = []
    for piece in query.split("&"):
        name, _, value = piece.partition("=")
        if piece and name != without:
            pairs.append((name, value) if plain and "=" not in value else (_encoded(name), _encoded(value)))
    pairs.sort()
    return "&".join([f"{name}={value}" for name, value in pairs])


def sorted_query(query: str, *, without: str = "") -> str:
    """The query with its encoding left as sent: what clients sign that do not bring it into canonical form."""
    pieces = [piece.partition("=") for piece in query.split("&") if piece]
    pairs = sorted((name, value) for name, _, value in pieces if name != without)
    return "&".join([f"{name}={value}" for name, value in pairs])


@lru_cache(maxsize=4096)
def _encoded(text: str) -> str:
    return quote_from_bytes(unquote_to_bytes(wire_bytes(text.replace("+", " "))), safe="~")


def canonical_headers(headers: Mapping[str, str], signed: Sequence[str]) -> str:
    """The signed headers, one a line, values trimmed and their inner spaces collapsed.

    Args:
        headers: by lower-case name.
        signed: lower-case names in the order of the signature.
    """
    lines = []
    for name in signed:
        value = headers.get(name, "").strip()
        lines.append(f"{name}:{_SPACES.sub(' ', value) if _SPACES.search(value) else value}\n")
    return "".join(lines)


def canonical_request(method: str, path: str, query: str, headers: str, signed: str, payload: str) -> str:
    """The canonical request.

    Args:
        path, query, headers: in canonical form.
        signed: the names of the signed headers, joined by semicolons.
        payload: hexadecimal SHA-256 of the body, or the word that stands for it.
    """
    return f"{method}\n{path}\n{query}\n{headers}\n{signed}\n{payload}"


def string_to_sign(timestamp: str, scope: str, request: str) -> str:
    """What is signed: the time, the scope ("20150830/us-east-1/s3/aws4_request") and the canonical request's hash."""
    return f"{ALGORITHM}\n{timestamp}\n{scope}\n{hashlib.sha256(wire_bytes(request)).hexdigest()}"


def signature(key: bytes, text: str) -> str:
    """The signature of a string to sign, hexadecimal."""
    return hmac.digest(key, text.encode(), "sha256").hex()


class BadChunkSignature(ServiceError):
    """A chunk, or the trailers, do not carry the signature that their content and predecessors give."""

    code = "SignatureDoesNotMatch"
    status = 403
    fmt = (
        "The request signature we calculated does not match the signature you provided. "
        "Check your key and signing method."
    )


class SignedChunks:
    """Verifies the chunks of one upload in order; each signature covers the one before.

    Args:
        key: the signing key of the request.
        timestamp: the request's time ("20150830T123600Z").
        scope: its credential scope.
        seed: its signature.
        has_trailers: whether signed trailers must follow the last chunk.
    """

    def __init__(self, key: bytes, timestamp: str, scope: str, seed: str, *, has_trailers: bool) -> None:
        self._key = key
        self._stem = f"{timestamp}\n{scope}\n"
        self._previous = seed
        self.has_trailers = has_trailers

    def __repr__(self) -> str:
        return f"SignedChunks(has_trailers={self.has_trailers})"

    def chunk(self, signature: str, data: bytes) -> None:
        """Checks the next chunk; the last one is empty.

        Raises:
            BadChunkSignature: it was altered, left out or reordered.
        """
        content = f"{EMPTY_SHA256}\n{hashlib.sha256(data).hexdigest()}"
        self._check(f"{ALGORITHM}-PAYLOAD\n{self._stem}{self._previous}\n{content}", signature)

    def trailers(self, signature: str, data: bytes) -> None:
        """Checks the trailing headers.

        Args:
            data: the trailer lines as sent, without (or with) their signature's own line.

        Raises:
            BadChunkSignature: they were altered.
        """
        lines = []
        for line in data.replace(b"\r\n", b"\n").split(b"\n"):
            name, colon, value = line.partition(b":")
            if colon and name.strip().lower() != b"x-amz-trailer-signature":
                lines.append(name.strip().lower() + b":" + value.strip() + b"\n")
        content = hashlib.sha256(b"".join(lines)).hexdigest()
        self._check(f"{ALGORITHM}-TRAILER\n{self._stem}{self._previous}\n{content}", signature)

    def _check(self, text: str, given: str) -> None:
        expected = signature(self._key, text)
        if not hmac.compare_digest(expected.encode(), given.strip().encode("utf-8", "replace")):
            raise BadChunkSignature
        self._previous = expected
