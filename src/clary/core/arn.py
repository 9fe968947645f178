"""Amazon Resource Names."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Arn:
    """`arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`; `resource` is all of the rest ("training-job/name")."""

    service: str
    region: str
    account: str
    resource: str
    partition: str = "aws"

    def __str__(self) -> str:
        return f"arn:{self.partition}:{self.service}:{self.region}:{self.account}:{self.resource}"

    @property
    def name(self) -> str:
        """The last part of the resource: the name without its type and path."""
        return self.resource.rsplit("/", 1)[-1].rsplit(":", 1)[-1]

    @classmethod
    def parse(cls, text: str) -> Arn:
        """Reads an ARN.

        Raises:
            ValueError: `text` does not have six parts that begin with "arn".
        """
        parts = text.split(":", 5)
        if len(parts) != 6 or parts[0] != "arn":
            raise ValueError(f"{text!r} is not an ARN")
        return cls(parts[2], parts[3], parts[4], parts[5], parts[1])
