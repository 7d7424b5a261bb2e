"""The rules in force: for people to read, while the pipeline works with the same set."""

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sentinel.detect.documents import MAX_FILE_BYTES
from sentinel.detect.rule import Fault, RuleSet
from sentinel.model.match import RuleInfo


@dataclass(frozen=True, slots=True)
class Loaded:
    """One set of rules as it was loaded."""

    infos: Mapping[str, RuleInfo] = field(default_factory=dict)
    paths: Mapping[str, Path] = field(default_factory=dict)
    correlations: frozenset[str] = frozenset()
    """Ids of those that judge other rules' matches over time."""
    faults: tuple[Fault, ...] = ()
    """What could not be used, broken files first."""
    at: datetime | None = None


def loaded(rules: RuleSet, at: datetime) -> Loaded:
    """Return what people need to know of a rule set."""
    every = [(rule.info, rule.path) for rule in rules.rules]
    every += [(rule.info, rule.path) for rule in rules.correlations]
    return Loaded(
        infos={info.id: info for info, _ in every},
        paths={info.id: path for info, path in every},
        correlations=frozenset(rule.info.id for rule in rules.correlations),
        faults=tuple(sorted(rules.faults, key=lambda fault: fault.is_set_aside)),
        at=at,
    )


class Shelf(Mapping[str, RuleInfo]):
    """The rules in force by id; a reload replaces all of them at once."""

    def __init__(self, now: Loaded | None = None) -> None:
        self.now = now or Loaded()
        """What is in force: take it once where several questions must fit together."""
        self.refused = ""
        """Why the last change of the rule files was not taken; empty where it was."""
        self.wanted = threading.Event()
        """Set when somebody asks for a reload."""
        self.asked_by = ""
        """Who did; empty for nobody since the last look."""

    def __getitem__(self, rule_id: str) -> RuleInfo:
        return self.now.infos[rule_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self.now.infos)

    def __len__(self) -> int:
        return len(self.now.infos)

    def ask(self, who: str) -> None:
        """Ask for a reload; it happens in the background."""
        self.asked_by = who
        self.wanted.set()

    def text(self, rule_id: str) -> str | None:
        """Return the file of a rule as it stands now; None where it cannot be read any more."""
        path = self.now.paths.get(rule_id)
        if path is None:
            return None
        try:
            with path.open("rb") as file:
                return file.read(MAX_FILE_BYTES).decode("utf-8-sig", "backslashreplace")
        except OSError:
            return None
