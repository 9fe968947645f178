"""The job as a script's toolkit describes it; the rest of the original is refused by name."""

from sagemaker_training.environment import Environment as TrainingEnv

__all__ = ["TrainingEnv"]


def __getattr__(name: str) -> None:
    raise AttributeError(f"Clary does not have sagemaker_containers.beta.framework.env.{name}")
