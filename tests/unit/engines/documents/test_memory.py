"""What the engine's process holds: one heap for all threads, one vocabulary."""

from __future__ import annotations

import ctypes
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from clary.engines.documents.vocabulary import scene_words

PROGRAM = """
import ctypes, sys, threading
from clary.engines.documents.host import load
load()
library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
library.fdopen.restype = ctypes.c_void_p
threads = [threading.Thread(target=lambda: library.malloc(1000)) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
stream = ctypes.c_void_p(library.fdopen(1, b"w"))
library.malloc_info(0, stream)
library.fflush(stream)
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_info"), reason="the C library is not glibc")
def test_threads_use_the_memory_that_others_freed() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout.count("<heap nr=") == 1


def test_threads_that_ask_for_the_vocabulary_at_once_share_one() -> None:
    barrier = threading.Barrier(4)

    def ask(_: int) -> int:
        barrier.wait(60)
        return id(scene_words())

    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(ask, range(4)))) == 1
