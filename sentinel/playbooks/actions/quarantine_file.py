"""Moves one file, named by path and hash, to where it cannot be run; it can be restored exactly."""

from datetime import timedelta

from sentinel.playbooks.action import Action, Arguments, Sentence
from sentinel.playbooks.kinds import Path, Sha256


class QuarantineFileArguments(Arguments):
    """Which file; the content must have the hash, or nothing is done."""

    path: Path
    sha256: Sha256


class QuarantineFile(Action[QuarantineFileArguments]):
    """Class 1: restored at its time or by one button."""

    name = "quarantine_file"
    danger = 1
    max_ttl = timedelta(days=90)
    results = {"size": "integer", "other_links": "integer"}  # noqa: RUF012 - read only
    arguments = QuarantineFileArguments

    def sentence(self, arguments: QuarantineFileArguments) -> Sentence:
        """Return what it does."""
        return Sentence(
            f"Quarantine {arguments.path} on collector {arguments.collector}",
            f"Cách ly tệp {arguments.path} trên bộ thu thập {arguments.collector}",
        )
