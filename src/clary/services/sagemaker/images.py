"""Image URIs: which program stands behind one.

An AWS-owned image's account differs from region to region, so that repository and tag alone decide. The images of the
built-in algorithms run Clary's own implementation of the algorithm; nothing is pulled.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from clary.algorithms import ALGORITHMS
from clary.algorithms.catalog import algorithm as algorithm_of_repository
from clary.algorithms.contract import Algorithm
from clary.core.errors import ValidationException

_URI = re.compile(
    r"(?:(?P<registry>localhost|[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)+(?::[0-9]+)?|[a-zA-Z0-9-]+:[0-9]+)/)?"
    r"(?P<repository>[a-z0-9]+(?:[._/-][a-z0-9]+)*)"
    r"(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_TAGS = re.compile(r"latest|\d[\w.-]*")


@dataclass(frozen=True, slots=True)
class Image:
    """A parsed image URI; what it does not say is "" (the tag then is "latest")."""

    registry: str
    repository: str
    tag: str = "latest"
    digest: str = ""


def parse_image(uri: str) -> Image | None:
    """The parts of an image URI ("ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG"), None when it is not one."""
    match = _URI.fullmatch(uri)
    if match is None:
        return None
    parts = match.groupdict()
    return Image(parts["registry"] or "", parts["repository"], parts["tag"] or "latest", parts["digest"] or "")


def built_in(uri: str) -> Algorithm | None:
    """The built-in algorithm behind an image, whatever its account and region; None when it is another image."""
    image = parse_image(uri)
    if image is None or not _TAGS.fullmatch(image.tag):
        return None
    return algorithm_of_repository(image.repository)


def require_built_in(uri: str, purpose: str) -> Algorithm:
    """The built-in algorithm behind an image.

    Args:
        purpose: what the image is for ("training", "inference"), for the message.

    Raises:
        ValidationException: it is not an image URI, or one that Clary cannot run; the message says which it can.
    """
    if parse_image(uri) is None:
        raise ValidationException(
            f"Invalid {purpose} image. Please provide a valid Amazon Elastic Container Registry path of the Docker "
            f"image to run. Got: {uri}"
        )
    algorithm = built_in(uri)
    if algorithm is None:
        raise ValidationException(
            f"Clary cannot run the {purpose} image {uri} yet. It runs the built-in algorithms, from the repositories "
            f"{', '.join(sorted(ALGORITHMS))} (of any account and region, with their usual tags); framework images "
            "and images of your own are not supported."
        )
    return algorithm
