"""What scripts import from `sagemaker_containers`."""

from sagemaker_training.environment import Environment


def training_env() -> Environment:
    """The job of this process."""
    return Environment()
