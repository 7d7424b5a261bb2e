"""A database of every earlier version, with something in each of its tables, becomes today's and loses nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import JSON, Boolean, Engine, Integer, LargeBinary, MetaData, Table, insert, select

from sentinel.audit import Audit
from sentinel.database.connect import migrate, reading
from sentinel.database.migrations import upgrade
from sentinel.database.storage_tables import metadata
from tests.database.fresh import untouched

VERSIONS = sorted(path.name[1:5] for path in Path("sentinel/database/migrations/versions").glob("v*.py"))
ROWS = 3


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = untouched(tmp_path)
    yield engine
    engine.dispose()


def tables(engine: Engine) -> list[Table]:
    """Return the tables that are there now, those that others point to first."""
    found = MetaData()
    found.reflect(engine)
    return [table for table in found.sorted_tables if table.name not in ("alembic_version", "audit")]


def value(table: Table, name: str, number: int) -> object:
    """Return something fit for a column; what points to another table points to its row of the same number."""
    column = table.columns[name]
    if column.foreign_keys:
        (target,) = column.foreign_keys
        return None if target.column.table is table else value(target.column.table, target.column.name, number)
    if isinstance(column.type, Boolean):
        return number % 2 == 0
    if isinstance(column.type, LargeBinary):
        return bytes([0, number, 255])
    if isinstance(column.type, JSON):
        return {"tên": ["Hải Phòng", number, None]}
    if isinstance(column.type, Integer):
        return number
    return f"{number} Đà Nẵng"[: getattr(column.type, "length", None) or 20]


def content(engine: Engine, names: dict[str, list[str]]) -> dict[str, list[tuple[object, ...]]]:
    """Return what the columns hold, table by table."""
    found = MetaData()
    found.reflect(engine)
    with reading(engine) as connection:
        return {
            name: sorted(
                (tuple(row) for row in connection.execute(select(*(found.tables[name].c[each] for each in columns)))),
                key=str,
            )
            for name, columns in names.items()
        }


@pytest.mark.parametrize("version", VERSIONS)
def test_a_database_of_an_earlier_version_keeps_every_row(engine: Engine, version: str) -> None:
    upgrade(engine, version)
    made = tables(engine)
    with engine.begin() as connection:
        for table in made:
            rows = [
                {column.name: value(table, column.name, number) for column in table.columns}
                for number in range(1, ROWS + 1)
            ]
            connection.execute(insert(table), rows)
    log = Audit(engine)
    for number in range(ROWS):
        log.record(actor="an", agency="city", action="alert.closed", object=str(number), detail={"vì": "thử"})
    names = {table.name: list(table.columns.keys()) for table in made}
    before = content(engine, names)
    assert all(len(rows) == ROWS for rows in before.values())

    migrate(engine)

    assert content(engine, names) == before
    assert log.verify() == ROWS
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
