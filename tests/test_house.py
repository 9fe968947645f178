"""The rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
WRITTEN_BY_HAND = [
    *SOURCES,
    *sorted(
        path for folder in ("tests", "examples", "benchmarks", "scripts") for path in (ROOT / folder).rglob("*.py")
    ),
]
LONGEST_FILE_LINES = 400
LONGEST_TEST_FILE_LINES = 600  # its tests stand side by side and are read one at a time
LONGEST_FUNCTION_LINES = 60
HEAVY = (
    *("numpy", "pandas", "pyarrow", "scipy", "sklearn", "xgboost", "matplotlib", "torch"),
    *("PIL", "cv2", "onnx", "onnxruntime", "pypdfium2", "rapidocr", "tokenizers", "py3langid"),
)
LAYERS = {
    "algorithms",
    "app",
    "cli",
    "compute",
    "core",
    "engines",
    "frameworks",
    "gateway",
    "services",
    "storage",
    "wire",
}


def ids(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", WRITTEN_BY_HAND, ids=ids)
def test_no_file_is_too_long(path: Path) -> None:
    is_test = path.is_relative_to(ROOT / "tests")
    longest = LONGEST_TEST_FILE_LINES if is_test else LONGEST_FILE_LINES
    assert len(path.read_text().splitlines()) <= longest


@pytest.mark.parametrize("path", SOURCES, ids=ids)
def test_no_function_is_too_long(path: Path) -> None:
    too_long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION_LINES
    ]
    assert not too_long


@pytest.mark.parametrize("path", SOURCES, ids=ids)
def test_names_say_what_a_thing_is(path: Path) -> None:
    classes = [node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)]
    assert not [name for name in classes if re.search(r"(Manager|Helper|Utils?)$", name)]
    if "compat" not in path.parts:  # those modules have the names under which scripts import them
        assert not re.search(r"manager|helper|utils?\b", path.stem)


@pytest.mark.parametrize("path", WRITTEN_BY_HAND, ids=ids)
def test_nothing_is_left_for_later(path: Path) -> None:
    marks = "TO" + "DO|FIX" + "ME|X" + "XX"
    assert not re.search(rf"\b({marks})\b", path.read_text())


def test_the_folders_are_those_of_the_architecture() -> None:
    packages = {path.name for path in (ROOT / "src/clary").iterdir() if (path / "__init__.py").exists()}
    assert packages == LAYERS


def test_every_folder_of_the_sources_is_a_package() -> None:
    # cli/shim is put on the path of other programs as it is
    folders = {path.parent for path in SOURCES}
    assert not [folder for folder in folders if folder.name != "shim" and not (folder / "__init__.py").exists()]


def test_the_gateway_process_imports_nothing_heavy() -> None:
    program = "import sys, clary.app.platform; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert not set(HEAVY) & set(done.stdout.split())


def test_the_makefile_has_the_targets_that_everybody_uses() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"setup", "demo", "test", "check", "bench", "up", "lock"} <= targets
    assert "make test" in (ROOT / ".ci/run").read_text()


@pytest.mark.parametrize("name", ["lock", "cli", "sdk-v2", "sdk-v3"])
def test_every_locked_package_has_one_exact_version_and_hashes(name: str) -> None:
    text = (ROOT / f"requirements/{name}.txt").read_text()
    requirements = [line for line in text.replace("\\\n", "").splitlines() if line and not line.startswith("#")]
    assert requirements
    assert all(re.match(r"[A-Za-z0-9._-]+==[^\s*]+ ", line) and "--hash=sha256:" in line for line in requirements)
    assert "://" not in text


def test_every_direct_dependency_is_locked() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    lists = re.findall(r"^(?:dependencies|dev) = \[\n(.*?)^\]", project, re.MULTILINE | re.DOTALL)
    names = {
        re.split(r"[\[<>=!~ ]", name)[0]
        for block in lists
        for name in re.findall(r'^\s+"([^"]+)"', block, re.MULTILINE)
    }
    locked = set(re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / "requirements/lock.txt").read_text(), re.MULTILINE))
    assert len(lists) == 2
    assert names <= locked
