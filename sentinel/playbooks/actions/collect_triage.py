"""Reads what a machine is doing right now: processes, connections, users, recent files."""

from typing import Annotated

from pydantic import Field

from sentinel.playbooks.action import Action, Arguments, Sentence
from sentinel.playbooks.kinds import Integer, Path


class CollectTriageArguments(Arguments):
    """What to look at beside processes, connections and users."""

    folder: Path | None = None
    """List files changed lately below this folder."""
    hours: Annotated[Integer, Field(ge=1, le=720)] = 24
    """How far back 'lately' reaches."""


class CollectTriage(Action[CollectTriageArguments]):
    """Class 0: changes nothing."""

    name = "collect_triage"
    danger = 0
    results = {  # noqa: RUF012 - read only
        "process_count": "integer",
        "connection_count": "integer",
        "user_count": "integer",
        "file_count": "integer",
    }
    arguments = CollectTriageArguments

    def sentence(self, arguments: CollectTriageArguments) -> Sentence:
        """Return what it does."""
        place = f" and files below {arguments.folder}" if arguments.folder else ""
        place_vi = f" và tệp trong {arguments.folder}" if arguments.folder else ""
        return Sentence(
            f"Collect processes, connections, users{place} on collector {arguments.collector}",
            f"Thu thập tiến trình, kết nối, người dùng{place_vi} trên bộ thu thập {arguments.collector}",
        )
