"""An engine whose calls show what its process can do, and do what engines should not."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

from clary.engines.refusals import Refused


class Engine:
    def __init__(self) -> None:
        self._meeting = threading.Barrier(2)

    def echo(self, value: Any) -> Any:
        return value

    def pid(self) -> int:
        return os.getpid()

    def refuse(self) -> None:
        raise Refused("too-odd", "It is odd.", page=3)

    def divide(self) -> float:
        return 1 / 0

    def thread(self) -> Any:
        return threading.current_thread()

    def die(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def die_unless(self, marker: str) -> int:
        if not Path(marker).exists():
            Path(marker).touch()
            self.die()
        return os.getpid()

    def hang(self) -> None:
        threading.Event().wait()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def meet(self) -> bool:
        self._meeting.wait(15)
        return True

    def variable(self, name: str) -> str | None:
        return os.environ.get(name)

    def is_confined(self) -> bool:
        return [name for _, name in socket.if_nameindex()] == ["lo"]

    def listing(self, folder: str) -> list[str]:
        return sorted(path.name for path in Path(folder).glob("*"))

    def interfaces(self) -> list[str]:
        return [name for _, name in socket.if_nameindex()]

    def can_write(self, folder: str) -> bool:
        try:
            (Path(folder) / "probe").touch()
        except OSError:
            return False
        return True

    def _private(self) -> None:
        return None


def load() -> Engine:
    return Engine()
