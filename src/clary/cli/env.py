"""`clary env`: the shell variables that make AWS clients use Clary."""

from __future__ import annotations

import argparse
import shlex

from clary.cli.client import folder_of, running_with_key
from clary.cli.environment import endpoint_variables


def run(arguments: argparse.Namespace) -> int:
    """Prints `export NAME=value` lines for a shell's `eval`."""
    folder = folder_of(arguments)
    for name, value in endpoint_variables(folder, *running_with_key(folder)).items():
        print(f"export {name}={shlex.quote(value)}")
    return 0
