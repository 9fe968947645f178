"""Image URIs: which program stands behind one.

An AWS-owned image's account differs from region to region, so that repository and tag alone decide. The images of the
built-in algorithms run Clary's own implementation of the algorithm, those of the framework containers an environment of
this machine; nothing is pulled.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from clary.algorithms import ALGORITHMS
from clary.algorithms.catalog import algorithm as algorithm_of_repository
from clary.algorithms.contract import Algorithm
from clary.core.errors import ValidationException
from clary.frameworks.catalog import Framework, framework_of, repositories

_URI = re.compile(
    r"(?:(?P<registry>localhost|[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)+(?::[0-9]+)?|[a-zA-Z0-9-]+:[0-9]+)/)?"
    r"(?P<repository>[a-z0-9]+(?:[._/-][a-z0-9]+)*)"
    r"(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_TAGS = re.compile(r"latest|\d[\w.-]*")


_MISSING = (
    # What repositories of AWS's own hold that Clary has no environment for, and what to do instead.
    (r"mxnet-.*|sagemaker-mxnet.*", "MXNet", "its last packages are older than the Pythons of today: use PyTorch"),
    (r"sagemaker-chainer.*", "Chainer", "its last packages are older than the Pythons of today: use PyTorch"),
    (r"sagemaker-rl-.*", "SageMaker RL", "bring a script with its libraries in requirements.txt on PyTorch"),
    (r"huggingface-.*-trcomp-.*", "the training compiler", "AWS has given it up: use huggingface-pytorch-training"),
    (
        r"huggingface-pytorch-(tgi-|neuron).*|huggingface-.*-tei.*|djl-.*|sagemaker-tritonserver",
        "this model server",
        "use huggingface-pytorch-inference, or push an image of your own",
    ),
    (r"sagemaker-spark-.*|autogluon-.*|sagemaker-neo-.*|sagemaker-inference-.*", "this container", "push your own"),
)


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


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """An image of a built-in algorithm."""

    algorithm: Algorithm


@dataclass(frozen=True, slots=True)
class FrameworkImage:
    """An image of AWS's framework containers: the user's script runs in Clary's environment of that framework."""

    framework: Framework


@dataclass(frozen=True, slots=True)
class Container:
    """An image of the user's own.

    Attributes:
        image: by digest, "REPOSITORY@sha256:...".
    """

    image: str


Resolved = BuiltIn | FrameworkImage | Container
OwnImages = Callable[[str], str | None]
"""Finds an image that was pushed to this Clary: its name by digest, None when it is none of those."""


def resolve(uri: str, purpose: str, *, script_mode: bool = False, own: OwnImages | None = None) -> Resolved:
    """What stands behind an image, for training and for inference.

    Args:
        purpose: what the image is for ("training", "inference", "processing"), for the message.
        script_mode: whether the user brings a script: the image of an algorithm that has both (XGBoost) then means
            the framework.
        own: finds images of users.

    Raises:
        ValidationException: it is not an image URI, or one that Clary cannot run; the message says which it can.
    """
    if parse_image(uri) is None:
        raise ValidationException(
            f"Invalid {purpose} image. Please provide a valid Amazon Elastic Container Registry path of the Docker "
            f"image to run. Got: {uri}"
        )
    container = own(uri) if own is not None else None
    if container is not None:
        return Container(container)
    algorithm = built_in(uri)
    framework = framework_of(uri)
    if algorithm is not None and (framework is None or not script_mode):
        return BuiltIn(algorithm)
    if framework is not None:
        return FrameworkImage(framework)
    raise ValidationException(_unknown(uri, purpose, has_own=own is not None))


def require_built_in(uri: str, purpose: str) -> Algorithm:
    """The built-in algorithm behind an image, where nothing else will do.

    Args:
        purpose: what the image is for ("training", "inference"), for the message.

    Raises:
        ValidationException: it is another image.
    """
    resolved = resolve(uri, purpose)
    if not isinstance(resolved, BuiltIn):
        raise ValidationException(_unknown(uri, purpose, has_own=False))
    return resolved.algorithm


def _unknown(uri: str, purpose: str, *, has_own: bool) -> str:
    """Says what can be run: all that a user may have meant by an image that nobody knows."""
    image = parse_image(uri)
    repository = "" if image is None else image.repository
    found = next((entry for entry in _MISSING if re.fullmatch(entry[0], repository)), None)
    missing = "" if found is None else f" There is no environment for {found[1]}: {found[2]}."
    own = ""
    if has_own:
        own = ", and images that were pushed to the repositories of this Clary (aws ecr create-repository; docker push)"
    return (
        f"Clary cannot run the {purpose} image {uri}.{missing} It runs the built-in algorithms, from the repositories "
        f"{', '.join(sorted(ALGORITHMS))}; scripts on frameworks, from the repositories "
        f"{', '.join(repositories())} (all of any account and region, with their usual tags){own}."
    )
