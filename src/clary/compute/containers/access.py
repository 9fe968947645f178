"""Which image a program means, and how the engine gets it."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass

from clary.compute.containers.archive import image_archive
from clary.compute.containers.engine import Engine, NoEngine, find_engine
from clary.compute.contract import NoSuchImage
from clary.core.arn import Arn
from clary.storage.image_manifests import LISTS, Manifest
from clary.storage.images import Images, StoredImage

_ECR = re.compile(
    r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/"
    r"(?P<name>[a-z0-9][a-z0-9._/-]*?)(?::(?P<tag>[\w][\w.-]*))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
LOADED = "clary.local"
"""The registry in the names by which the engine has what was loaded into it; nobody asks for an image by one."""
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class ContainerAccess:
    """What it takes to run images: the engine's socket, and the images of this Clary's own ECR.

    Attributes:
        container_socket: "" for the usual places.
        images: None where only the engine's own images can be run.
    """

    container_socket: str = ""
    images: Images | None = None

    def engine(self) -> Engine:
        """The engine.

        Raises:
            clary.compute.containers.engine.NoEngine: there is none.
        """
        return find_engine(self.container_socket)

    def engine_for(self, image: str) -> Engine:
        """The engine that shall run an image.

        Raises:
            clary.compute.contract.NoSuchImage: there is no engine, and this Clary's ECR, where the image should be,
                does not have it: an engine would not help.
            clary.compute.containers.engine.NoEngine: there is none.
        """
        try:
            return self.engine()
        except NoEngine:
            match = _ECR.fullmatch(image)
            if match is not None and self.images is not None and self._find(self.images, match) is None:
                raise NoSuchImage(self._not_in_ecr(match)) from None
            raise

    def provide(self, engine: Engine, image: str) -> str:
        """Sees to it that the engine has an image.

        Args:
            image: an address in ECR ("ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME@sha256:..."), which is loaded from
                this Clary's own, or the name of an image that the engine has.

        Returns:
            The name to run it by.

        Raises:
            clary.compute.contract.NoSuchImage: there is none, neither in this Clary's ECR nor in the engine.
            clary.compute.containers.engine.EngineError: the engine cannot load it.
        """
        match = _ECR.fullmatch(image)
        if match is None or self.images is None:
            if engine.image(image) is None:
                raise NoSuchImage(_not_local(image))
            return image
        found = self._find(self.images, match)
        if found is None:
            if engine.image(image) is not None:
                return image
            raise NoSuchImage(self._not_in_ecr(match))
        manifest = self._for_this_machine(self.images, found)
        name, digest = match["name"], manifest.digest.removeprefix("sha256:")
        tag = f"{LOADED}/{match['account']}/{match['region']}/{name}:{digest}"
        if engine.image(tag) is None:
            engine.load(image_archive(self.images, manifest, tag))
        self.images.note_pull(found)
        return tag

    def _find(self, images: Images, match: re.Match[str]) -> StoredImage | None:
        tag = match["tag"] or ("" if match["digest"] else "latest")
        return images.find(_arn(match), digest=match["digest"] or "", tag="" if match["digest"] else tag)

    def _not_in_ecr(self, match: re.Match[str]) -> str:
        assert self.images is not None
        if self.images.repository(match["account"], match["region"], match["name"]) is None:
            return (
                f"Cannot find repository: {match['name']} in registry ID: {match['account']} Please check if your ECR "
                "repository exists and that the role of the job has proper pull permissions for SageMaker"
            )
        reference = f"@{match['digest']}" if match["digest"] else f":{match['tag'] or 'latest'}"
        return (
            f"Cannot find image: {match['name']}{reference} in registry ID: {match['account']} Please ensure that the "
            "image exists: push it with docker, or see `aws ecr list-images`"
        )

    def _for_this_machine(self, images: Images, found: StoredImage) -> Manifest:
        manifest = found.manifest
        if manifest.media_type not in LISTS:
            return manifest
        wanted = f"linux/{_ARCHITECTURES.get(platform.machine(), platform.machine())}"
        for child in manifest.children:
            if child.platform == wanted or child.platform.startswith(f"{wanted}/"):
                one = images.find(found.repository, digest=child.digest)
                if one is not None:
                    return one.manifest
        offered = ", ".join(sorted({child.platform or "unknown" for child in manifest.children}))
        raise NoSuchImage(f"The image {found.digest} is not made for {wanted}: it is there for {offered}")


def _arn(match: re.Match[str]) -> str:
    return str(Arn("ecr", match["region"], match["account"], f"repository/{match['name']}"))


def _not_local(image: str) -> str:
    return (
        f"Cannot find image: {image} Please ensure that the image exists: neither this Clary's ECR nor the local "
        "Docker has it. Push it to ECR, or fetch it with `docker pull`"
    )
