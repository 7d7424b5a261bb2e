"""The few statements that SQLite and PostgreSQL write differently."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Table, text
from sqlalchemy.dialects import postgresql, sqlite

Row = Mapping[str, object]


def insert_new(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert `rows`, leaving out those whose primary key or unique value is there already."""
    if rows:
        connection.execute(_insert(connection, table).on_conflict_do_nothing(), [dict(row) for row in rows])


def upsert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert `rows`; where the primary key is there already, set all other columns given. All rows have equal keys."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    statement = _insert(connection, table)
    changes = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    statement = statement.on_conflict_do_update(index_elements=keys, set_=changes)
    connection.execute(statement, [dict(row) for row in rows])


def serialise(connection: Connection, table: Table) -> None:
    """Let no other writer of `table` go on until this transaction ends.

    On SQLite that is so from the beginning of a writing transaction; PostgreSQL is told.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE"))


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
