"""`clary personalize validate FILE SCHEMA`: what an import would refuse, said before it."""

from __future__ import annotations

import argparse
from pathlib import Path

from clary.core.errors import ClaryError
from clary.services.personalize.datasets.schema_rules import SchemaError, columns_of

_MOST_SHOWN = 50


class NotReadable(ClaryError):
    """A file is missing, or the schema is none."""


def run(arguments: argparse.Namespace) -> int:
    """Prints what is wrong, one line each; the exit code is 1 where something is.

    Raises:
        NotReadable: a file is missing, or the schema breaks a rule.
    """
    from clary.services.personalize.programs.importing import check_and_write, csv_files  # noqa: PLC0415 - pyarrow

    source = Path(arguments.file)
    if not source.exists():
        raise NotReadable(f"{source} does not exist.")
    try:
        columns = columns_of(Path(arguments.schema).read_text(encoding="utf-8"))
    except OSError as error:
        raise NotReadable(f"{arguments.schema}: {error.strerror}") from error
    except SchemaError as error:
        raise NotReadable(f"{arguments.schema}: {error}") from error
    files = csv_files(source) if source.is_dir() else [(source.name, source)]
    findings = check_and_write(files, columns, None)
    for problem in findings.problems[:_MOST_SHOWN]:
        print(problem)
    if findings.count > _MOST_SHOWN:
        print(f"... and {findings.count - _MOST_SHOWN} more")
    print(f"{findings.rows} rows, {findings.count} problems")
    return 1 if findings.count or not findings.rows else 0
