"""Containers that an earlier life of Clary left behind."""

from __future__ import annotations

import logging
from pathlib import Path

from clary.compute.containers.engine import NoEngine, find_engine
from clary.compute.containers.program import DATA_LABEL, sweep

_log = logging.getLogger(__name__)


def remove_leftovers(container_socket: str, data: Path) -> None:
    """Removes containers of this data folder whose process is dead; where there is no engine there are none.

    Args:
        container_socket: the engine's, "" for the usual places.
        data: the data folder that they are labelled with.
    """
    try:
        engine = find_engine(container_socket)
    except NoEngine:
        return
    removed = sweep(engine, {DATA_LABEL: str(data)})
    if removed:
        _log.warning("removed %d containers that nobody looked after any more", removed)
