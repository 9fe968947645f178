"""What Clary wrote down and answered, searched for what nobody may read there."""

from __future__ import annotations

import re
from pathlib import Path

from .kit import Attacker

_SIGNATURE = re.compile(r"(?i)(?:signature=|x-amz-signature[=:]|AWS4-HMAC-SHA256 Credential)")


def logs_of(data: Path) -> dict[str, str]:
    """The text of every log file of a data folder, by name."""
    names = ("clary.log", "requests.log")
    return {name: (data / name).read_text(errors="replace") for name in names if (data / name).exists()}


def check_no_secret_was_told(attacker: Attacker) -> None:
    """No secret key, session token or signature in a log; no secret key and no token in an answer."""
    for name, text in logs_of(attacker.clary.data).items():
        assert not any(secret in text for secret in attacker.secrets), f"{name} holds a secret"
        assert _SIGNATURE.search(text) is None, f"{name} holds a signature"
    for answer in attacker.answers:
        assert not any(secret in answer.text for secret in attacker.secrets), f"an answer holds a secret: {answer.code}"


def check_server_errors_are_logged(attacker: Attacker) -> None:
    """Each answer of 500 and more had a request id, and the request log has a line with it."""
    known = {line["request_id"] for line in attacker.request_log()}
    for answer in attacker.answers:
        if answer.status >= 500:
            assert answer.request_id, f"a bare {answer.status}: {answer.text[:200]}"
            assert answer.request_id in known, f"{answer.request_id} is not in the request log"
