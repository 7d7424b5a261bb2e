"""Whether the matches of a rule become alerts, and what is known of its work."""

from dataclasses import dataclass
from enum import StrEnum


class RuleState(StrEnum):
    """What becomes of a rule's matches in an agency."""

    ENABLED = "enabled"
    """They become alerts."""
    SHADOW = "shadow"
    """They are counted and nobody is told: how a new rule proves itself."""
    DISABLED = "disabled"
    """They are counted and nobody is told, because somebody decided against the rule."""

    @property
    def rank(self) -> int:
        """0 for enabled to 2 for disabled: the higher, the stricter."""
        return list(RuleState).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody said about a rule in an agency and all below it."""

    rule_id: str
    agency: str
    state: RuleState
    by_city: bool
    """An administrator of the city said so: it takes the place of what is inherited, looser or stricter."""
    changed_by: str
    why: str
    changed_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleWork:
    """What one rule has done in the agencies somebody may see."""

    matches: int = 0
    """Matches that became alerts, since counting began."""
    hidden: int = 0
    """Matches in shadow or where the rule was disabled."""
    matches_24h: int = 0
    hidden_24h: int = 0
    last_at: str | None = None
    """Event time of the newest match, hidden or not."""


@dataclass(frozen=True, slots=True)
class RuleCost:
    """What one evaluation of a rule's own expression takes, measured on samples of the events it looks at."""

    evaluations: int
    nanoseconds: int

    @property
    def microseconds(self) -> float:
        """Mean time of one evaluation."""
        return self.nanoseconds / max(self.evaluations, 1) / 1_000
