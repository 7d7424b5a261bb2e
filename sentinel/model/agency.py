"""Agencies form a dated tree; what somebody may see is a part of it."""

from dataclasses import dataclass
from enum import StrEnum

CITY = "city"
"""Id of the root of the tree; whose scope holds it sees everything."""


class AgencyKind(StrEnum):
    """Tier of an agency."""

    CITY = "city"
    DEPARTMENT = "department"
    DISTRICT = "district"
    COMMUNE = "commune"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """One office of the city, for the time it existed."""

    id: str
    """Stable and readable: `dept-finance`, `district-03`, `commune-0117`."""
    kind: AgencyKind
    name: str
    """Vietnamese name, NFC."""
    name_en: str
    parent: str | None
    """None only for the city."""
    valid_from: str
    """First day, `YYYY-MM-DD`."""
    valid_to: str | None
    """Last day; None while it exists."""
    successor: str | None = None
    """Agency that took over when this one ended; its users see the history of this one too."""


Scope = frozenset[str]
"""Ids of the agencies whose data may be read. An empty scope sees nothing; there is no value for 'everything'."""
