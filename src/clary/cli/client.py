"""AWS clients for the Clary of a data folder: the command is a client like any other."""

from __future__ import annotations

import argparse
from typing import Any

import botocore.session
from botocore.config import Config

from clary.app.data_folder import DataFolder, FirstKey, NotRunning, Running
from clary.app.settings import Settings


def folder_of(arguments: argparse.Namespace) -> DataFolder:
    """The data folder that `--data`, `CLARY_DATA` or the default names."""
    return DataFolder(Settings.load(data=arguments.data).data)


def running_with_key(folder: DataFolder) -> tuple[Running, FirstKey]:
    """Where the folder's Clary listens, and its first key.

    Raises:
        NotRunning: no Clary runs there.
    """
    running = folder.require_running()
    key = folder.load_first_key()
    if key is None:
        raise NotRunning(f"{folder.root} holds no key; start Clary on it once with `clary up --data {folder.root}`.")
    return running, key


def client(api: str, running: Running, key: FirstKey) -> Any:
    """A botocore client of one API that talks to a running Clary."""
    return botocore.session.Session().create_client(
        api,
        region_name=key.region,
        endpoint_url=running.url,
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
        config=Config(retries={"total_max_attempts": 2}, connect_timeout=5, read_timeout=30),
    )
