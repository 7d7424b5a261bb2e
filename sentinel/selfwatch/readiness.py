"""Whether this server can do its work now, part by part: for load balancers, and for whoever starts it."""

from collections.abc import Callable, Mapping

from sentinel.errors import SentinelError

Check = Callable[[], object]
"""Does something small with a part; raises where it cannot."""


class Readiness:
    """The parts that must answer before this server takes work."""

    def __init__(self, checks: Mapping[str, Check], trouble: Callable[[], str] = str) -> None:
        """Ask `checks`, by name of the part; `trouble` says why the pipeline stands still, or nothing."""
        self._checks = checks
        self._trouble = trouble

    def faults(self) -> dict[str, str]:
        """Return the parts that do not answer, each with the reason; empty where all do."""
        found = {}
        for name, check in self._checks.items():
            try:
                check()
            except SentinelError as error:
                found[name] = str(error)
        if trouble := self._trouble():
            found["pipeline"] = trouble
        return found
