"""What is set for a whole process, seen in processes of their own."""

import subprocess
import sys

import pytest

THREADS = """
import ctypes, threading
from sentinel.crew.garbage import share_memory
if {is_shared}:
    share_memory()
library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
gate = threading.Barrier(6)

def take():
    gate.wait()
    library.malloc(1000)
    gate.wait()

threads = [threading.Thread(target=take) for _ in range(6)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
library.fdopen.restype = ctypes.c_void_p
library.malloc_info(0, ctypes.c_void_p(library.fdopen(1, b"w")))
library.fflush(None)
"""
SETTLED = """
import gc
from sentinel.crew.garbage import settle
kept = [[number] for number in range(100_000)]
settle()
before, searches = gc.get_freeze_count(), sum(each["collections"] for each in gc.get_stats())
freed = [[number] for number in range(10_000)]
assert before >= 100_000
assert sum(each["collections"] for each in gc.get_stats()) == searches
del kept
settle(anew=True)
assert gc.get_freeze_count() < before - 90_000 + len(freed)
"""
GIVEN_BACK = """
import ctypes
from sentinel.crew.garbage import give_back

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

taken = [bytes(10_000) for _ in range(5_000)]
del taken[1:-1]
before = resident()
give_back()
print(before - resident() if hasattr(ctypes.CDLL(None), "malloc_trim") else -1)
"""


def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_threads_share_what_is_free() -> None:
    apart = run(THREADS.format(is_shared=False)).count("<heap nr=")
    if apart <= 2:
        pytest.skip("the C library gives threads no stores of their own here")
    assert run(THREADS.format(is_shared=True)).count("<heap nr=") <= 2


def test_what_lives_long_is_not_searched_and_a_batch_starts_no_search() -> None:
    run(SETTLED)


def test_what_is_free_is_given_back_though_something_lies_beyond_it() -> None:
    given = int(run(GIVEN_BACK))
    if given < 0:
        pytest.skip("the C library cannot be asked to give memory back here")
    assert given > 30_000_000
