"""The `clary` command as a user types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from tests.clients.conftest import CLARY, RunningClary, start_clary

IDENTITY = """
import boto3
client = boto3.client("sts")
print(client.meta.endpoint_url, client.get_caller_identity()["Arn"])
"""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RunningClary]:
    """A Clary for tests that stop it."""
    running = start_clary(tmp_path / "data")
    yield running
    running.command("down")


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(CLARY), *arguments], capture_output=True, text=True, timeout=60, **options)  # type: ignore[call-overload]


def test_a_data_folder_in_use_is_refused_with_the_address(own: RunningClary) -> None:
    for extra in ([], ["--detach"]):
        refused = run("up", "--data", str(own.data), "--port", "0", *extra)
        assert refused.returncode == 1
        assert f"{own.data} is in use by another Clary, at {own.url}" in refused.stderr


def test_a_taken_port_is_refused_with_a_way_out(own: RunningClary, tmp_path: Path) -> None:
    refused = run("up", "--data", str(tmp_path / "other"), "--port", own.url.rsplit(":", 1)[1])
    assert refused.returncode == 1
    assert "--port 0" in refused.stderr


def test_env_prints_plain_exports_that_a_shell_can_read(clary: RunningClary) -> None:
    lines = clary.command("env").splitlines()
    assert all(line.startswith("export ") and "=" in line for line in lines)
    shell = f"eval \"$({CLARY} env --data {clary.data})\"; {sys.executable} -c '{IDENTITY}'"
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [clary.url, "arn:aws:sts::123456789012:assumed-role/ClaryExecutionRole/clary"]


def test_exec_makes_every_aws_address_clary_over_tls(clary: RunningClary) -> None:
    program = """
import boto3, json, urllib.request
s3 = boto3.client("s3")
s3.create_bucket(Bucket="through-tls")
s3.put_object(Bucket="through-tls", Key="a b/ü", Body=b"x" * 300_000)
body = s3.get_object(Bucket="through-tls", Key="a b/ü")["Body"].read()
print(json.dumps([s3.meta.endpoint_url, len(body), boto3.client("sts").get_caller_identity()["Account"]]))
"""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    done = run("exec", "--data", str(clary.data), "--", sys.executable, "-c", program, env=environment)
    assert json.loads(done.stdout) == ["https://s3.amazonaws.com", 300_000, "123456789012"], done.stderr


def test_exec_returns_the_exit_code_of_its_program(clary: RunningClary) -> None:
    assert run("exec", "--data", str(clary.data), "--", "sh", "-c", "exit 7").returncode == 7
    missing = run("exec", "--data", str(clary.data), "--", "no-such-program-here")
    assert (missing.returncode, "no-such-program-here cannot be started" in missing.stderr) == (1, True)
    assert "clary exec -- python train.py" in run("exec", "--data", str(clary.data)).stderr


def test_down_stops_it_and_up_finds_everything_again(own: RunningClary) -> None:
    key = own.environment()
    s3 = boto3.client(
        "s3",
        endpoint_url=own.url,
        aws_access_key_id=key["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=key["AWS_SECRET_ACCESS_KEY"],
        region_name="us-east-1",
    )
    s3.create_bucket(Bucket="kept")
    s3.put_object(Bucket="kept", Key="k", Body=b"v")
    assert "has stopped" in own.command("down")
    assert "No Clary runs" in own.command("down")
    for command in ("status", "env"):
        refused = run(command, "--data", str(own.data))
        assert (refused.returncode, "clary up --data" in refused.stderr) == (1, True)
    port = own.url.rsplit(":", 1)[1]
    run("up", "--data", str(own.data), "--port", port, "--detach", check=True)
    assert own.environment()["AWS_SECRET_ACCESS_KEY"] == key["AWS_SECRET_ACCESS_KEY"]
    assert s3.get_object(Bucket="kept", Key="k")["Body"].read() == b"v"


def test_up_in_the_foreground_says_where_it_is_and_stops_at_sigterm(tmp_path: Path) -> None:
    command = [str(CLARY), "up", "--data", str(tmp_path / "data"), "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    first = server.stdout.readline()
    assert first.startswith("Clary answers at http://127.0.0.1:")
    with urllib.request.urlopen(first.split()[-1] + "/metrics", timeout=10) as answer:
        assert b"clary_requests_total" in answer.read()
    server.send_signal(signal.SIGTERM)
    assert server.wait(30) == 0
    server.stdout.close()


def test_status_and_doctor_tell_what_runs_and_what_works(clary: RunningClary) -> None:
    status = run("status", "--data", str(clary.data), env={**os.environ, "COLUMNS": "200"})
    assert clary.url in status.stdout
    assert "Training jobs" in status.stdout
    doctor = run("doctor", "--data", str(clary.data), env={**os.environ, "COLUMNS": "200"})
    assert doctor.returncode == 0, doctor.stdout
    for what in ("Python", "machine", "data folder", "port", "isolation", "confinement", "containers", "GPU"):
        assert what in doctor.stdout


def test_a_mirror_shows_a_folder_to_everybody_and_takes_no_writes(clary: RunningClary, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("hello")
    added = run("mirror", "--data", str(clary.data), "add", "public-samples", str(tmp_path))
    assert "1 files added" in added.stdout, added.stderr
    with urllib.request.urlopen(f"{clary.url}/public-samples/data/a.txt", timeout=10) as answer:
        assert answer.read() == b"hello"
    request = urllib.request.Request(f"{clary.url}/public-samples/data/b.txt", data=b"x", method="PUT")
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(request, timeout=10)
    assert refusal.value.code == 403
    refusal.value.close()


def test_a_mirror_needs_a_name_that_a_bucket_can_have_and_a_folder(clary: RunningClary, tmp_path: Path) -> None:
    for name, folder, complaint in (
        ("Bad_Name", str(tmp_path), "'Bad_Name' cannot be a bucket's name"),
        ("good-name", str(tmp_path / "none"), "none is not a folder"),
    ):
        refused = run("mirror", "--data", str(clary.data), "add", name, folder)
        assert (refused.returncode, complaint in refused.stderr) == (1, True), refused.stderr


def test_logs_of_an_unknown_job_are_an_error_that_names_it(clary: RunningClary) -> None:
    refused = run("logs", "--data", str(clary.data), "no-such-job")
    assert (refused.returncode, "no-such-job" in refused.stderr) == (1, True)


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    refused = run("up", "--data", str(tmp_path), "--port", "99999")
    assert (refused.returncode, "port is 99999" in refused.stderr) == (1, True)


def test_verification_can_be_switched_off_and_up_warns_of_it(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    started = run("up", "--data", data, "--port", "0", "--detach", env={**os.environ, "CLARY_VERIFY_SIGNATURES": "no"})
    try:
        assert "WARNING  signatures and policies are not checked" in started.stdout
        url = started.stdout.split("answers at ")[1].split()[0]
        s3 = boto3.client(
            "s3", endpoint_url=url, aws_access_key_id="any", aws_secret_access_key="any", region_name="us-east-1"
        )
        s3.create_bucket(Bucket="open")
        s3.put_object(Bucket="open", Key="k", Body=b"v")
        with urllib.request.urlopen(f"{url}/open/k", timeout=10) as answer:
            assert answer.read() == b"v"
    finally:
        run("down", "--data", data)
