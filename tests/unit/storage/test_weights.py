"""Weights are fetched once, verified, and there whole or not at all."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from pathlib import Path

import pytest

from clary.storage import weights as subject
from clary.storage.weights import Entry, NoSuchWeights, Progress, WantedFile, Weights, WeightsDamaged, catalogue
from clary.storage.weights_sources import WeightsUnavailable, npm_options, npm_registry

CONTENT = {"models/net.json": b'{"a": 1}', "LICENSE": b"MIT"}


def tarball(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return data.getvalue()


GOOD = tarball({f"package/{name}": content for name, content in CONTENT.items()})


def entry(archive: bytes = GOOD, **changes: object) -> Entry:
    files = {name: WantedFile(hashlib.sha256(data).hexdigest(), len(data)) for name, data in CONTENT.items()}
    known = {
        "name": "net", "family": "vision", "tasks": ("objects",), "licence": "MIT", "origin": "here", "kind": "npm",
        "package": "@a/net", "version": "1.0.0", "sha256": hashlib.sha256(archive).hexdigest(),
        "download_bytes": len(archive), "files": files,
    }  # fmt: skip
    return Entry(**{**known, **changes})  # type: ignore[arg-type]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch):
    """Has the registry answer with an archive; counts how often it was asked."""
    asked: list[str] = []

    def serving(archive: bytes) -> list[str]:
        def fetch(package: str, version: str, target: Path, most_bytes: int, told) -> None:
            asked.append(package)
            target.write_bytes(archive)
            told(len(archive))

        monkeypatch.setitem(subject.FETCHERS, "npm", fetch)
        return asked

    return serving


def test_what_is_pulled_lies_in_its_folder_and_is_verified(tmp_path: Path, serve) -> None:
    serve(GOOD)
    steps: list[str] = []

    def told(progress: Progress) -> None:
        steps.append(progress.step)

    weights = Weights(tmp_path / "w", [entry()])
    folders = weights.ready("vision", told)
    assert folders == {"net": tmp_path / "w" / "net"}
    assert {name: (folders["net"] / name).read_bytes() for name in CONTENT} == CONTENT
    assert steps == ["download", "download", "verify", "done"]
    weights.verify(entry())


def test_a_second_call_fetches_nothing(tmp_path: Path, serve) -> None:
    asked = serve(GOOD)
    Weights(tmp_path, [entry()]).ready("net")
    Weights(tmp_path, [entry()]).ready("net")
    assert asked == ["@a/net"]


def test_several_threads_fetch_once(tmp_path: Path, serve) -> None:
    asked = serve(GOOD)
    weights = Weights(tmp_path, [entry()])
    threads = [threading.Thread(target=weights.ready, args=("net",)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asked == ["@a/net"]


def test_another_version_replaces_what_lies_there(tmp_path: Path, serve) -> None:
    serve(GOOD)
    Weights(tmp_path, [entry()]).ready("net")
    newer = entry(version="2.0.0")
    weights = Weights(tmp_path, [newer])
    assert not weights.is_ready(newer)
    weights.ready("net")
    assert weights.is_ready(newer)


@pytest.mark.parametrize(
    ("archive", "reason"),
    [
        (b"not an archive", "digest"),
        (GOOD[:-20], "digest"),
        (tarball({"package/LICENSE": b"MIT"}), "digest"),
    ],
    ids=["no archive", "cut short", "another archive"],  # an archive's own bytes tell the time: no name for a test
)
def test_an_archive_that_is_not_the_catalogue_s_is_refused_and_leaves_nothing(
    tmp_path: Path, serve, archive: bytes, reason: str
) -> None:
    serve(archive)
    with pytest.raises(WeightsDamaged, match=reason):
        Weights(tmp_path, [entry()]).ready("net")
    assert [path.name for path in tmp_path.iterdir() if not path.name.endswith(".lock")] == []


@pytest.mark.parametrize(
    ("archive", "reason"),
    [
        (b"not an archive", "cannot be read"),
        (GOOD[:90], "cannot be read|lacks"),
        (tarball({"package/LICENSE": b"MIT"}), "lacks models/net.json"),
        (tarball({"package/LICENSE": b"GPL", "package/models/net.json": CONTENT["models/net.json"]}), "LICENSE"),
        (tarball({"package/LICENSE": b"M" * 5_000_000, "package/models/net.json": b""}), "not what the catalogue"),
    ],
    ids=["no archive", "cut short", "a file lacks", "another licence", "a larger file"],
)
def test_each_file_is_checked_even_where_the_archive_s_digest_is_right(
    tmp_path: Path, serve, archive: bytes, reason: str
) -> None:
    serve(archive)
    with pytest.raises(WeightsDamaged, match=reason):
        Weights(tmp_path, [entry(archive)]).ready("net")
    assert not (tmp_path / "net").exists()


def test_a_hostile_archive_writes_nowhere_else(tmp_path: Path, serve) -> None:
    hostile = tarball(
        {
            "package/../../escaped": b"x",
            "/tmp/escaped-by-clary-test": b"x",
            **{f"package/{name}": content for name, content in CONTENT.items()},
            "package/extra": b"x",
        },
        links={"package/models": str(tmp_path / "elsewhere")},
    )
    serve(hostile)
    folder = tmp_path / "w"
    Weights(folder, [entry(hostile)]).ready("net")
    assert not (tmp_path / "escaped").exists() and not Path("/tmp/escaped-by-clary-test").exists()
    assert not (tmp_path / "elsewhere").exists()
    assert sorted(path.name for path in (folder / "net").iterdir()) == ["LICENSE", "installed.json", "models"]


def test_a_conversion_that_fails_leaves_nothing_and_says_why(tmp_path: Path, serve) -> None:
    serve(GOOD)
    with pytest.raises(WeightsDamaged, match="No module named"):
        Weights(tmp_path, [entry(prepare="clary.no_such_module")]).ready("net")
    assert not (tmp_path / "net").exists()


def test_a_file_that_changed_is_found(tmp_path: Path, serve) -> None:
    serve(GOOD)
    weights = Weights(tmp_path, [entry()])
    weights.ready("net")
    (tmp_path / "net" / "LICENSE").write_bytes(b"TIM")
    with pytest.raises(WeightsDamaged, match="LICENSE is missing or has changed"):
        weights.verify(entry())


def test_a_name_that_nobody_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoSuchWeights, match="there are vision, net"):
        Weights(tmp_path, [entry()]).entries("nett")


def test_the_registry_is_the_one_that_npm_is_configured_to_use(tmp_path: Path) -> None:
    (tmp_path / ".npmrc").write_text("# c\nregistry=https://one.example/\n@a:registry = https://two.example/npm\n")
    options = npm_options({"HOME": str(tmp_path)})
    assert npm_registry("net", options) == "https://one.example/"
    assert npm_registry("@a/net", options) == "https://two.example/npm"
    assert (
        npm_registry("net", npm_options({"HOME": str(tmp_path), "npm_config_registry": "https://x/"})) == "https://x/"
    )
    assert npm_registry("net", {}).startswith("https://registry.npmjs.org")


def test_a_registry_that_cannot_be_reached_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    with pytest.raises(WeightsUnavailable, match=r"cannot be fetched from http://127\.0\.0\.1:9/"):
        Weights(tmp_path, [entry()]).ready("net")


def test_every_entry_of_the_catalogue_names_its_licence_and_its_digests() -> None:
    entries = catalogue()
    assert len({one.name for one in entries}) == len(entries)
    for one in entries:
        assert one.licence in ("MIT", "Apache-2.0", "BSD-3-Clause") and one.origin.startswith("https://")
        assert len(one.sha256) == 64 and all(len(file.sha256) == 64 for file in one.files.values())
        assert any("LICENSE" in path for path in one.files)


def test_the_notice_names_what_is_pulled_and_its_licence() -> None:
    notice = (Path(__file__).parents[3] / "NOTICE").read_text()
    for one in catalogue():
        (line,) = (line for line in notice.splitlines() if line.strip().startswith(f"{one.package} {one.version} "))
        assert f" {one.licence}." in line
