"""Two halves of a training side by side: what is computed in a child costs no time where there is a second CPU."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from clary.core.cpus import available_cpus

T = TypeVar("T")


def beside(compute: Callable[[], T]) -> Callable[[], T]:
    """Begins a computation in a child of this process, which must have a single thread.

    The child has everything that this process has; nothing is copied for it. With one CPU, or where processes cannot be
    forked, it is carried out when its result is asked for.

    Returns:
        A function that waits for the result; it raises what the computation raised.
    """
    if len(available_cpus()) < 2 or "fork" not in multiprocessing.get_all_start_methods():
        return compute
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    child = context.Process(target=_tell, args=(compute, sending), daemon=True)
    child.start()
    sending.close()

    def result() -> T:
        try:
            value, error = receiving.recv()
        except EOFError as ended:
            child.join()
            raise RuntimeError(f"the half that was computed beside ended with {child.exitcode}") from ended
        child.join()
        if error is not None:
            raise error
        found: T = value
        return found

    return result


def _tell(compute: Callable[[], Any], sending: Connection) -> None:
    try:
        sending.send((compute(), None))
    except Exception as error:  # whatever it is: the parent raises it
        sending.send((None, error))
