"""The import shim of `clary env` lets botocore forget hard-coded AWS addresses, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from clary.cli.environment import SHIM

PROGRAM = """
import json, sys
loaded = "botocore" in sys.modules
import botocore.session
def url(**given):
    return botocore.session.Session().create_client("sts", region_name="us-east-1", **given).meta.endpoint_url
print(json.dumps([loaded, url(endpoint_url="https://sts.us-east-1.amazonaws.com"),
                  url(endpoint_url="https://sts.example.com"), url(endpoint_url="http://127.0.0.1:99"), url()]))
"""


def run(**variables: str) -> list[object]:
    environment = {**os.environ, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", **variables}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def test_a_hard_coded_aws_address_gives_way_to_the_endpoint_of_the_environment() -> None:
    here = "http://127.0.0.1:4566"
    assert run(PYTHONPATH=str(SHIM), AWS_ENDPOINT_URL=here) == [
        False, here, "https://sts.example.com", "http://127.0.0.1:99", here,
    ]  # fmt: skip


def test_without_an_endpoint_in_the_environment_nothing_changes() -> None:
    environment = {"PYTHONPATH": str(SHIM), "AWS_ENDPOINT_URL": ""}
    assert run(**environment)[1] == "https://sts.us-east-1.amazonaws.com"


def test_a_sitecustomize_that_is_shadowed_still_runs(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import builtins; builtins.shadowed_ran = True\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(SHIM), str(tmp_path)])}
    program = "import builtins; print(builtins.shadowed_ran)"
    done = subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "True"
