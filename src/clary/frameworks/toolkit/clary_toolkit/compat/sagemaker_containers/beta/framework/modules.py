"""Importable, because scripts import it in one line with what they use; it has nothing."""


def __getattr__(name: str) -> None:
    raise AttributeError(f"Clary does not have sagemaker_containers.beta.framework.modules.{name}")
