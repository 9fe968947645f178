"""`kill -9` of Clary, or of what it asks, in the middle of a tuning job: every trial is there, each once."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest

from tests.clients.conftest import RunningClary, start_clary
from tests.clients.tuning import config, definition, ended, put_data, trials_of, until

ROUNDS = int(os.environ.get("CLARY_CRASH_ROUNDS", "2"))
TRIALS = 8


def server_of(clary: RunningClary) -> psutil.Process:
    listening = [
        process
        for process in psutil.process_iter(["cmdline"])
        if "up" in (process.info["cmdline"] or []) and str(clary.data) in process.info["cmdline"]
    ]
    return listening[0]


def kill(process: psutil.Process) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(20)


@pytest.fixture
def clary(tmp_path: Path) -> Iterator[RunningClary]:
    running = start_clary(tmp_path / "data")
    yield running
    running.command("down")


def clients(clary: RunningClary) -> tuple[Any, Any]:
    key = clary.environment()
    session = boto3.session.Session(key["AWS_ACCESS_KEY_ID"], key["AWS_SECRET_ACCESS_KEY"], region_name="us-east-1")
    return session.client("sagemaker", endpoint_url=clary.url), session.client("s3", endpoint_url=clary.url)


def check_all_trials_are_there_once(sagemaker: Any, name: str) -> None:
    told = ended(sagemaker, name, 120)
    assert told["HyperParameterTuningJobStatus"] == "Completed"
    assert told["TrainingJobStatusCounters"]["Completed"] == TRIALS
    lines = trials_of(sagemaker, name)
    assert [int(line["TrainingJobName"].split("-")[-2]) for line in lines] == list(range(1, TRIALS + 1))
    every = sagemaker.list_training_jobs(NameContains=f"{name}-", MaxResults=100)["TrainingJobSummaries"]
    assert {job["TrainingJobName"] for job in every} == {line["TrainingJobName"] for line in lines}


def test_a_tuning_job_survives_kill_9_of_clary_and_runs_the_same_trials(clary: RunningClary) -> None:
    sagemaker, s3 = clients(clary)
    s3.create_bucket(Bucket="tuning-crash")
    put_data(s3, "tuning-crash")
    role = "arn:aws:iam::123456789012:role/ClaryExecutionRole"
    turns = random.Random(20)

    def create(name: str) -> None:
        sagemaker.create_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=name,
            HyperParameterTuningJobConfig=config("Bayesian", most=TRIALS, parallel=1, RandomSeed=3),
            TrainingJobDefinition=definition("tuning-crash", role, num_round="30"),
        )

    create("whole")
    ended(sagemaker, "whole")
    port = int(clary.url.rsplit(":", 1)[1])
    for turn in range(ROUNDS):
        name = f"killed-{turn}"
        create(name)
        wanted = turns.randrange(TRIALS - 1)
        until("some trials", lambda wanted=wanted, name=name: len(trials_of(sagemaker, name)) > wanted)
        time.sleep(turns.random() * 0.3)
        kill(server_of(clary))
        start_clary(clary.data, port)
        check_all_trials_are_there_once(sagemaker, name)
        tuned = [[line["TunedHyperParameters"] for line in trials_of(sagemaker, one)] for one in ("whole", name)]
        assert tuned[0] == tuned[1]


def test_a_tuning_job_survives_the_end_of_the_processes_that_clary_started(clary: RunningClary) -> None:
    sagemaker, s3 = clients(clary)
    s3.create_bucket(Bucket="tuning-crash")
    put_data(s3, "tuning-crash")
    sagemaker.create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName="beheaded",
        HyperParameterTuningJobConfig=config("Bayesian", most=TRIALS, parallel=1),
        TrainingJobDefinition=definition("tuning-crash", "arn:aws:iam::123456789012:role/ClaryExecutionRole"),
    )
    until("two trials", lambda: len(trials_of(sagemaker, "beheaded")) > 1)
    trunks = server_of(clary).children()
    branches = [branch for trunk in trunks for branch in trunk.children()]
    assert len(branches) == 2
    for server in (*trunks, *branches):  # the fork servers, and with them the advisor
        server.send_signal(signal.SIGKILL)
    check_all_trials_are_there_once(sagemaker, "beheaded")
