"""SageMaker's instance types as what a job asks of the machine: CPUs and memory."""

from __future__ import annotations

import re
from dataclasses import dataclass

_GIB = 1 << 30

# GiB of memory per vCPU, where a size of the family is `large` = 2, `xlarge` = 4, `Nxlarge` = 4 N vCPUs.
_GIB_PER_CPU: dict[str, float] = {
    "m": 4,  # the letter of a general family (m5, m6gd, m7i-flex) unless the family is named below
    "c": 2,
    "r": 8,
    "c4": 1.875,
    "dl1": 8,
    "g4dn": 4,
    "g5": 4,
    "g6": 4,
    "g6e": 8,
    "g7": 4,
    "g7e": 16,
    "i3": 7.625,
    "i3en": 8,
    "inf1": 2,
    "inf2": 4,
    "p2": 15.25,
    "p3": 7.625,
    "p3dn": 8,
    "p4d": 12,
    "p4de": 12,
    "p5": 32 / 3,
    "p5e": 32 / 3,
    "p5en": 32 / 3,
    "p6-b200": 32 / 3,
    "p6-b300": 64 / 3,
    "p6e-gb200": 20 / 3,
    "trn1": 4,
    "trn1n": 4,
    "trn2": 32 / 3,
}
# (vCPUs, GiB) of the sizes that break the rule.
_EXCEPTIONS: dict[str, tuple[int, float]] = {
    "t2.medium": (2, 4),
    "t2.large": (2, 8),
    "t2.xlarge": (4, 16),
    "t2.2xlarge": (8, 32),
    "t3.medium": (2, 4),
    "t3.large": (2, 8),
    "t3.xlarge": (4, 16),
    "t3.2xlarge": (8, 32),
    "c4.8xlarge": (36, 60),
    "g4dn.metal": (96, 384),
    "p5.4xlarge": (16, 256),
}
_SIZE = re.compile(r"(?:(\d*)x)?large")


@dataclass(frozen=True, slots=True)
class Instance:
    """What an instance type has."""

    cpus: int
    memory_bytes: int


_DEFAULT = Instance(2, 8 * _GIB)


def instance(name: str) -> Instance:
    """What "ml.m5.large" has; a type that is not in the table counts as two CPUs and 8 GiB."""
    family, _, size = name.removeprefix("ml.").partition(".")
    exception = _EXCEPTIONS.get(f"{family}.{size}")
    if exception is not None:
        return Instance(exception[0], int(exception[1] * _GIB))
    per_cpu = _GIB_PER_CPU.get(family)
    if per_cpu is None and family[1:2].isdigit():
        per_cpu = _GIB_PER_CPU.get(family[:1])
    if per_cpu is None:
        return _DEFAULT
    if size == "medium":
        return Instance(1, int(per_cpu * _GIB))
    match = _SIZE.fullmatch(size)
    if match is None:
        return _DEFAULT
    cpus = 2 if size == "large" else 4 * int(match[1] or 1)
    return Instance(cpus, round(cpus * per_cpu * _GIB))
