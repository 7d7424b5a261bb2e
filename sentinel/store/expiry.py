"""What a store may delete: by dataset, what was stored before a time; and what is held all the same."""

from collections.abc import Mapping
from dataclasses import dataclass

from sentinel.model.agency import Scope

ALL = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Records that stay, however old they are."""

    agencies: Scope | None
    """None: of all agencies, and those of none."""
    dataset: str
    """A pattern as `covers` reads it."""
    start: str
    """First `@timestamp`, inclusive."""
    end: str
    """Last `@timestamp`, exclusive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiry:
    """An order to delete."""

    before: Mapping[str, str]
    """Pattern of datasets to a time: what was stored earlier goes. The longest pattern that covers a dataset counts;
    a dataset that none covers stays."""
    holds: tuple[Held, ...] = ()

    def cutoff(self, dataset: str) -> str:
        """Return the time before which records of the dataset were stored to go; empty where they stay."""
        fitting = [pattern for pattern in self.before if covers(pattern, dataset)]
        return self.before[max(fitting, key=len)] if fitting else ""

    def latest(self) -> str:
        """Return the time after which nothing that was stored goes, whatever its dataset."""
        return max(self.before.values(), default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """Records of one dataset that go, or have gone."""

    dataset: str
    """Empty for records without one."""
    records: int
    first_at: str
    """Of their `@timestamp`."""
    last_at: str


def covers(pattern: str, dataset: str) -> bool:
    """Return whether a pattern means a dataset: `*` all, `egov.*` a family, `egov.portal` itself."""
    if pattern.endswith(ALL):
        return dataset.startswith(pattern[:-1])
    return pattern == dataset


def together(parts: list[Expired]) -> list[Expired]:
    """Return one value for each dataset, by name."""
    found: dict[str, Expired] = {}
    for part in parts:
        before = found.get(part.dataset)
        found[part.dataset] = part if before is None else Expired(
            dataset=part.dataset,
            records=before.records + part.records,
            first_at=min(before.first_at, part.first_at),
            last_at=max(before.last_at, part.last_at),
        )  # fmt: skip
    return [found[name] for name in sorted(found)]
