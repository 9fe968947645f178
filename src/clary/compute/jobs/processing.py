"""The folder of a processing job: its configuration in `/opt/ml/config`, and the message it leaves.

A processing job is a program with inputs and outputs at places of its own choice below `/opt/ml/processing`; it has no
hyperparameters, channels or model.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Sequence
from pathlib import Path

from clary.compute.contract import JobSpec
from clary.compute.folder import clear, host_names, is_inside
from clary.compute.jobs.channel_files import DataError

MOST_MESSAGE_CHARACTERS = 1024
FOLDER = "processing"
_MESSAGE = "output/message"


def lay_out_processing(root: Path, spec: JobSpec, host: str) -> None:
    """Makes the folders and configuration files of one host; what an earlier attempt left is removed.

    Args:
        root: the host's `/opt/ml`.
    """
    for name in ("config", "input", "output", ".environment", FOLDER):
        clear(root / name)
    folders = [channel.folder for channel in spec.channels] + [output.folder for output in spec.outputs]
    for name in ("config", "input/config", "output", FOLDER, *folders):
        (root / name).mkdir(parents=True, exist_ok=True)
    resources = {
        "current_host": host,
        "hosts": host_names(spec.hosts),
        "network_interface_name": "lo",
        "current_instance_type": spec.instance_type,
    }
    for place in ("config", "input/config"):  # isolation reads the names of the hosts at the second, as in training
        (root / place / "resourceconfig.json").write_text(json.dumps(resources), encoding="utf-8")
    (root / "config/processingjobconfig.json").write_text(json.dumps(spec.processing), encoding="utf-8")


def exit_message(roots: Sequence[Path]) -> str:
    """What the programs wrote to `/opt/ml/output/message`, one host after the other.

    Args:
        roots: each host's `/opt/ml`.

    Returns:
        At most 1,024 characters.

    Raises:
        DataError: it is not UTF-8.
    """
    message = ""
    for root in roots:
        path = root / _MESSAGE
        if is_inside(path, root) and path.is_file():
            message += _start_of(path)
    return message[:MOST_MESSAGE_CHARACTERS]


def _start_of(path: Path) -> str:
    with path.open("rb") as file:
        written = file.read(4 * MOST_MESSAGE_CHARACTERS)
        is_all = not file.read(1)
    try:  # a character that was cut in two at the end of what was read is no fault of the program's
        return codecs.getincrementaldecoder("utf-8")().decode(written, final=is_all)
    except UnicodeDecodeError:
        raise DataError(f"the exit message in /opt/ml/{_MESSAGE} is not encoded in UTF-8") from None
