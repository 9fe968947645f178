"""S3 against moto's server: small GETs and PUTs with 8 clients, 64 MiB bodies, listings.

    make bench-peers && .venv/bin/python -m benchmarks.s3 [--write]

Both servers run at the same time on the same machine and are asked in turns, with the same prepared requests. Clary
verifies every signature, evaluates policies and has every PUT on disk before it answers; moto keeps objects in memory
and checks nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import queue
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3

from benchmarks.clary_server import free_port, running_clary
from benchmarks.load import Load, run_load, send_once, signed_request
from benchmarks.report import machine, report, table

ROUNDS = 3
CLIENTS = 8
SMALL_BYTES = 1024
LARGE_BYTES = 64 << 20
KEYS = 100_000
MOTO = Path(__file__).parents[1] / ".venv-moto" / "bin" / "moto_server"
MOTO_KEYS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}


@contextlib.contextmanager
def running_moto() -> Iterator[tuple[int, Any]]:
    """Starts moto's server; yields its port and a boto3 client."""
    port = free_port()
    process = subprocess.Popen(
        [str(MOTO), "-H", "127.0.0.1", "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        client = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="us-east-1",
            aws_access_key_id="x",
            aws_secret_access_key="x",
        )
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if time.monotonic() > deadline:
                raise TimeoutError("moto did not start")
            time.sleep(0.1)
        yield port, client
    finally:
        process.terminate()
        process.wait()


def small_load(port: int, keys: dict[str, str], method: str) -> Load:
    """The rate of small GETs or PUTs."""
    base = f"http://127.0.0.1:{port}/bench"
    body = b"x" * SMALL_BYTES if method == "PUT" else b""
    requests = [signed_request(method, f"{base}/small-{n}", body, {}, "s3", keys) for n in range(64)]
    load = run_load(port, requests, connections=CLIENTS, seconds=4)
    assert not load.failures, load
    return load


def large_rate(port: int, keys: dict[str, str], method: str) -> float:
    """MiB a second of one 64 MiB body after another."""
    body = b"\xa5" * LARGE_BYTES if method == "PUT" else b""
    request = signed_request(method, f"http://127.0.0.1:{port}/bench/large", body, {}, "s3", keys)
    load = run_load(port, [request], connections=1, seconds=6, warm_up=0.5)
    assert not load.failures, load
    return load.rate * LARGE_BYTES / (1 << 20)


def disk_rate(folder: Path) -> float:
    """MiB a second of writing 64 MiB to a new file and waiting until it is on disk: no durable PUT can be faster."""
    block = b"\xa5" * (1 << 20)
    with tempfile.TemporaryFile(dir=folder) as file:
        started = time.perf_counter()
        for _ in range(LARGE_BYTES >> 20):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
        return (LARGE_BYTES >> 20) / (time.perf_counter() - started)


def loopback_rate() -> float:
    """MiB a second of a bare socket that sends 64 MiB from memory to the same client."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    server = multiprocessing.get_context("spawn").Process(target=send_from_memory, args=(sender,), daemon=True)
    server.start()
    load = run_load(receiver.recv(), [b"GET / HTTP/1.1\r\n\r\n"], connections=1, seconds=3, warm_up=0.5)
    server.terminate()
    return load.rate * (LARGE_BYTES >> 20)


def bare_put_rate(folder: Path, keys: dict[str, str]) -> float:
    """MiB a second of PUTs to a program that does only what cannot be left out, with the client of the others.

    It receives the body, computes the MD5 of the ETag and the SHA-256 that the signature covers, each in a thread of
    its own beside the receiving one, writes and syncs. No HTTP server, no signature, no policy, no record.
    """
    receiver, sender = multiprocessing.Pipe(duplex=False)
    spawn = multiprocessing.get_context("spawn")
    server = spawn.Process(target=take_and_hash, args=(sender, folder), daemon=True)
    server.start()
    try:
        return large_rate(receiver.recv(), keys, "PUT")
    finally:
        server.terminate()


def take_and_hash(sender: Any, folder: Path) -> None:
    """Answers every PUT on one connection once its body is hashed and on disk."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sender.send(listener.getsockname()[1])
        connection, _ = listener.accept()
        with contextlib.suppress(ConnectionError):  # the client hangs up when its time is over
            while True:
                take_one(connection, folder)


def take_one(connection: socket.socket, folder: Path) -> None:
    """One PUT of `LARGE_BYTES`."""
    head = b""
    while b"\r\n\r\n" not in head:
        part = connection.recv(4096)
        if not part:
            raise ConnectionResetError
        head += part
    hashes = [hashlib.md5(usedforsecurity=False), hashlib.sha256()]
    lanes: list[queue.SimpleQueue[bytes | None]] = [queue.SimpleQueue() for _ in hashes]
    threads = [
        threading.Thread(
            target=lambda hashing=hashing, lane=lane: [hashing.update(part) for part in iter(lane.get, None)]
        )
        for hashing, lane in zip(hashes, lanes, strict=True)
    ]
    for thread in threads:
        thread.start()
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        part = head.partition(b"\r\n\r\n")[2]
        left = LARGE_BYTES
        while left:
            if part:
                left -= len(part)
                for lane in lanes:
                    lane.put(part)
                file.write(part)
            part = connection.recv(min(left, 1 << 20)) if left else b""
        for lane in lanes:
            lane.put(None)
        for thread in threads:
            thread.join()
        os.fsync(file.fileno())
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def md5_rate() -> float:
    """MiB a second of MD5 on one core."""
    body = b"\xa5" * LARGE_BYTES
    started = time.perf_counter()
    hashlib.md5(body, usedforsecurity=False)
    return (LARGE_BYTES >> 20) / (time.perf_counter() - started)


def send_from_memory(sender: Any) -> None:
    """Answers every request on one connection with the same 64 MiB."""
    body = b"\xa5" * LARGE_BYTES
    with socket.create_server(("127.0.0.1", 0)) as listener:
        sender.send(listener.getsockname()[1])
        connection, _ = listener.accept()
        while connection.recv(65536):
            with contextlib.suppress(ConnectionError):  # the client hangs up when its time is over
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % LARGE_BYTES)
                connection.sendall(body)


def listing_ms(s3: Any) -> float:
    """Milliseconds to list 1,000 of many keys, somewhere in the middle; median of 20."""
    times = []
    for turn in range(20):
        started = time.perf_counter()
        answer = s3.list_objects_v2(Bucket="many", StartAfter=f"key-{turn * 4000:06}", MaxKeys=1000)
        times.append(time.perf_counter() - started)
        assert answer["KeyCount"] == 1000
    return statistics.median(times) * 1000


def server_listing_ms(port: int, keys: dict[str, str]) -> float:
    """The same without a client that parses XML."""
    url = f"http://127.0.0.1:{port}/many?list-type=2&max-keys=1000&start-after=key-040000"
    load = run_load(port, [signed_request("GET", url, b"", {}, "s3", keys)], connections=1, seconds=2)
    assert not load.failures, load
    return load.p50_seconds * 1000


def main() -> None:
    """Measures and reports medians of the rounds."""
    with running_clary() as clary, running_moto() as (moto_port, moto_s3):
        s3 = clary.client("s3")
        sides = {"clary": (clary.port, clary.keys), "moto": (moto_port, MOTO_KEYS)}
        for client in (s3, moto_s3):
            client.create_bucket(Bucket="bench")
        results: dict[tuple[str, str], list[float]] = {}
        for _ in range(ROUNDS):
            for name, (port, keys) in sides.items():
                for kind, measure in (
                    ("small PUT, requests/s", lambda p, k: small_load(p, k, "PUT").rate),
                    ("small GET, requests/s", lambda p, k: small_load(p, k, "GET").rate),
                    ("64 MiB PUT, MiB/s", lambda p, k: large_rate(p, k, "PUT")),
                    ("64 MiB GET, MiB/s", lambda p, k: large_rate(p, k, "GET")),
                ):
                    results.setdefault((kind, name), []).append(measure(port, keys))
        disk = statistics.median(disk_rate(clary.data) for _ in range(ROUNDS))
        bare = statistics.median(bare_put_rate(clary.data, clary.keys) for _ in range(ROUNDS))
        loopback = statistics.median(loopback_rate() for _ in range(ROUNDS))
        s3.create_bucket(Bucket="many")
        puts = [signed_request("PUT", f"{clary.url}/many/key-{n:06}", b"x", {}, "s3", clary.keys) for n in range(KEYS)]
        assert send_once(clary.port, puts, connections=32) == 0
        listing = server_listing_ms(clary.port, clary.keys)
        with_boto3 = listing_ms(s3)
    rows = []
    for kind in dict.fromkeys(kind for kind, _ in results):
        ours, theirs = (statistics.median(results[kind, name]) for name in ("clary", "moto"))
        rows.append([kind, f"{ours:,.0f}", f"{theirs:,.0f}", f"{ours / theirs:.1f}"])
    text = table(["measure", "Clary", "moto", "ratio"], rows)
    text += (
        f"\n\nThe limits, in the same run: writing 64 MiB to a file and syncing it, {disk:,.0f} MiB/s; a bare socket "
        f"that sends 64 MiB from memory, {loopback:,.0f} MiB/s; a bare socket that takes 64 MiB, computes the ETag's "
        f"MD5 and the signature's SHA-256 and syncs a file, and does nothing else, {bare:,.0f} MiB/s; MD5 alone, "
        f"{md5_rate():,.0f} MiB/s."
    )
    text += f"\n\nListing 1,000 of {KEYS:,} keys: {listing:.1f} ms, {with_boto3:.1f} ms with boto3's parsing."
    report("s3", f"{text}\n\n{machine()}; medians of {ROUNDS} rounds, {CLIENTS} clients, {SMALL_BYTES} byte objects.")


if __name__ == "__main__":
    main()
