"""Writes the generated documents: coverage, settings, algorithms, and the table in the README.

With --check nothing is written; the exit code is 1 when a document is not what it should be.
"""

import sys
from dataclasses import fields
from pathlib import Path

from clary.algorithms.document import pages
from clary.app.coverage import answered, modelled, resource_name
from clary.app.settings import Settings, variable
from clary.frameworks import document as frameworks
from clary.services.catalog import CATALOG

ROOT = Path(__file__).parents[1]
BEGIN, END = "<!-- generated: what works -->", "<!-- end -->"
NOTE = "*Written by `make docs` from the code; a test compares.*"


def by_resource(api: str) -> dict[str, list[str]]:
    """The answered operations of an API, by the resource they belong to."""
    found: dict[str, list[str]] = {}
    for (of_api, name), bound in sorted(answered().items()):
        if of_api == api:
            found.setdefault(resource_name(bound), []).append(name)
    return found


def refusals(api: str) -> list[str]:
    """What of the input of an API's answered operations is refused, a line each."""
    marks = {bound.mark.name: bound.mark.refuses for (of_api, _), bound in answered().items() if of_api == api}
    return [f"- {name}: {reason}" for name, reasons in sorted(marks.items()) for reason in reasons]


def coverage() -> str:
    """docs/coverage.md."""
    parts = [
        "# Which operations Clary answers",
        NOTE,
        "An operation that is not answered is still parsed, checked against its model, its signature and policies,\n"
        "and then refused with the error `NotImplemented` (HTTP 501), which names API and operation.",
    ]
    for family in CATALOG.values():
        for api in family.apis:
            resources = by_resource(api)
            done = {name for names in resources.values() for name in names}
            rest = [name for name in modelled(api) if name not in done]
            parts.append(f"## {api}: {len(done)} of {len(done) + len(rest)}")
            if resources:
                rows = [f"| {resource} | {', '.join(names)} |" for resource, names in resources.items()]
                parts.append("\n".join(["| resource | operations |", "|---|---|", *rows]))
            refused = refusals(api)
            if refused:
                parts.append("\n".join(["Of what is answered, refused with a modelled error:", "", *refused]))
            parts.append(f"<details><summary>Not answered: {len(rest)}</summary>\n\n{', '.join(rest)}\n\n</details>")
    return "\n\n".join(parts) + "\n"


def what_works() -> str:
    """The README's table."""
    rows = ["| API | operations | resources |", "|---|---|---|"]
    for family in CATALOG.values():
        for api in family.apis:
            resources = by_resource(api)
            if resources:
                count = sum(map(len, resources.values()))
                rows.append(f"| {api} | {count} of {len(modelled(api))} | {', '.join(resources)} |")
    others = [api for family in CATALOG.values() for api in family.apis if not by_resource(api)]
    algorithms = [f"[{name.removesuffix('.md')}](docs/algorithms/{name})" for name in sorted(pages())]
    rows += ["", f"Built-in algorithms: {', '.join(algorithms)}.", ""]
    rows += [f"Parsed, checked and refused by name: the operations of {', '.join(others)}; the rest of those above."]
    return "\n".join(rows)


def settings() -> str:
    """docs/settings.md."""
    rows = ["| setting | variable | default | unit | meaning |", "|---|---|---|---|---|"]
    for entry in fields(Settings):
        told = entry.metadata
        rows.append(
            f"| `{entry.name}` | `{variable(entry.name)}` | `{entry.default}` | {told['unit']} | {told['help']} |"
        )
    return (
        f"# Settings\n\n{NOTE}\n\nA setting comes from the option of `clary up` where it has one, else from its "
        "environment variable, else from\nits default. It is read once, when Clary starts.\n\n" + "\n".join(rows) + "\n"
    )


def documents() -> dict[Path, str]:
    """Every generated document with what it should hold."""
    readme = (ROOT / "README.md").read_text()
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return {
        ROOT / "README.md": f"{before}{BEGIN}\n{what_works()}\n{END}{after}",
        ROOT / "docs/coverage.md": coverage(),
        ROOT / "docs/settings.md": settings(),
        ROOT / "docs/frameworks.md": f"# Frameworks\n\n{NOTE}\n{frameworks.page()}",
        **{ROOT / "docs/algorithms" / name: text for name, text in pages().items()},
    }


def main() -> int:
    """Writes, or checks."""
    stale = [path for path, text in documents().items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not current: run  make docs")
        return bool(stale)
    for path in stale:
        path.write_text(documents()[path])
        print(f"wrote {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
