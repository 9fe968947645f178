"""`clary frameworks`: the environments that scripts on frameworks run in: which there are, built ahead, removed."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from rich.console import Console
from rich.status import Status
from rich.table import Table

from clary.app.settings import Settings
from clary.cli.tables import console as standard_output
from clary.core.errors import ClaryError
from clary.frameworks.catalog import FRAMEWORKS, Framework
from clary.frameworks.environments import Environments, Installed

_MEBIBYTE = 1 << 20


class NoSuchFramework(ClaryError):
    """`clary frameworks` was given a name that it does not know."""


def run(arguments: argparse.Namespace) -> int:
    """Lists, installs or removes environments; works whether Clary runs or not."""
    settings = Settings.load(data=arguments.data)
    environments = Environments(settings.frameworks_folder)
    actions: dict[str, Callable[[Environments, list[str]], None]] = {
        "list": _list,
        "install": _install,
        "remove": _remove,
    }
    actions[arguments.action](environments, arguments.names)
    return 0


def _list(environments: Environments, names: list[str]) -> None:
    installed = {one.name: one for one in environments.installed() if one.is_current}
    table = Table("framework", "version", "environment", "state", box=None)
    for framework in FRAMEWORKS:
        if names and framework.name not in names:
            continue
        table.add_row(
            framework.name, framework.version, framework.environment_name, _state(installed, framework.environment_name)
        )
    console = standard_output()
    console.print(table)
    for one in environments.installed():
        if not one.is_current:
            console.print(f"{one.id} ({_size(one)}) is of an older lock: clary frameworks remove {one.id}")


def _state(installed: dict[str, Installed], name: str) -> str:
    if name not in installed:
        return "not installed; built when the first job needs it"
    return f"installed, {_size(installed[name])}, built in {installed[name].build_seconds:.0f} s"


def _size(one: Installed) -> str:
    return f"{one.size_bytes / _MEBIBYTE:,.0f} MiB"


def _install(environments: Environments, names: list[str]) -> None:
    """Builds the environments of the named frameworks; those that are there already stay."""
    wanted = [_framework(name) for name in names]
    if not wanted:
        raise NoSuchFramework(f"say which: clary frameworks install {' '.join(_names()[:2])} ...")
    console = Console(stderr=True)
    for framework in wanted:
        with console.status(f"{framework.environment_name}") as status:
            environments.ready(framework, _progress(console, status))
        print(f"{framework.environment_name} is installed")


def _progress(console: Console, status: Status) -> Callable[[str], None]:
    """On a terminal the last line alone is shown, moving; elsewhere each is printed."""

    def tell(line: str) -> None:
        if console.is_terminal:
            status.update(line[: console.width - 4])
        else:
            console.print(line, markup=False, highlight=False)

    return tell


def _remove(environments: Environments, names: list[str]) -> None:
    if not names:
        raise NoSuchFramework("say which: clary frameworks remove NAME ...")
    known = {framework.name: framework.environment_name for framework in FRAMEWORKS}
    for name in names:
        removed = environments.remove(known.get(name, name))
        if not removed:
            raise NoSuchFramework(f"no environment {name} is installed")
        for identity in removed:
            print(f"{identity} is removed")


def _framework(name: str) -> Framework:
    found = next((one for one in FRAMEWORKS if name in (one.name, one.environment_name)), None)
    if found is None:
        raise NoSuchFramework(f"there is no framework {name!r}; there are {', '.join(_names())}")
    return found


def _names() -> list[str]:
    return [framework.name for framework in FRAMEWORKS]
