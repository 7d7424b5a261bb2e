"""A migrated database, emptied before each test."""

from tests.database.fixtures import engine, log, shared

__all__ = ["engine", "log", "shared"]
