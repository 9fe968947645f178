from __future__ import annotations

import io
import os
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clary.compute.contract import JobSpec, Output, Program
from clary.compute.folder import remove_tree
from clary.compute.jobs import uploading
from clary.compute.jobs.channel_files import DataError
from clary.compute.jobs.uploading import CheckpointSync, pack, upload_outputs
from tests.programs.job_stores import ACCOUNT, REGION, ROLE, Stores


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    stores = Stores(tmp_path)
    yield stores
    stores.close()


def spec(*outputs: Output, hosts: int = 1, checkpoint_uri: str = "") -> JobSpec:
    program = Program(entry="a:b")
    return JobSpec(
        "id",
        "kind",
        ACCOUNT,
        REGION,
        "job",
        "arn",
        ROLE,
        program,
        hosts=hosts,
        outputs=outputs,
        checkpoint_uri=checkpoint_uri,
    )


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def packed(*folders: Path) -> bytes:
    file = io.BytesIO()
    pack(list(folders), file)
    return file.getvalue()


def names(archive: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return opened.getnames()


def keys(stores: Stores, prefix: str) -> list[str]:
    return [stored.key for stored in stores.objects.list("data", prefix).objects]


def test_equal_files_make_equal_archives_whenever_and_in_whatever_order_they_are_written(tmp_path: Path) -> None:
    for number, order in enumerate((("a", "deep/b"), ("deep/b", "a"))):
        for name in order:
            path = write(tmp_path / str(number) / name, name)
            os.utime(path, (number, number))
    assert packed(tmp_path / "0") == packed(tmp_path / "1")
    assert names(packed(tmp_path / "0")) == ["a", "deep", "deep/b"]


def test_an_archive_never_holds_what_lies_outside_its_folder(tmp_path: Path) -> None:
    secret = write(tmp_path / "secret", "key")
    model = tmp_path / "model"
    write(model / "real", "weights")
    (model / "inside").symlink_to(model / "real")
    (model / "outside").symlink_to(secret)
    (model / "folder").symlink_to(tmp_path)
    (model / "dangling").symlink_to(tmp_path / "nothing")
    os.mkfifo(model / "pipe")
    archive = packed(model)
    assert names(archive) == ["inside", "real"]
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        file = opened.extractfile("inside")
        assert file is not None and file.read() == b"weights"


def test_programs_stay_executable_and_owners_are_not_told(tmp_path: Path) -> None:
    write(tmp_path / "model/run", "x").chmod(0o700)
    with tarfile.open(fileobj=io.BytesIO(packed(tmp_path / "model"))) as opened:
        member = opened.getmember("run")
    assert (member.mode, member.uid, member.uname, member.mtime) == (0o755, 0, "", 0)


def test_outputs_are_archives_or_single_files_and_empty_ones_are_left_out(stores: Stores, tmp_path: Path) -> None:
    root = tmp_path / "algo-1"
    write(root / "model/m", "1")
    write(root / "extra/deep/e", "2")
    (root / "output/data").mkdir(parents=True)
    (root / "needed").mkdir()
    outputs = (
        Output("model", "s3://data/o/model.tar.gz"),
        Output("extra", "s3://data/o/extra/", packing="files"),
        Output("output/data", "s3://data/o/output.tar.gz"),
        Output("needed", "s3://data/o/needed.tar.gz", required=True),
    )
    stored = upload_outputs(stores.data, spec(*outputs), [root], tmp_path, model=True)
    assert stored == {output.folder: output.uri for output in (outputs[0], outputs[1], outputs[3])}
    assert keys(stores, "o/") == ["o/extra/deep/e", "o/model.tar.gz", "o/needed.tar.gz"]
    assert sorted(path.name for path in tmp_path.glob("*.tar.gz")) == []


def test_a_failed_job_leaves_its_output_and_no_model(stores: Stores, tmp_path: Path) -> None:
    write(tmp_path / "algo-1/model/m", "1")
    write(tmp_path / "algo-1/output/data/log", "2")
    outputs = (Output("model", "s3://data/o/model.tar.gz"), Output("output/data", "s3://data/o/output.tar.gz"))
    stored = upload_outputs(stores.data, spec(*outputs), [tmp_path / "algo-1"], tmp_path, model=False)
    assert stored == {"output": "s3://data/o/output.tar.gz"}


def test_the_model_is_the_first_hosts_and_outputs_are_put_together(stores: Stores, tmp_path: Path) -> None:
    roots = [tmp_path / f"algo-{number}" for number in (1, 2)]
    for root in roots:
        write(root / "model/m", root.name)
        write(root / f"output/data/{root.name}", root.name)
    outputs = (Output("model", "s3://data/o/model", "files"), Output("output/data", "s3://data/o/out", "files"))
    upload_outputs(stores.data, spec(*outputs, hosts=2), roots, tmp_path, model=True)
    assert keys(stores, "o/") == ["o/model/m", "o/out/algo-1", "o/out/algo-2"]
    assert stores.objects.open(stores.objects.head("data", "o/model/m")).read() == b"algo-1"


def test_a_bucket_that_is_not_there_is_named(stores: Stores, tmp_path: Path) -> None:
    write(tmp_path / "algo-1/model/m", "1")
    output = Output("model", "s3://nowhere/model.tar.gz")
    with pytest.raises(DataError, match="NoSuchBucket for s3://nowhere/model"):
        upload_outputs(stores.data, spec(output), [tmp_path / "algo-1"], tmp_path, model=True)


def test_checkpoints_are_uploaded_while_the_job_runs_and_the_rest_at_the_end(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: Callable[[Callable[[], bool]], None]
) -> None:
    monkeypatch.setattr(uploading, "_SYNC_SECONDS", 0.02)
    folder = tmp_path / "algo-1/checkpoints"
    sync = CheckpointSync(stores.data, spec(checkpoint_uri="s3://data/ck/"), [folder])
    sync.start()
    write(folder / "deep/one", "1")
    until(lambda: keys(stores, "ck/") == ["ck/deep/one"])
    stored = stores.objects.head("data", "ck/deep/one")
    write(folder / "two", "2")
    sync.close()
    assert keys(stores, "ck/") == ["ck/deep/one", "ck/two"]
    assert stores.objects.head("data", "ck/deep/one").id == stored.id, "what has not changed is not uploaded again"


def test_a_checkpoint_that_is_being_written_waits(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: Callable[[Callable[[], bool]], None]
) -> None:
    monkeypatch.setattr(uploading, "_SYNC_SECONDS", 0.05)
    folder = tmp_path / "algo-1/checkpoints"
    folder.mkdir(parents=True)
    sync = CheckpointSync(stores.data, spec(checkpoint_uri="s3://data/ck"), [folder])
    sync.start()
    with (folder / "growing").open("w") as growing:
        for _ in range(40):
            growing.write("x")
            growing.flush()
            time.sleep(0.01)
        assert keys(stores, "ck/") == []
    until(lambda: keys(stores, "ck/") == ["ck/growing"])
    sync.close()


def test_hosts_share_the_prefix_of_checkpoints_and_store_only_what_they_wrote(stores: Stores, tmp_path: Path) -> None:
    folders = [tmp_path / f"algo-{number}/checkpoints" for number in (1, 2)]
    for folder in folders:
        write(folder / "step", "restored")
        write(folder / "rank", "restored")
    sync = CheckpointSync(stores.data, spec(hosts=2, checkpoint_uri="s3://data/ck/"), folders)
    sync.start()
    write(folders[0] / "step", "of the first host")
    write(folders[1] / "rank", "of the second host")
    write(folders[1] / "new", "of the second host")
    sync.close()
    assert keys(stores, "ck/") == ["ck/new", "ck/rank", "ck/step"]
    texts = {key: stores.objects.source("data", key).file().read().decode() for key in keys(stores, "ck/")}
    assert texts == {
        "ck/new": "of the second host",
        "ck/rank": "of the second host",
        "ck/step": "of the first host",
    }


def test_a_folder_that_a_program_replaced_by_a_link_is_not_stored(stores: Stores, tmp_path: Path) -> None:
    write(tmp_path / "elsewhere/data/secret", "key")
    root = tmp_path / "algo-1"
    root.mkdir()
    (root / "model").symlink_to(tmp_path / "elsewhere")
    (root / "output").symlink_to(tmp_path / "elsewhere")
    outputs = (Output("model", "s3://data/o/m.tar.gz"), Output("output/data", "s3://data/o/out", "files"))
    assert upload_outputs(stores.data, spec(*outputs), [root], tmp_path, model=True) == {}
    assert keys(stores, "o/") == []


def test_links_that_lead_outside_are_not_stored_as_files_or_checkpoints(stores: Stores, tmp_path: Path) -> None:
    secret = write(tmp_path / "secret", "key")
    root = tmp_path / "algo-1"
    for folder in ("model", "checkpoints"):
        write(root / folder / "real", "1")
        (root / folder / "link").symlink_to(secret)
        (root / folder / "up").symlink_to(tmp_path)
        os.mkfifo(root / folder / "pipe")
    upload_outputs(stores.data, spec(Output("model", "s3://data/o", "files")), [root], tmp_path, model=True)
    CheckpointSync(stores.data, spec(checkpoint_uri="s3://data/ck"), [root / "checkpoints"]).close()
    assert keys(stores, "o") == ["o/real"]
    assert keys(stores, "ck") == ["ck/real"]


def test_outputs_that_are_nested_too_deep_to_be_named_fail_the_job_with_a_reason(
    tmp_path: Path, stores: Stores
) -> None:
    model = tmp_path / "host" / "model"
    model.mkdir(parents=True)
    script = "import os\nfor _ in range(2000):\n os.mkdir('d' * 9)\n os.chdir('d' * 9)\n"
    subprocess.run([sys.executable, "-c", script], cwd=model, check=True)
    job = spec(Output("model", "s3://data/out/model.tar.gz", "tar.gz", required=True))
    try:
        with pytest.raises(DataError, match="File name too long"):
            upload_outputs(stores.data, job, [tmp_path / "host"], tmp_path, model=True)
    finally:
        remove_tree(model)
