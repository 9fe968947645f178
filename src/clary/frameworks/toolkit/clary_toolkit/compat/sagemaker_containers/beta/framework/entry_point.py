"""What scripts call before their hosts meet."""

from sagemaker_containers.entry_point import _wait_hostname_resolution

__all__ = ["_wait_hostname_resolution"]
