"""Images of users: found in this Clary's own ECR, or among those that the local Docker has."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from clary.compute.containers.access import LOADED, ContainerAccess
from clary.compute.containers.engine import EngineError
from clary.core.call import Call
from clary.core.errors import ValidationException
from clary.frameworks.catalog import framework_of
from clary.services.sagemaker.images import Image, OwnImages, built_in, parse_image
from clary.storage.images import Images

_ECR = re.compile(r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")
_LOOPBACK = re.compile(r"(?:localhost|127(?:\.[0-9]+){3})(?::[0-9]+)?")

ImagesOfCaller = Callable[[Call], OwnImages]
"""Gives the finder of a caller's images."""


class ImageFinder:
    """Finds the images that users mean.

    An address may have AWS's form ("ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG") or name this Clary itself
    ("127.0.0.1:4566/NAME:TAG"); the latter means the caller's account and region. Images of other
    accounts' registries are not taken.

    Args:
        images: of this Clary's ECR.
        containers: the engine that may have others.
    """

    def __init__(self, images: Images, containers: ContainerAccess) -> None:
        self._images = images
        self._containers = containers

    def for_jobs(self, call: Call) -> OwnImages:
        """For images that need not exist yet: a job with one that does not exist fails, as on SageMaker."""
        return lambda uri: self._find(call, uri, must_exist=False)

    def for_models(self, call: Call) -> OwnImages:
        """For images that must exist now.

        The finder raises `ValidationException` for an address in ECR behind which there is no image.
        """
        return lambda uri: self._find(call, uri, must_exist=True)

    def _find(self, call: Call, uri: str, *, must_exist: bool) -> str | None:
        image = parse_image(uri)
        if image is None:
            return None
        place = _place(call, image)
        name = f"{place[0]}.dkr.ecr.{place[1]}.amazonaws.com/{image.repository}" if place is not None else ""
        if place is not None and place[0] == call.account:  # what another account's policy allows is not looked into
            record = self._images.repository(*place, image.repository)
            tag = "" if image.digest else image.tag
            stored = self._images.find(record.arn, digest=image.digest, tag=tag) if record is not None else None
            if stored is not None:
                return f"{name}@{stored.digest}"
        if built_in(uri) is not None or framework_of(uri) is not None:
            return None
        if self._is_local(uri, image):
            return uri
        if place is None or place[0] != call.account:
            return None
        if must_exist:
            raise ValidationException(f"Requested image {uri} not found.")
        return f"{name}@{image.digest}" if image.digest else f"{name}:{image.tag}"

    def _is_local(self, uri: str, image: Image) -> bool:
        """Whether the engine has an image of that name.

        The name must be one that the engine's owner gave: what Clary itself loaded is an account's own, and an id, of
        which a few digits would do, is that of any image.
        """
        if image.registry == LOADED:
            return False
        try:
            found = self._containers.engine().image(uri)
        except EngineError:
            return False
        if found is None:
            return False
        identity = str(found.get("Id", "")).removeprefix("sha256:")
        return not identity.startswith(uri.removeprefix("sha256:"))


def _place(call: Call, image: Image) -> tuple[str, str] | None:
    """The account and region in whose registry an image is sought; None for a registry of somebody else."""
    match = _ECR.fullmatch(image.registry)
    if match is not None:
        return match["account"], match["region"]
    if _LOOPBACK.fullmatch(image.registry) or (image.registry and image.registry == urlsplit(call.endpoint).netloc):
        return call.account, call.region
    return None
