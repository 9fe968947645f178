"""`clary spot interrupt JOB`: takes a spot job's capacity back, so that one sees whether it goes on as it should."""

from __future__ import annotations

import argparse

from clary.app.settings import Settings
from clary.app.stores import Stores
from clary.cli.client import client, folder_of, running_with_key
from clary.compute.jobs.queue import JobQueue
from clary.compute.jobs.scheduler import NotInterruptible, interrupt
from clary.core.errors import ClaryError


class CannotInterrupt(ClaryError):
    """The job cannot be interrupted; the message says why."""


def run(arguments: argparse.Namespace) -> int:
    """Interrupts the training job; the job's record says so when this returns."""
    folder = folder_of(arguments)
    running, key = running_with_key(folder)
    sagemaker = client("sagemaker", running, key)
    try:
        arn = sagemaker.describe_training_job(TrainingJobName=arguments.name)["TrainingJobArn"]
    except sagemaker.exceptions.ClientError as error:
        raise CannotInterrupt(f"{arguments.name}: {error.response['Error']['Message']}") from error
    stores = Stores(folder, Settings.load(data=arguments.data))
    try:
        interrupt(JobQueue(stores.records, stores.clock), folder.jobs, arn, "as asked by its user", stores.clock.time())
    except NotInterruptible as error:
        raise CannotInterrupt(str(error)) from error
    finally:
        stores.close()
    print(f"{arguments.name} is interrupted; it goes on from its checkpoints when there is room.")
    return 0
