"""`docker` under `clary exec`."""

from __future__ import annotations

import subprocess
from pathlib import Path

from clary.cli.docker_names import put_in_front, renamed

AWS = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"


def test_awss_addresses_become_clarys_wherever_they_stand() -> None:
    arguments = ["login", "-u", "AWS", f"https://{AWS}"]
    assert renamed(arguments, "127.0.0.1:1")[-1] == "127.0.0.1:1"
    assert renamed(["push", f"{AWS}/a/b:v1"], "127.0.0.1:1") == ["push", "127.0.0.1:1/a/b:v1"]
    assert renamed(["build", f"--tag={AWS}/a", "."], "127.0.0.1:1") == ["build", "--tag=127.0.0.1:1/a", "."]
    assert renamed(["pull", "public.ecr.aws/x", "1234.dkr.ecr.x.amazonaws.com/y"], "127.0.0.1:1")[1:] == [
        "public.ecr.aws/x",
        "1234.dkr.ecr.x.amazonaws.com/y",
    ]


def test_the_real_docker_is_called_with_what_was_typed_but_for_the_address(tmp_path: Path) -> None:
    real, front = tmp_path / "real", tmp_path / "front"
    for folder in (real, front):
        folder.mkdir()
    (real / "docker").write_text('#!/bin/sh\nfor a in "$@"; do echo "<$a>"; done\ncat\nexit 5\n')
    (real / "docker").chmod(0o755)
    environment = {"PATH": f"{real}:/usr/bin:/bin"}
    put_in_front(front, "127.0.0.1:1", environment)
    done = subprocess.run(
        ["docker", "tag", "my image", f"{AWS}/x"], env=environment, input="password", capture_output=True, text=True
    )
    assert done.stdout == "<tag>\n<my image>\n<127.0.0.1:1/x>\npassword"
    assert done.returncode == 5


def test_where_there_is_no_docker_nothing_is_put_in_front(tmp_path: Path) -> None:
    environment = {"PATH": str(tmp_path)}
    put_in_front(tmp_path, "127.0.0.1:1", environment)
    assert environment == {"PATH": str(tmp_path)}
