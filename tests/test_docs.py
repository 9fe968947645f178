"""The documents say what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from clary.app.settings import Settings, variable

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
CLARY = Path(sys.executable).with_name("clary")


def test_the_generated_documents_are_current() -> None:
    command = [sys.executable, "scripts/write_docs.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", [entry.name for entry in fields(Settings)])
def test_every_setting_is_documented(name: str) -> None:
    assert f"| `{name}` | `{variable(name)}` |" in (ROOT / "docs/settings.md").read_text()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_between_documents_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text())
    assert not [link for link in links if "://" not in link and not (path.parent / link).exists()]


def test_decisions_are_numbered_without_gaps() -> None:
    numbers = sorted(int(path.name[:4]) for path in (ROOT / "docs/decisions").glob("*.md"))
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_a_document_names_is_there(path: Path) -> None:
    named = re.findall(r"`((?:src|tests|docs|scripts|examples|benchmarks)/[\w./-]+\.\w+)`", path.read_text())
    assert not [name for name in named if not (ROOT / name).exists()]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_make_target_that_a_document_names_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"[`$] ?make ([a-z-]+)", path.read_text())) <= targets


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_subcommand_that_a_document_names_exists(path: Path) -> None:
    listed = subprocess.run([str(CLARY), "--help"], check=True, capture_output=True, text=True).stdout
    commands = set(re.findall(r"^ {4}([a-z]+)(?: |$)", listed, re.MULTILINE))
    assert set(re.findall(r"(?:[`(]|bin/)clary ([a-z]+)", path.read_text())) <= commands


def test_every_table_of_a_benchmark_has_one_place_in_the_documents() -> None:
    marks = [mark for path in DOCUMENTS for mark in re.findall(r"<!-- ([\w -]+: (?:begin|end)) -->", path.read_text())]
    sources = [path.read_text() for path in (ROOT / "benchmarks").glob("*.py")]
    names = {name for text in sources for name in re.findall(r"(?:report|publish)\(\s*\"([^\"]+)\"", text)}
    assert len(names) > 20
    assert not [mark for name in names for mark in (f"{name}: begin", f"{name}: end") if marks.count(mark) != 1]
