"""The errors ECR's model knows, in its words."""

from __future__ import annotations

from clary.core.errors import ServiceError


class InvalidParameterException(ServiceError):
    """A parameter breaks a rule; the message names it."""


class InvalidTagParameterException(ServiceError):
    """A tag of a resource breaks a rule."""


class TooManyTagsException(ServiceError):
    """A resource would have more than fifty tags."""


class RepositoryNotFoundException(ServiceError):
    """There is no such repository."""

    fmt = "The repository with name '{name}' does not exist in the registry with id '{registry}'"


class RepositoryAlreadyExistsException(ServiceError):
    """The name is taken."""

    fmt = "The repository with name '{name}' already exists in the registry with id '{registry}'"


class RepositoryNotEmptyException(ServiceError):
    """The repository holds images."""

    fmt = (
        "The repository with name '{name}' in registry with id '{registry}' cannot be deleted because it still "
        "contains images"
    )


class RepositoryPolicyNotFoundException(ServiceError):
    """The repository has no policy."""

    fmt = "Repository policy does not exist for the repository with name '{name}' in the registry with id '{registry}'"


class LifecyclePolicyNotFoundException(ServiceError):
    """The repository has no lifecycle policy."""

    fmt = "Lifecycle policy does not exist for the repository with name '{name}' in the registry with id '{registry}'"


class LifecyclePolicyPreviewNotFoundException(ServiceError):
    """No preview was started."""

    fmt = (
        "Lifecycle policy preview does not exist for the repository with name '{name}' in the registry with id "
        "'{registry}'"
    )


class ImageNotFoundException(ServiceError):
    """There is no such image."""

    fmt = (
        "The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not exist within the repository "
        "with name '{name}' in the registry with id '{registry}'"
    )


class ImageAlreadyExistsException(ServiceError):
    """The repository has this very image under this tag."""

    fmt = (
        "Image with digest '{digest}' and tag '{tag}' already exists in the repository with name '{name}' in registry "
        "with id '{registry}'"
    )


class ImageTagAlreadyExistsException(ServiceError):
    """The tag is immutable and belongs to another image."""

    fmt = (
        "The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten because the tag is "
        "immutable."
    )


class ImageDigestDoesNotMatchException(ServiceError):
    """The manifest has another digest than the one that was sent with it."""

    fmt = "The image has the digest '{digest}', not '{sent}' as the request says"


class LayersNotFoundException(ServiceError):
    """The repository does not have layers that the request names."""

    fmt = (
        "Layers with digests '{digests}' required for pushing image into repository with name '{name}' in the "
        "registry with id '{registry}' do not exist"
    )


class ReferencedImagesNotFoundException(ServiceError):
    """The repository does not have images that a list names."""

    fmt = (
        "Images with digests '{digests}' required for pushing image into repository with name '{name}' in the "
        "registry with id '{registry}' do not exist"
    )


class LayerAlreadyExistsException(ServiceError):
    """The repository has the layer already."""

    fmt = (
        "Layer with digest '{digest}' already exists in the repository with name '{name}' in registry with id "
        "'{registry}'"
    )


class InvalidLayerException(ServiceError):
    """The bytes that were uploaded are not the layer that was announced."""


class InvalidLayerPartException(ServiceError):
    """A part does not begin where the one before it ended."""

    fmt = (
        "The layer part of upload '{upload}' must begin at byte {next}; it begins at {first} and has "
        "{size} bytes, up to byte {last} as the request says"
    )


class EmptyUploadException(ServiceError):
    """Nothing was uploaded."""

    fmt = "The upload with id '{upload}' does not contain any layer parts"


class UploadNotFoundException(ServiceError):
    """There is no such upload."""

    fmt = (
        "The upload with id '{upload}' could not be found in the repository with name '{name}' in the registry with "
        "id '{registry}'"
    )
