"""What a rule folder holds once it is read: rules, correlations, and what was wrong with the rest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sentinel.detect.correlate.expression import Expression
from sentinel.detect.tree import Node
from sentinel.model.match import RuleInfo


@dataclass(frozen=True, slots=True)
class LogSource:
    """Which logs a rule is for; a key that is None asks for nothing."""

    product: str | None = None
    category: str | None = None
    service: str | None = None

    def fits(self, offered: "LogSource") -> bool:
        """Return whether every key this one gives equals the one offered."""
        return (
            self.product in (None, offered.product)
            and self.category in (None, offered.category)
            and self.service in (None, offered.service)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule that judges one record at a time."""

    info: RuleInfo
    name: str
    """What correlations may call it besides its id; may be empty."""
    path: Path
    log_source: LogSource
    condition: Node
    is_output: bool = True
    """False where only a correlation uses it and does not ask for its matches (`generate: false`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Correlation:
    """A rule that judges matches of other rules over time (Sigma correlation rules 2.1)."""

    info: RuleInfo
    name: str
    path: Path
    kind: str
    """`event_count`, `value_count`, `temporal`, `temporal_ordered`, `value_sum`, ..."""
    rules: tuple[str, ...]
    """Ids of the rules and correlations it listens to, in the order given."""
    span_seconds: int
    group_by: tuple[str, ...]
    aliases: Mapping[str, Mapping[str, str]]
    """Alias -> rule id -> field."""
    limits: tuple[tuple[str, float], ...]
    """Comparisons that must all hold, such as `("gte", 10.0)`."""
    fields: tuple[str, ...] = ()
    """What `value_*` kinds look at."""
    percentile: float = 50.0
    expression: Expression | None = None
    """Extended condition of the temporal kinds."""
    generates: bool = False
    """Whether the rules it listens to are reported on their own too (`generate`)."""
    is_output: bool = True


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that could not be used, and why."""

    path: Path
    rule_id: str | None
    message: str
    is_set_aside: bool = False
    """Sound, but left out on purpose: deprecated, or of a kind nobody supports."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that works but probably does not do what its author means."""

    path: Path
    rule_id: str | None
    message: str


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Everything that was loaded from some folders."""

    rules: Sequence[Rule]
    correlations: tuple[Correlation, ...]
    faults: list[Fault]
    """Broken rules; the rest works without them."""
    doubts: tuple[Doubt, ...] = ()
    """What is questionable in files that are used all the same."""
    has_filters: bool = False
    """Whether filters have narrowed rules, so that a rule is more than its own file says."""
    digest: str = ""
    """Tells rule sets apart by all they were made from; empty for one that was not kept."""
