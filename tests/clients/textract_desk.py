"""Textract over boto3, papers that are made up, and AWS's own parsers."""

from __future__ import annotations

import importlib.util
import json
import random
import subprocess
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.clients.conftest import ROOT, RunningClary, client_python

SHARED = ROOT.parent / "shared/data"
_FINISHED_SECONDS = 240


def _load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAPERS: Any = _load(ROOT / "examples/invoices/make.py")
"""`Sheet` and `pdf` of the example."""


class TextractDesk:
    """Clients of one Clary, and a bucket."""

    def __init__(self, clary: RunningClary, name: str = "papers") -> None:
        key = clary.environment()
        self.session = boto3.Session(
            aws_access_key_id=key["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=key["AWS_SECRET_ACCESS_KEY"],
            region_name="us-east-1",
        )
        self.url = clary.url
        self.textract, self.s3, self.iam = self.client("textract"), self.client("s3"), self.client("iam")
        self.bucket = f"{name}-{random.randrange(10**9)}"
        self.s3.create_bucket(Bucket=self.bucket)

    def client(self, api: str, **more: Any) -> Any:
        """A client of an API."""
        config = Config(read_timeout=200, retries={"total_max_attempts": 1})
        return self.session.client(api, endpoint_url=self.url, config=config, **more)

    def put(self, key: str, content: bytes) -> dict[str, str]:
        """Stores an object; the S3Object that names it."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content)
        return {"Bucket": self.bucket, "Name": key}

    def start(self, kind: str, content: bytes, **more: Any) -> str:
        """Starts a job ("document_analysis") on a document."""
        place = self.put(f"{random.randrange(10**9)}.pdf", content)
        return str(getattr(self.textract, f"start_{kind}")(DocumentLocation={"S3Object": place}, **more)["JobId"])

    def finished(self, kind: str, job_id: str) -> dict[str, Any]:
        """Waits for a job; its first answer."""
        deadline = time.monotonic() + _FINISHED_SECONDS
        while (answer := getattr(self.textract, f"get_{kind}")(JobId=job_id))["JobStatus"] == "IN_PROGRESS":
            assert time.monotonic() < deadline, f"{kind} {job_id} is still in progress"
            time.sleep(0.1)
        return dict(answer)

    def blocks(self, kind: str, job_id: str) -> list[dict[str, Any]]:
        """All blocks of a job, page by page."""
        found: list[dict[str, Any]] = []
        token: dict[str, str] = {}
        while True:
            answer = getattr(self.textract, f"get_{kind}")(JobId=job_id, **token)
            found += answer["Blocks"]
            if "NextToken" not in answer:
                return found
            token = {"NextToken": answer["NextToken"]}


def parsed(*answers: tuple[str, dict[str, Any]]) -> list[Any]:
    """What AWS's parsers find in answers; see `tests/clients/scripts/read_textract.py`."""
    plain = [
        (kind, {name: value for name, value in answer.items() if name != "ResponseMetadata"})
        for kind, answer in answers
    ]
    script = Path(__file__).parent / "scripts/read_textract.py"
    done = subprocess.run(
        [str(client_python("parsers")), str(script)], input=json.dumps(plain), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout)
    return found


def texts(blocks: list[dict[str, Any]], kind: str = "LINE") -> list[str]:
    """The texts of blocks of a kind, in their order."""
    return [block["Text"] for block in blocks if block["BlockType"] == kind]


def refusal(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    """Code and message of an error."""
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def sample(name: str) -> bytes:
    """One of AWS's sample documents; the test is skipped where they are absent."""
    path = SHARED / "aws_sample_documents/common" / name
    if not path.exists():
        pytest.skip(f"{path} is not there")
    return path.read_bytes()


def form() -> bytes:
    """A form with fields, a table and a heading."""
    sheet = PAPERS.Sheet().text(50, 60, "Membership Application", 20, bold=True)
    for row, (name, value) in enumerate(FIELDS):
        sheet.text(50, 110 + 24 * row, f"{name}:", bold=True).text(190, 110 + 24 * row, value)
    sheet.table(50, 260, [160, 120, 120], TABLE)
    sheet.text(50, 420, "Members agree to the rules of the club. Fees are due on the first day of each quarter.")
    sheet.text(50, 434, "The board meets every second Tuesday in the reading room of the library.")
    return bytes(PAPERS.pdf(sheet))


FIELDS = (
    ("Full Name", "Maria Lindqvist"),
    ("Date of Birth", "04/17/1986"),
    ("Membership Number", "C-20817"),
    ("Phone", "555-0142"),
)
TABLE = [
    ["Course", "Hours", "Fee"],
    ["Pottery", "12", "140.00"],
    ["Weaving", "8", "95.50"],
    ["Drawing", "20", "210.00"],
]
