"""AWS managed policies that Clary knows: names, paths and what they allow, in our own words.

`aws_managed_policies.json` holds them. The documents grant what the names promise for the services Clary has; they
are not AWS's texts. `arn:aws:iam::aws:policy/...` cannot be changed by anybody.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

CREATED = 1_423_180_800.0
"""When AWS made its first managed policies: 2015-02-06."""


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """One AWS managed policy; `document` is its JSON text."""

    name: str
    path: str
    description: str
    document: str

    @property
    def arn(self) -> str:
        """`arn:aws:iam::aws:policy/...`."""
        return f"arn:aws:iam::aws:policy{self.path}{self.name}"


@lru_cache(maxsize=1)
def managed_policies() -> Mapping[str, ManagedPolicy]:
    """AWS managed policies by ARN, sorted by name."""
    entries = json.loads(Path(__file__).with_name("aws_managed_policies.json").read_text("utf-8"))
    policies = [
        ManagedPolicy(
            entry["name"],
            entry["path"],
            entry["description"],
            json.dumps({"Version": "2012-10-17", "Statement": entry["statements"]}, indent=4),
        )
        for entry in sorted(entries, key=lambda entry: entry["name"])
    ]
    return {policy.arn: policy for policy in policies}
