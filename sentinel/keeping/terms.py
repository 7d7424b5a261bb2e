"""How long each class of datasets is kept: what is usual, what was set, and never less than the law asks; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sentinel.errors import InputError
from sentinel.keeping import law
from sentinel.model.moment import to_text
from sentinel.store.expiry import ALL, covers

MAX_DAYS = 36_525
CLASSES: dict[str, tuple[str, ...]] = {
    "own": ("sentinel.*",),
    "access": (
        "linux.auth", "linux.auditd", "linux.audit_event", "windows.*", "egov.*", "apache.access", "nginx.access",
        "iis.access", "haproxy.http", "squid.access", "kubernetes.audit", "m365.audit", "aws.cloudtrail", "vsftpd.log",
    ),
    "network": (
        "network.*", "zeek.*", "dns.query", "linux.connection", "cisco.ios", "fortinet.firewall", "microsoft.firewall",
    ),
    "other": (ALL,),
}  # fmt: skip
"""Class to the patterns of its datasets."""
USUAL_DAYS = {
    "own": 732, "access": 366, "network": 92, "other": 184,
    "alerts": 732, "incidents": 1827, "quarantine": 184, "hunts": 184,
}  # fmt: skip
"""Who did what is kept longest, flows shortest; incidents five years, as files of personal data breaches must be."""
ROWS = ("alerts", "incidents", "quarantine", "hunts")
"""What is kept in the database; answers of hunts can be had again, so no law asks for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """How long one thing is kept."""

    name: str
    """A class, one of `ROWS`, or a pattern of datasets with a level of its own."""
    patterns: tuple[str, ...]
    level: int
    """0: no law asks for it."""
    floor_days: int
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """All of them; made by `make`, which checks."""

    terms: tuple[Term, ...] = field(default=())

    def before(self, at: datetime) -> dict[str, str]:
        """Return for each pattern of datasets the time of storing before which records may go."""
        days = {
            pattern: max([term.days, *(each.floor_days for each in self._special() if covers(each.name, pattern))])
            for term in self.terms
            for pattern in term.patterns
        }
        return {pattern: to_text(at - timedelta(days=count)) for pattern, count in days.items()}

    def of(self, name: str) -> Term:
        """Return the term of a class or of a kind of rows."""
        return next(term for term in self.terms if term.name == name)

    def _special(self) -> list[Term]:
        return [term for term in self.terms if term.patterns == (term.name,)]


def make(*, level: int, days: Mapping[str, int | None], levels: Mapping[str, int]) -> Terms:
    """Return the terms; raise `InputError` naming the law where a time that was set is below its floor.

    `days` are those that were set by class or kind of rows, `levels` the datasets of systems of another level.
    What was not set is the usual time, or the floor where that is longer.
    """
    floor = law.floor_days(level)
    terms = []
    for name, usual in USUAL_DAYS.items():
        wanted, least = days.get(name), 1 if name == "hunts" else floor
        if wanted is not None and name != "hunts":
            law.check(f"keep.{name}_days", wanted, level)
        terms.append(
            Term(
                name=name,
                patterns=CLASSES.get(name, ()),
                level=0 if name == "hunts" else level,
                floor_days=least,
                days=max(usual, least) if wanted is None else wanted,
            )
        )
    terms += [_special(pattern, other, terms, days) for pattern, other in sorted(levels.items())]
    return Terms(terms=tuple(terms))


def class_of(dataset: str) -> str:
    """Return the class of a dataset or of a pattern."""
    fitting = [
        (len(pattern), name) for name, patterns in CLASSES.items() for pattern in patterns if covers(pattern, dataset)
    ]
    return max(fitting)[1]


def _special(pattern: str, level: int, terms: list[Term], days: Mapping[str, int | None]) -> Term:
    """Return the term of datasets whose system has a level of its own."""
    if not pattern or pattern == ALL or ALL in pattern[:-1]:
        raise InputError(f"keep.levels: '{pattern[:100]}' names no dataset; write 'egov.signing' or 'egov.*'")
    family = class_of(pattern)
    mine = next(term for term in terms if term.name == family)
    floor = law.floor_days(level)
    for name, patterns in CLASSES.items():
        if (wanted := days.get(name)) is not None and (
            name == family or any(covers(pattern, each) for each in patterns)
        ):
            law.check(f"keep.{name}_days, which counts for {pattern} too,", wanted, level)
    return Term(name=pattern, patterns=(pattern,), level=level, floor_days=floor, days=max(mine.days, floor))
