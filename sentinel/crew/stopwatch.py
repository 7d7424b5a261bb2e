"""Adds up the processor time of the stages that events pass."""

import time
from collections import Counter
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Stopwatch:
    """Seconds by stage, of the threads that did the work; waiting is not counted."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()

    def timed(self, stage: str, work: Callable[P, T]) -> Callable[P, T]:
        """Return `work`, whose time is counted as that of a stage."""

        @wraps(work)
        def timed(*arguments: P.args, **named: P.kwargs) -> T:
            begun = time.thread_time()
            try:
                return work(*arguments, **named)
            finally:
                self.seconds[stage] += time.thread_time() - begun  # type: ignore[assignment]

        return timed
