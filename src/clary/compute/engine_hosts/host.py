"""An engine's process: loads it once and answers calls until the connection ends.

What comes in are pictures, documents and texts of strangers, read by large libraries in C. So this process is confined
(`confinement.py`), and may die of its input without anybody else noticing more than a second attempt.
"""

from __future__ import annotations

import importlib
import os
import socket
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from clary.compute.engine_hosts.channel import ChannelClosed, EngineChannel
from clary.compute.forking.child import LISTENING
from clary.engines.refusals import Refused


def main(module: str) -> int:
    """Serves the engine that `module` loads, on the socket that the process was started with.

    Args:
        module: has a function `load()`, whose result's public methods are the calls; several threads use them at once.
    """
    channel = EngineChannel(socket.socket(fileno=LISTENING))
    engine = importlib.import_module(module).load()
    with ThreadPoolExecutor(os.cpu_count() or 1, "call") as threads:
        while True:
            try:
                call = channel.receive()
            except OSError:  # the gateway is gone, and with it whoever waits for answers
                os._exit(0)
            threads.submit(_answer, channel, engine, call)


def _answer(channel: EngineChannel, engine: object, call: dict[str, Any]) -> None:
    try:
        channel.send({"id": call["id"], **_carry_out(engine, call["method"], call["arguments"])})
    except ChannelClosed:
        pass
    except Exception:  # what it answered is no plain value: a fault of the engine's, told like any other
        channel.send({"id": call["id"], "failed": traceback.format_exc()})


def _carry_out(engine: object, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        function = None if method.startswith("_") else getattr(engine, method, None)
        if function is None:
            return {"failed": f"the engine has no call {method!r}"}
        return {"result": function(**arguments)}
    except Refused as refused:
        return {"refused": {"reason": refused.reason, "message": refused.message, "details": refused.details}}
    except Exception:
        return {"failed": traceback.format_exc()}
