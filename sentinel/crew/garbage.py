"""Keeps Python's search for garbage away from what lives long, and memory that is free from being kept by threads."""

import ctypes
import gc
import sys

THRESHOLD = 50_000
"""So many new containers start a search, not 700: the thousands of fields of a batch are no circles, and are freed
without one; with the usual number they cost a tenth of all the time that a batch takes."""
YOUNG = 20
OLD = 50
"""After so many searches among the youngest, or the young, the next older ones are searched too."""
ARENAS = 2
"""Stores of free memory in the C library, for all threads together."""
_M_ARENA_MAX = -8


def settle(*, anew: bool = False) -> None:
    """Leave all there is now, rules above all, out of later searches; `anew` looks through what was left out, once."""
    if anew:
        gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(THRESHOLD, YOUNG, OLD)


def give_back() -> None:
    """Return to the system what Arrow and the C library keep of memory that was freed; it takes some milliseconds."""
    if "pyarrow" in sys.modules:
        import pyarrow as pa  # Slow to import, and not needed by all.

        pa.default_memory_pool().release_unused()
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)


def share_memory() -> None:
    """Let all threads share what the C library keeps, before there are many: each keeps what its largest work took.

    glibc gives every thread a store of its own (mallopt(3), M_ARENA_MAX); of other libraries nothing is asked. Python's
    threads take turns, so that none waits for another's store.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(_M_ARENA_MAX, ARENAS)
