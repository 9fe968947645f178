"""Joins the programs of `compute` with the environments of `frameworks`: the one place that knows both."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from clary.compute.contract import Program
from clary.compute.executors.isolation import ML_FOLDER
from clary.compute.folder import clear
from clary.compute.preparation import PreparationCancelled, PreparationFailed
from clary.frameworks.catalog import framework
from clary.frameworks.environments import Cancelled, EnvironmentNotBuilt, Environments
from clary.frameworks.layers import LAYER, make_layer
from clary.frameworks.toolkit import MARK, TOOLKIT

# How this machine reaches package indexes: a `pip install` in a program obeys it as Clary's own builds do.
_PACKAGE_SOURCES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
_PIP = "PIP_"


class ProgramEnvironments:
    """Makes programs that name a framework ready to start; keeps the promises of `compute.preparation.Preparation`.

    Args:
        environments: where the frameworks' environments are built and kept.
    """

    def __init__(self, environments: Environments) -> None:
        self._environments = environments

    def is_ready(self, program: Program) -> bool:
        """Whether its framework's environment is built, or it needs none."""
        return not program.framework or self._environments.find(framework(program.framework)) is not None

    def prepare(
        self, program: Program, root: Path, tell: Callable[[str], None], cancelled: Callable[[], bool]
    ) -> Program:
        """The program with a layer over its framework's environment.

        Args:
            root: its `/opt/ml`, where the layer is made.

        Raises:
            PreparationFailed: the environment cannot be built.
            PreparationCancelled: `cancelled` said so.
        """
        if not program.framework:
            return program
        wanted = framework(program.framework)
        try:
            environment = self._environments.ready(wanted, tell, cancelled)
        except EnvironmentNotBuilt as error:
            raise PreparationFailed(str(error)) from error
        except Cancelled:
            raise PreparationCancelled from None
        clear(root / LAYER)
        make_layer(environment, root)
        layer = f"{ML_FOLDER}/{LAYER}"
        path = f"{layer}/bin{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        variables = {**package_sources(os.environ), "VIRTUAL_ENV": layer, "PATH": path, **wanted.variables}
        return replace(
            program,
            argv=tuple(part.replace(MARK, str(TOOLKIT)) for part in program.argv),
            environment={**variables, **program.environment},
            visible=(*program.visible, str(environment.folder), str(TOOLKIT)),
        )


def package_sources(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that say where pip finds packages."""
    return {name: value for name, value in environment.items() if name in _PACKAGE_SOURCES or name.startswith(_PIP)}
