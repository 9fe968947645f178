"""The job as a script's toolkit describes it."""

from __future__ import annotations

import json
import os
from types import SimpleNamespace


class Environment(SimpleNamespace):
    """The job of this process, as `SM_TRAINING_ENV` has it: `hosts`, `channel_input_dirs`, `hyperparameters`, ...

    Raises:
        RuntimeError: this process is none of a training job.
    """

    def __init__(self) -> None:
        described = os.environ.get("SM_TRAINING_ENV")
        if described is None:
            raise RuntimeError("SM_TRAINING_ENV is not set: this is no training job")
        super().__init__(**json.loads(described))
