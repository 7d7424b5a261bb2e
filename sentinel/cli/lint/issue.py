"""Something to look at in a rule: where, what, and what to do."""

from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One finding of `sentinel rules check`."""

    path: Path
    check: str
    """Which check found it: `never`, `unmapped-field`, `sigma:duplicate_title`."""
    message: str
    remedy: str = ""
    line: int | None = None
    rule: str = ""
    """Title of the rule; empty where the file is meant."""
    is_grave: bool = True
    """False for a hint: a matter of taste or of speed, which fails no check unless it is strict."""

    def as_dict(self) -> dict[str, object]:
        """Return the finding for programs."""
        return {**asdict(self), "path": str(self.path)}
