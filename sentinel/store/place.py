"""Where the hits of a search are: in files under a condition, or remembered in a table of their own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sentinel.model.search import Search
from sentinel.store import sql_fields
from sentinel.store.columns import ID, TIME
from sentinel.store.session import Session
from sentinel.store.sql_values import Sql

FILES = "read_parquet(?, filename = true, file_row_number = true)"
"""Segment files as a relation; its parameter is the list of their paths."""
ROW = f'"{ID}", "{TIME}", filename, file_row_number'
"""The columns of a `Row` in it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a page, before it is read."""

    id: str
    at: datetime
    file: str
    number: int
    """Which row of the file it is, from 0."""
    key: object = None
    """What it is sorted by."""


@dataclass(frozen=True, slots=True)
class Place:
    """A relation, what holds for its hits, and how fields are read in it."""

    relation: str
    condition: Sql
    files: tuple[object, ...]
    """Values of the relation's own parameters."""
    key: Sql
    tops: dict[str, Sql] = field(default_factory=dict)
    """By field: its texts as a list, or as one text where `singles` has the field."""
    singles: frozenset[str] = frozenset()

    @property
    def values(self) -> tuple[object, ...]:
        """Return the values of the relation and the condition, in order."""
        return (*self.files, *self.condition.values)

    def top(self, asked: Session, name: str, limit: int) -> tuple[tuple[str, int], ...]:
        """Return the most frequent values of a field as text, with how many hits have them."""
        found = self.tops[name]
        one = found.text if name in self.singles else f"unnest(list_distinct({found.text}))"
        rows = asked.rows(
            f"SELECT value, count(*) AS hits FROM (SELECT {one} AS value FROM {self.relation} "  # noqa: S608
            f"WHERE {self.condition.text}) WHERE value IS NOT NULL GROUP BY value ORDER BY hits DESC, value LIMIT ?",
            (*found.values, *self.values, max(0, limit)),
        )
        return tuple((str(value), int(count)) for value, count in rows)

    def sorted(self, asked: Session, where: Sql, order: str, limit: int, offset: int = 0) -> list[Row]:
        """Return the hits that pass `where`, which may name the `key`, by key and id."""
        rows = asked.rows(
            f"SELECT {ROW}, key FROM (SELECT {ROW}, "  # noqa: S608
            f"{self.key.text} AS key FROM {self.relation} WHERE {self.condition.text}) WHERE {where.text} "
            f'ORDER BY key {order} NULLS LAST, "{ID}" {order} LIMIT ? OFFSET ?',
            (*self.key.values, *self.values, *where.values, limit, offset),
        )
        return [Row(*row) for row in rows]


def source(paths: Sequence[str], where: Sql, search: Search, misfits: frozenset[str]) -> Place:
    """Return the place of a search's hits in files."""
    singles = {name: found for name in search.top if (found := sql_fields.single(name, misfits)) is not None}
    is_by_time = search.sort == TIME
    return Place(
        relation=FILES,
        condition=where,
        files=(list(paths),),
        key=Sql(f'"{TIME}"') if is_by_time else sql_fields.sort_key(search.sort, misfits, largest=search.newest_first),
        tops={name: singles.get(name) or sql_fields.texts(name, misfits) for name in search.top},
        singles=frozenset(singles),
    )


def remember(asked: Session, place: Place) -> Place:
    """Put the hits into a table with all that will be asked of them, so that a costly condition is checked once."""
    columns: list[tuple[str, Sql]] = [("key", place.key)]
    columns += [(f"top{number}", found) for number, found in enumerate(place.tops.values())]
    values: list[Any] = [value for _, found in columns for value in found.values]
    asked.rows(
        f"CREATE TEMP TABLE hits AS SELECT {ROW}, "  # noqa: S608
        f"{', '.join(f'{found.text} AS {name}' for name, found in columns)} "
        f"FROM {place.relation} WHERE {place.condition.text}",
        (*values, *place.values),
    )
    return Place(
        relation="hits",
        condition=Sql("true"),
        files=(),
        key=Sql("key"),
        tops={name: Sql(f"top{number}") for number, name in enumerate(place.tops)},
        singles=place.singles,
    )
