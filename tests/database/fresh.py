"""Migrated databases with a small tree of agencies, for the tests of every room that keeps state."""

import os
from pathlib import Path

from sqlalchemy import Engine, delete, text

from sentinel.accounts.agencies import Agencies
from sentinel.accounts.agency_file import parse
from sentinel.database.connect import connect, migrate
from sentinel.database.storage_tables import metadata
from sentinel.database.tables import agencies

TREE = """{"valid_from": "2021-01-01", "agencies": [
  {"id": "city", "kind": "city", "name": "Thành phố", "name_en": "City"},
  {"id": "dept-a", "kind": "department", "name": "Sở A", "name_en": "A", "parent": "city"},
  {"id": "dept-b", "kind": "department", "name": "Sở B", "name_en": "B", "parent": "city"}]}"""


DATABASE = "SENTINEL_TEST_DATABASE"
"""Environment variable with the URL of an empty PostgreSQL database to run the tests on, instead of SQLite files."""


def untouched(folder: Path) -> Engine:
    """Return a database without any table: a file in `folder`, or the one named by the environment, emptied."""
    url = os.environ.get(DATABASE)
    engine = connect(url or f"sqlite:///{folder}/state.db")
    if url:
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    return engine


def database(folder: Path) -> Engine:
    """Return an empty, migrated database."""
    engine = untouched(folder)
    migrate(engine)
    return engine


def state(folder: Path) -> Engine:
    """Return a new database with the agencies city, dept-a and dept-b."""
    engine = database(folder)
    Agencies(engine).load(parse({"tree.json": TREE}))
    return engine


def empty(engine: Engine) -> None:
    """Delete everything but the agencies."""
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            if table is not agencies:
                connection.execute(delete(table))
