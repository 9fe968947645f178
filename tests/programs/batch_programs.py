"""A serving program for the tests of batch transform, which does what the records tell it to.

Every request is printed, so that a test can count them in the log: "request N: FIRST LINE (n lines, m at once)".
"""

from __future__ import annotations

import json
import os
import random
import signal
import socketserver
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler
from pathlib import Path

_lock = threading.Lock()
_seen: Counter[str] = Counter()
_running = 0


def serving(root: Path, socket_path: str, wishes: str = "") -> None:
    """Answers each line with the line in capitals.

    Args:
        wishes: what `/execution-parameters` answers, "" for 404.
    """

    class Handler(_Handler):
        execution_parameters = wishes

    Handler.root = root
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    with _Server(socket_path, Handler) as server:
        server.serve_forever()


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    execution_parameters = ""
    root = Path()

    def do_GET(self) -> None:
        if self.path == "/ping":
            self._answer(200)
        elif self.path == "/execution-parameters" and self.execution_parameters:
            self._answer(200, self.execution_parameters.encode())
        else:
            self._answer(404)

    def do_POST(self) -> None:
        global _running
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with _lock:
            _running += 1
            running = _running
        try:
            self._predict(body, running)
        finally:
            with _lock:
                _running -= 1

    def _predict(self, body: bytes, running: int) -> None:
        lines = body.splitlines()
        first = lines[0].decode("utf-8", "replace")
        with _lock:
            _seen[first] += 1
            times = _seen[first]
        print(f"request {times}: {first[:80]} ({len(lines)} lines, {running} at once)", flush=True)
        words = first.split()
        match words[0]:
            case "bad":
                return self._answer(400, b"this record is not good\nand this is why")
            case "flaky" if times < int(words[1]):
                return self._answer(503, b"try again")
            case "broken":
                return self._answer(500, b"Traceback: it broke")
            case "die":
                print("out of luck", flush=True)
                os._exit(9)
            case "sleep":
                time.sleep(float(words[1]))
            case "jitter":
                time.sleep(random.random() / 20)
            case "headers":
                told = {name: self.headers[name] for name in ("Content-Type", "Accept")}
                told["batch"] = os.environ.get("SAGEMAKER_BATCH", "")
                return self._answer(200, json.dumps(told).encode())
            case "ls":
                return self._answer(200, " ".join(sorted(path.name for path in self.root.iterdir())).encode())
            case "few":
                return self._answer(200, b"one answer for all")
        self._answer(200, body.upper())

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass

    def address_string(self) -> str:
        return "unix"


def never_healthy(root: Path, socket_path: str) -> None:
    """Prints why and ends."""
    print("the model file is not a model", flush=True)
    sys.exit(4)
