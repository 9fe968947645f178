"""How a sentiment job goes through many reviews: how fast, in how much memory, and what it tells on its way.

.venv/bin/python -m benchmarks.text_jobs [--documents 20000,100000] [--write]

Each line is a review of one or two sentences out of sentence_polarity and VADER's rated sentences about products, drawn
anew for each number of lines. Memory is the peak that the kernel keeps for a process (VmHWM): of the largest process
that came with the job, and of the server.
"""

from __future__ import annotations

import io
import json
import random
import re
import sys
import tarfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from benchmarks.clary_server import Server, running_clary
from benchmarks.report import machine, table
from benchmarks.text.labelled import csv_rows, json_rows
from benchmarks.text.page import publish

BUCKET = "reviews"
LONGEST_SECONDS = 3_600
_PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


class Watch:
    """Notes the peak memory of the processes that come after it began.

    Args:
        server: whose processes.
    """

    def __init__(self, server: Server) -> None:
        self._before = {process.pid for process in psutil.process_iter()}
        self._server = server.pid
        self._mine = str(server.data)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.peak_mebibytes = 0.0

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(0.5):
            for process in psutil.process_iter():
                if process.pid not in self._before and self._is_of_job(process):
                    self.peak_mebibytes = max(self.peak_mebibytes, peak_mebibytes(process.pid))

    def _is_of_job(self, process: psutil.Process) -> bool:
        try:
            family = [process, *process.parents()]
            return any(one.pid == self._server or self._mine in " ".join(one.cmdline()) for one in family)
        except psutil.Error:
            return False


def peak_mebibytes(pid: int) -> float:
    """The most memory that a process has held; 0 when it is gone."""
    try:
        found = _PEAK.search(Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0


def reviews(count: int) -> str:
    """So many lines."""
    chance = random.Random(count)
    pool = [row["text"] for row in csv_rows("sentence_polarity/dev/sentences.csv")]
    pool += [row["text"] for row in json_rows("text/sent_vader/amazon.jsonl")]
    clean = [" ".join(text.split()) for text in pool]
    return "".join(" ".join(chance.sample(clean, chance.choice((1, 1, 2)))) + "\n" for _ in range(count))


def run(server: Server, role: str, count: int) -> list[str]:
    """A row of the table."""
    s3, comprehend = server.client("s3"), server.client("comprehend")
    body = reviews(count).encode()
    s3.put_object(Bucket=BUCKET, Key=f"in/{count}.txt", Body=body)
    told: dict[str, None] = {}
    with Watch(server) as watch:
        began = time.monotonic()
        job = comprehend.start_sentiment_detection_job(
            InputDataConfig={"S3Uri": f"s3://{BUCKET}/in/{count}.txt", "InputFormat": "ONE_DOC_PER_LINE"},
            OutputDataConfig={"S3Uri": f"s3://{BUCKET}/out/{count}/"},
            DataAccessRoleArn=role,
            LanguageCode="en",
        )["JobId"]
        while True:
            answer = comprehend.describe_sentiment_detection_job(JobId=job)
            state: dict[str, Any] = answer["SentimentDetectionJobProperties"]
            told[state.get("Message", "")] = None
            if state["JobStatus"] not in ("SUBMITTED", "IN_PROGRESS"):
                break
            if time.monotonic() - began > LONGEST_SECONDS:
                raise SystemExit(f"still not ready: {state}")
            time.sleep(0.5)
        seconds = time.monotonic() - began
    if state["JobStatus"] != "COMPLETED":
        raise SystemExit(str(state))
    check(s3, state["OutputDataConfig"]["S3Uri"], count)
    said = [message for message in told if "so far" in message]
    middle = said[len(said) // 2] if said else "-"
    return [
        f"{count:,}",
        f"{len(body) / 1e6:.1f}",
        f"{seconds:.0f}",
        f"{count / seconds:,.0f}",
        f"{watch.peak_mebibytes:.0f}",
        f"{peak_mebibytes(server.pid):.0f}",
        f"{len(said)}, as: {middle}",
    ]


def check(s3: Any, uri: str, count: int) -> None:
    """Every line has its answer, once and in order."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    packed = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        output = archive.extractfile("output")
        assert output is not None
        for number, line in enumerate(output):
            found = json.loads(line)
            if found["Line"] != number or "Sentiment" not in found:
                raise SystemExit(f"line {number}: {found}")
        if number + 1 != count:
            raise SystemExit(f"{number + 1} answers for {count} lines")


def main() -> None:
    asked = sys.argv[sys.argv.index("--documents") + 1] if "--documents" in sys.argv else "20000,100000"
    with running_clary() as server:
        role = server.client("iam").get_role(RoleName="ClaryExecutionRole")["Role"]["Arn"]
        server.client("s3").create_bucket(Bucket=BUCKET)
        run(server, role, 100)  # what is loaded once
        rows = [run(server, role, int(count)) for count in asked.split(",")]
    head = ("reviews", "MB", "seconds", "a second", "peak of the job, MiB", "peak of the server, MiB", "progress told")
    publish("text_jobs", f"{table(head, rows)}\n\n{machine()}.")


if __name__ == "__main__":
    main()
