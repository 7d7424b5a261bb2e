"""What a scan read, and what it could not."""

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentinel.cli.sources import Source
    from sentinel.detect.rule import RuleSet

MAX_NAMED = 10


@dataclass(slots=True)
class Tally:
    """Counts over some files; several can be joined."""

    files: int = 0
    events: int = 0
    broken: int = 0
    unrouted: int = 0
    """Events of datasets that no rule can speak about."""
    faults: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    unknown: list[Path] = field(default_factory=list)
    """Files of a folder that hold no kind of log we know."""
    guessed: dict[str, int] = field(default_factory=dict)
    read: dict[Path, tuple[int, int]] = field(default_factory=dict)
    """Events and broken records of each file, all its parts together."""

    def count(self, source: "Source", *, is_first: bool) -> None:
        """Take in what a file, or a part of one, turned out to be; only the first part counts as a file."""
        self.files += is_first
        self.events += source.events
        self.broken += source.broken
        for fault in source.faults:
            self.name(fault)
        self._add_read(source.path, source.events, source.broken)
        if is_first and source.is_guessed and source.dataset:
            self.guessed[source.dataset] = self.guessed.get(source.dataset, 0) + 1

    def name(self, fault: str) -> None:
        """Remember a fault with its place, if not too many are known already."""
        if len(self.faults) < MAX_NAMED:
            self.faults.append(fault)

    def join(self, other: "Tally") -> None:
        """Take in what another process counted."""
        self.files += other.files
        self.events += other.events
        self.broken += other.broken
        self.unrouted += other.unrouted
        self.unreadable += other.unreadable
        self.unknown += other.unknown
        for fault in other.faults:
            self.name(fault)
        for dataset, count in other.guessed.items():
            self.guessed[dataset] = self.guessed.get(dataset, 0) + count
        for path, (events, broken) in other.read.items():
            self._add_read(path, events, broken)

    def close(self) -> None:
        """Name the files in which nothing could be read, now that all their parts are known."""
        for path, (events, broken) in self.read.items():
            if events == 0 and broken:
                self.unreadable.append(f"{path}: every one of its {broken} records is broken")

    def _add_read(self, path: Path, events: int, broken: int) -> None:
        before = self.read.get(path, (0, 0))
        self.read[path] = (before[0] + events, before[1] + broken)


def say(text: str) -> None:
    """Write a line to standard error."""
    sys.stderr.write(text.encode("utf-8", "replace").decode() + "\n")


def say_faults(rule_set: "RuleSet") -> None:
    """Name the rules that are left out."""
    broken = [fault for fault in rule_set.faults if not fault.is_set_aside]
    for fault in broken[:MAX_NAMED]:
        say(f"rule left out: {fault.path}: {fault.message}")
    if len(broken) > MAX_NAMED:
        say(f"rules left out: {len(broken)} in all; `sentinel rules check` names them")


def say_tally(tally: Tally, matches: int, given_up: dict[str, int]) -> None:
    """Say what was read and what was not; `given_up` is the engine's count of what was not correlated."""
    for fault in tally.faults:
        say(f"broken: {fault}")
    for fault in tally.unreadable[:MAX_NAMED]:
        say(f"left out: {fault}")
    if tally.unknown:
        named = ", ".join(str(path) for path in tally.unknown[:3])
        say(f"left out: {len(tally.unknown)} files that are no log we know ({named}, ...)")
    if tally.guessed:
        kinds = ", ".join(f"{dataset} ({count} files)" for dataset, count in sorted(tally.guessed.items()))
        say(f"taken for: {kinds}")
    if tally.unrouted:
        say(f"{tally.unrouted} events are of datasets that no rule speaks about")
    if ungrouped := given_up["ungrouped"]:
        say(f"{ungrouped} times a match lacked what a correlation groups by or counts (files name no agency, for one)")
    if crowded := given_up["evicted"] + given_up["hurried"]:
        say(f"{crowded} matches were given up: more at once than correlations keep")
    say(
        f"{tally.files} files, {tally.events} events, {matches} matches; "
        f"{tally.broken} broken records, {len(tally.unreadable)} unreadable files"
    )
