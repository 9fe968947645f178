"""Which program serves a model: a built-in algorithm, or the user's handlers in a framework's environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clary.compute.contract import Program
from clary.compute.forking.child import LISTENING
from clary.core.errors import ValidationException
from clary.frameworks.toolkit import SERVE
from clary.services.sagemaker.images import BuiltIn, FrameworkImage, OwnImages, Resolved, resolve
from clary.services.sagemaker.locations import location

_SUBMITTED = "SAGEMAKER_SUBMIT_DIRECTORY"
_SCRIPT_VARIABLES = ("SAGEMAKER_PROGRAM", _SUBMITTED)


def resolve_inference_image(container: Mapping[str, Any], own: OwnImages | None = None) -> Resolved:
    """What stands behind the image of a model's container.

    Args:
        own: finds images of users.

    Raises:
        ValidationException: it is nothing that Clary can run.
    """
    environment = container.get("Environment", {})
    script_mode = any(environment.get(name) for name in _SCRIPT_VARIABLES)
    return resolve(container["Image"], "inference", script_mode=script_mode, own=own)


def serving_program(container: Mapping[str, Any], environment: Mapping[str, str], image: str = "") -> Program:
    """The program that serves a model.

    Args:
        environment: its variables.
        image: what an image of the user's own was when the model was made, by digest; "" for other images.

    Raises:
        ValidationException: the image is nothing that Clary can run.
    """
    if image:
        return Program(image=image, args=("serve",), environment=dict(environment))
    resolved = resolve_inference_image(container)
    if isinstance(resolved, BuiltIn):
        return Program(
            entry="clary.algorithms.serve:main", args=(resolved.algorithm.name,), environment=dict(environment)
        )
    if isinstance(resolved, FrameworkImage):
        return Program(
            argv=("python3", SERVE, resolved.framework.family, "--descriptor", str(LISTENING)),
            environment=dict(environment),
            framework=resolved.framework.name,
        )
    raise ValidationException(f"The image {container['Image']} does not exist any more: make the model anew.")


def code_uri(container: Mapping[str, Any]) -> str:
    """Where the archive of the user's code is in S3; "" when it comes with the model, or there is none.

    Raises:
        ValidationException: the address is none of S3.
    """
    submitted = container.get("Environment", {}).get(_SUBMITTED, "")
    if not submitted.startswith("s3://"):
        return ""
    return str(location(submitted, f"Environment.{_SUBMITTED}"))
