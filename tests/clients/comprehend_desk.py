"""The clients that work with Comprehend, a bucket of documents, and how to wait for what they start."""

from __future__ import annotations

import io
import json
import random
import tarfile
import time
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config

from tests.clients.conftest import RunningClary

UNFINISHED = (
    "SUBMITTED",
    "IN_PROGRESS",
    "STOP_REQUESTED",
    "TRAINING",
    "CREATING",
    "UPDATING",
    "EVALUATING",
    "DELETING",
)
THEMES = {
    "SPORT": ("match goal striker referee league cup coach penalty stadium defender", "played won lost scored trained"),
    "MONEY": ("shares profit bank market dividend investor bond currency merger budget", "rose fell bought sold paid"),
    "SPACE": (
        "rocket orbit satellite moon launch astronaut telescope galaxy probe crater",
        "landed flew circled saw lifted",
    ),
}


class Comprehension:
    """Clients, a role and a bucket.

    Args:
        name: of everything that is made.
    """

    def __init__(self, clary: RunningClary, name: str) -> None:
        key = clary.environment()
        session = boto3.session.Session(
            aws_access_key_id=key["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=key["AWS_SECRET_ACCESS_KEY"],
            region_name="us-east-1",
        )
        config = Config(retries={"total_max_attempts": 1}, read_timeout=180)

        def client(api: str) -> Any:
            return session.client(api, endpoint_url=clary.url, config=config)

        self.comprehend, self.s3, self.iam = client("comprehend"), client("s3"), client("iam")
        self.name = f"{name}-{random.randrange(10**6)}"
        self.role = self.iam.get_role(RoleName="ClaryExecutionRole")["Role"]["Arn"]
        self.bucket = f"texts-{self.name}"
        self.s3.create_bucket(Bucket=self.bucket)

    def put(self, key: str, content: str | bytes) -> str:
        """Stores an object; its address."""
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content.encode() if isinstance(content, str) else content)
        return f"s3://{self.bucket}/{key}"

    def job(self, source: str, form: str = "ONE_DOC_PER_LINE") -> dict[str, Any]:
        """The members that every Start operation wants."""
        return {
            "InputDataConfig": {"S3Uri": source, "InputFormat": form},
            "OutputDataConfig": {"S3Uri": f"s3://{self.bucket}/results/"},
            "DataAccessRoleArn": self.role,
        }

    def object(self, uri: str) -> bytes:
        """What stands at an address."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        body: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    def archive(self, uri: str) -> dict[str, str]:
        """The files of an archive."""
        with tarfile.open(fileobj=io.BytesIO(self.object(uri)), mode="r:gz") as archive:
            return {
                member.name: archive.extractfile(member).read().decode()  # type: ignore[union-attr]
                for member in archive.getmembers()
                if member.isfile()
            }

    def lines(self, uri: str, name: str = "output") -> list[dict[str, Any]]:
        """The lines of JSON in a file of an archive."""
        return [json.loads(line) for line in self.archive(uri)[name].splitlines()]

    def ended(self, operation: str, member: str, seconds: float = 240, **request: Any) -> dict[str, Any]:
        """What is described when its status is final.

        Args:
            operation: of the client ("describe_sentiment_detection_job").
            member: of the answer.
        """
        return self.until(
            lambda: getattr(self.comprehend, operation)(**request)[member],
            lambda state: state.get("JobStatus", state.get("Status")) not in UNFINISHED,
            seconds,
        )

    @staticmethod
    def until(
        look: Callable[[], dict[str, Any]], over: Callable[[dict[str, Any]], bool], seconds: float = 240
    ) -> dict[str, Any]:
        """What is looked at, once it is as it shall be."""
        deadline = time.monotonic() + seconds
        while True:
            state = look()
            if over(state):
                return state
            assert time.monotonic() < deadline, state
            time.sleep(0.1)


def headlines(count: int, seed: int = 3) -> list[tuple[str, str]]:
    """Made-up sentences with their themes."""
    dice = random.Random(seed)
    rows = []
    for number in range(count):
        theme = sorted(THEMES)[number % len(THEMES)]
        nouns, verbs = (words.split() for words in THEMES[theme])
        one, two, three = dice.sample(nouns, 3)
        rows.append((theme, f"The {one} {dice.choice(verbs)} after the {two} and the {three}, report {number} says"))
    return rows


def pdf(*pages: str) -> bytes:
    """A document with a text layer: one line on each page."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>"]
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects.append(f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode())
    objects.append(b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
    for number, text in enumerate(pages):
        content = f"BT /F1 14 Tf 72 700 Td ({text}) Tj ET".encode()
        media = f"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents {5 + 2 * number} 0 R"
        objects.append(f"{media}/Resources<</Font<</F1 3 0 R>>>>>>".encode())
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(content), content))
    body, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, len(body))
    return body + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + end
