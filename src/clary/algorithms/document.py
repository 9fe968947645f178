"""Writes the documentation pages of the algorithms from their tables.

By hand: `python -m clary.algorithms.document docs/algorithms`.
"""

from __future__ import annotations

import sys
from pathlib import Path

from clary.algorithms import ALGORITHMS
from clary.algorithms.catalog import algorithm
from clary.algorithms.contract import Algorithm


def page(found: Algorithm, repositories: list[str]) -> str:
    """The page of one algorithm, as Markdown.

    Args:
        repositories: the image repositories that stand for it.
    """
    channels = [f"`{name}` (required)" for name in found.required_channels]
    channels += [f"`{name}`" for name in found.optional_channels]
    lines = [
        f"# {found.name}",
        "",
        "<!-- Written by `python -m clary.algorithms.document docs/algorithms`; edit the tables in the source. -->",
        "",
        f"- Image repositories: {', '.join(f'`{name}`' for name in repositories)}, any account, region and tag",
        f"- Channels: {', '.join(channels)}",
        f"- Content types for training: {', '.join(f'`{name}`' for name in found.train_content_types)}",
        f"- Content types for inference: {', '.join(f'`{name}`' for name in found.inference_content_types)}",
        f"- Several hosts: {'yes' if found.supports_distributed else 'no'}",
        "",
        "## Hyperparameters",
        "",
        found.hyperparameters.markdown(),
        "## Metrics",
        "",
        "Tuning may use the metrics that say so as its objective.",
        "",
        "| name | better is | tuning |",
        "|---|---|---|",
    ]
    for metric in found.metrics:
        better = "more" if metric.direction == "Maximize" else "less"
        lines.append(f"| `{metric.name}` | {better} | {'yes' if metric.tunable else ''} |")
    return "\n".join(lines) + "\n"


def pages() -> dict[str, str]:
    """All pages: file name -> Markdown."""
    repositories: dict[str, list[str]] = {}
    for repository in ALGORITHMS:
        found = algorithm(repository)
        if found is not None:
            repositories.setdefault(found.name, []).append(repository)
    written = {}
    for names in repositories.values():
        found = algorithm(names[0])
        if found is not None:
            written[f"{found.name}.md"] = page(found, names)
    return written


def main(folder: Path) -> None:
    """Writes the pages into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
