"""The table of frameworks as a document: which image runs on which versions, and why those."""

from __future__ import annotations

from clary.frameworks.catalog import FRAMEWORKS, IMAGES, Framework


def page() -> str:
    """docs/frameworks.md, without its note that it is generated."""
    return "\n".join([_INTRODUCTION, *_frameworks(), _IMAGES, *_images(), _REST])


def _frameworks() -> list[str]:
    rows = ["| framework | environment | packages | why these |", "|---|---|---|---|"]
    return rows + [
        f"| `{one.name}` | `{one.environment_name}` | {_packages(one)} | {one.why}{_limit(one)} |" for one in FRAMEWORKS
    ]


def _packages(framework: Framework) -> str:
    return ", ".join(pin.partition(";")[0].strip().replace("==", " ") for pin in framework.packages)


def _limit(framework: Framework) -> str:
    if framework.newest_python is None:
        return ""
    return f" Up to Python {'.'.join(map(str, framework.newest_python))}."


def _images() -> list[str]:
    rows = ["| repository | tag begins with | runs on |", "|---|---|---|"]
    for row in IMAGES:
        names = " or, where it does not exist for the Python, ".join(f"`{name}`" for name in row.frameworks)
        rows.append(f"| {_code(row.repositories)} | {_code(row.tags)} | {names} |")
    return rows


def _code(pattern: str) -> str:
    """A regular expression inside a table."""
    return "`" + pattern.replace("|", "\\|") + "`"


_INTRODUCTION = """
A script that was written for one of AWS's framework containers runs in a virtual environment of this machine. It is
built from the package index when the first job or endpoint needs it, which the job's log and status tell of, and kept:

```console
$ clary frameworks list
$ clary frameworks install scikit-learn-1.2 pytorch-2.13
$ clary frameworks remove pytorch-2.13
```

The exact version of every package, direct or not, is locked in `src/clary/frameworks/locks`. What a script installs
itself (`requirements.txt`, `pip install`) goes into a layer of its own job over the environment, which stays as it is.

## Versions
"""

_IMAGES = """
## Images

The account and region of an image do not matter, nor whether its tag says `cpu` or `gpu`: what the machine has decides.
The first row that fits counts; both columns are regular expressions.
"""

_REST = """
An image of none of these repositories is refused with the list of what runs.
"""
