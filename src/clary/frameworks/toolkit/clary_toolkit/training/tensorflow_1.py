"""Runs scripts for TensorFlow 1 on today's TensorFlow: `import tensorflow` gives `tensorflow.compat.v1`.

TensorFlow is loaded when the script asks for it, not before; its second generation's behaviour is switched off then.
What TensorFlow 1 had in `contrib` is in no package of today: a script that needs it fails with an ImportError.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType


class _CompatFinder(importlib.abc.MetaPathFinder):
    """Is asked for `tensorflow` first, once: it loads the real package and puts the old interface in its place."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """A spec for `tensorflow` alone."""
        if fullname != "tensorflow":
            return None
        sys.meta_path.remove(self)
        return importlib.machinery.ModuleSpec(fullname, _CompatLoader())


class _CompatLoader(importlib.abc.Loader):
    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """The `compat.v1` module, which then stands under the name `tensorflow`."""
        sys.modules.pop("tensorflow", None)
        compat = importlib.import_module("tensorflow.compat.v1")
        compat.disable_v2_behavior()
        return compat

    def exec_module(self, module: ModuleType) -> None:
        """Nothing: it has run."""


def install() -> None:
    """From now on `import tensorflow` means TensorFlow 1 in this process."""
    sys.meta_path.insert(0, _CompatFinder())
