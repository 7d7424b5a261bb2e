"""Ends one process, named by pid, start time and the hash of its program together."""

from typing import Annotated

from pydantic import Field

from sentinel.playbooks.action import Action, Arguments, Sentence
from sentinel.playbooks.kinds import Integer, Sha256, Time


class KillProcessArguments(Arguments):
    """Which process; all three must match on the machine, or nothing is done."""

    pid: Annotated[Integer, Field(ge=2, le=2**31 - 1)]
    started: Time
    sha256: Sha256
    """Of the program file that runs."""


class KillProcess(Action[KillProcessArguments]):
    """Class 2: there is no way back."""

    name = "kill_process"
    danger = 2
    results = {"already_gone": "boolean", "signal": "string"}  # noqa: RUF012 - read only
    arguments = KillProcessArguments

    def sentence(self, arguments: KillProcessArguments) -> Sentence:
        """Return what it does."""
        return Sentence(
            f"End process {arguments.pid}, started {arguments.started}, on collector {arguments.collector}",
            f"Dừng tiến trình {arguments.pid}, bắt đầu lúc {arguments.started}, trên bộ thu thập {arguments.collector}",
        )
