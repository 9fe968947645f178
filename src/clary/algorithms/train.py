"""The training program of the built-in algorithms: `main(root, name)`.

By hand: `python -m clary.algorithms.train ROOT NAME`.
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path

from clary.algorithms import log_lines
from clary.algorithms.catalog import algorithm
from clary.algorithms.contract import AlgorithmError
from clary.algorithms.job_folder import JobFolder

MOST_FAILURE_CHARACTERS = 1024  # SageMaker's limit for FailureReason


def main(root: Path, name: str) -> None:
    """Trains the algorithm of the repository `name` in the job folder `root`.

    Exits with 1 after a failure, which is then written to `root/output/failure`: "ClientError: ..." for what the user
    can put right, "AlgorithmError: ..." with exception, file and line for what Clary did wrong.
    """
    root = Path(root)
    found = algorithm(name)
    try:
        if found is None:
            raise AlgorithmError(f"There is no built-in algorithm '{name}'.")
        found.train(root)
    except AlgorithmError as error:
        _fail(root, f"ClientError: {error}")
    except Exception as error:
        traceback.print_exc()
        place = traceback.extract_tb(error.__traceback__)[-1]
        file = Path(place.filename).name
        _fail(root, f"AlgorithmError: {type(error).__name__}: {error} ({file}, line {place.lineno})")


def _fail(root: Path, reason: str) -> None:
    """Writes why the job failed, and ends the program."""
    log_lines.line(reason)
    JobFolder(root).failure.write_text(reason[:MOST_FAILURE_CHARACTERS], encoding="utf-8")
    sys.exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
