"""What scripts call to train on several hosts; on one host it is a call of the script's own function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any


def rabit_run(
    exec_fun: Callable[..., Any],
    args: Mapping[str, Any],
    include_in_training: bool,
    hosts: Sequence[str],
    current_host: str,
    **options: Any,
) -> None:
    """Runs the script's function with `is_master=True`, if this host has data.

    Args:
        exec_fun: the function.
        args: its arguments by name.
        include_in_training: whether this host has data.
        hosts: all hosts.
        current_host: this one.
        options: how several hosts would meet ("port", "update_rabit_args").

    Raises:
        NotImplementedError: there are several hosts.
    """
    if len(hosts) > 1:
        raise NotImplementedError(
            f"Clary does not have rabit_run for {len(hosts)} hosts: set instance_count=1, "
            "or let the hosts meet with xgboost.collective at MASTER_ADDR and MASTER_PORT"
        )
    if include_in_training:
        exec_fun(**{**args, "is_master": True})
