"""All state as lines of text, from one moment of either database, and back into an empty one of either kind."""

import base64
import json
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from itertools import zip_longest
from typing import Any

from sqlalchemy import Column, Connection, Engine, LargeBinary, MetaData, Table, insert, inspect, select, text, update

from sentinel.database.connect import migrate, reading
from sentinel.database.migrations import upgrade
from sentinel.errors import ConflictError, InputError

FORMAT = "sentinel-state"
PAGE = 500
MAX_LINE_CHARACTERS = 200_000_000
LEFT_OUT = frozenset({"alembic_version", "sessions", "sign_in_links", "sign_in_failures"})
"""What ends with the moment: people sign in again, and doors that were open then are shut."""


def version(connection: Connection) -> str:
    """Return the number of the last migration of the database."""
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def export(engine: Engine) -> Generator[str, None, None]:
    """Yield everything that is kept, as lines of JSON, from one moment: a head, then for each table its rows."""
    with reading(engine) as connection:
        tables = MetaData()
        tables.reflect(connection)
        yield json.dumps({"format": FORMAT, "version": version(connection)})
        for table in tables.sorted_tables:
            if table.name in LEFT_OUT:
                continue
            columns = list(table.columns)
            yield json.dumps({"table": table.name, "columns": [column.name for column in columns]})
            order = list(table.primary_key.columns)
            query = select(table).order_by(*order)
            with closing(connection.execution_options(yield_per=PAGE).execute(query)) as rows:
                for row in rows:
                    values = [_out(column, value) for column, value in zip(columns, row, strict=True)]
                    yield json.dumps(values, ensure_ascii=False)


def bring_in(engine: Engine, lines: Iterable[str]) -> dict[str, int]:
    """Fill an empty database with what `export` gave, then bring it up to date; return rows by table.

    All or nothing. Raises `ConflictError` where the database holds something, `InputError` for lines of another kind.
    """
    if not is_empty(engine):
        raise ConflictError("the database is not empty; restore into an empty one")
    found = iter(lines)
    head = _object(next(found, ""))
    if head.get("format") != FORMAT or not isinstance(head.get("version"), str):
        raise InputError("this is no copy of Sentinel's state")
    upgrade(engine, str(head["version"]))
    counts: dict[str, int] = {}
    with engine.begin() as connection:
        tables = MetaData()
        tables.reflect(connection)
        for head, rows in _tables(found):
            table = tables.tables.get(str(head["table"]))
            if table is None or [column.name for column in table.columns] != head["columns"]:
                raise InputError(f"the copy has a table '{str(head['table'])[:60]}' that its version does not have")
            counts[table.name] = _fill(connection, table, rows)
    migrate(engine)
    return counts


def is_empty(engine: Engine) -> bool:
    """Return whether no table holds a row; one killed before may have left tables."""
    tables = MetaData()
    tables.reflect(engine)
    with reading(engine) as connection:
        return not any(
            connection.execute(select(table).limit(1)).first()
            for table in tables.sorted_tables
            if table.name != "alembic_version"
        )


def holds(engine: Engine, lines: Iterable[str]) -> bool:
    """Return whether the database holds exactly what is in the lines."""
    if not inspect(engine).has_table("alembic_version"):
        return False
    with closing(export(engine)) as ours:
        return all(here == there for here, there in zip_longest(ours, lines))


def _tables(lines: Iterator[str]) -> Iterator[tuple[dict[str, Any], Iterator[list[Any]]]]:
    """Yield each table's head with an iterator of its rows, which must be used up before the next."""
    waiting: list[dict[str, Any]] = []

    def rows() -> Iterator[list[Any]]:
        for line in lines:
            value = _value(line)
            if isinstance(value, dict):
                waiting.append(value)
                return
            yield value

    for _ in rows():
        raise InputError("this is no copy of Sentinel's state: rows without a table")
    while waiting:
        head = waiting.pop()
        if "table" not in head or "columns" not in head:
            raise InputError("this is no copy of Sentinel's state: a head without a table")
        yield head, rows()


def _fill(connection: Connection, table: Table, rows: Iterator[list[Any]]) -> int:
    columns = list(table.columns)
    upward = [key.parent for key in table.foreign_keys if key.column.table is table]
    later: list[dict[str, Any]] = []
    page: list[dict[str, Any]] = []
    count = 0
    for row in rows:
        values = {column.name: _in(column, value) for column, value in zip(columns, row, strict=True)}
        if any(values[column.name] is not None for column in upward):
            later.append(values)
            values = values | {column.name: None for column in upward}
        page.append(values)
        count += 1
        if len(page) == PAGE:
            connection.execute(insert(table), page)
            page = []
    if page:
        connection.execute(insert(table), page)
    for values in later:
        # Rows that point to others of their table come when all are there.
        mine = [column == values[column.name] for column in table.primary_key.columns]
        connection.execute(update(table).where(*mine).values({column.name: values[column.name] for column in upward}))
    return count


def _out(column: Column[Any], value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(column.type, LargeBinary) and value is not None else value


def _in(column: Column[Any], value: Any) -> Any:
    return base64.b64decode(value) if isinstance(column.type, LargeBinary) and value is not None else value


def _object(line: str) -> dict[str, Any]:
    value = _value(line)
    if not isinstance(value, dict):
        raise InputError("this is no copy of Sentinel's state")
    return value


def _value(line: str) -> Any:
    try:
        return json.loads(line[:MAX_LINE_CHARACTERS])
    except (ValueError, RecursionError) as error:
        raise InputError("this is no copy of Sentinel's state: a line is not JSON") from error
