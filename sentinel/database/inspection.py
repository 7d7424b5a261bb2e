"""Reads a whole database and says what is wrong with it; changes nothing."""

from sqlalchemy import Engine, text

from sentinel.database.connect import reading

MAX_FAULTS = 20


def faults(engine: Engine) -> list[str]:
    """Return a sentence for each fault, 20 at most; empty where all is well.

    PostgreSQL checks its references itself and its pages when they are read: there every table is read.
    """
    with reading(engine) as connection:
        if engine.dialect.name == "sqlite":
            found = [str(row[0]) for row in connection.execute(text(f"PRAGMA integrity_check({MAX_FAULTS})"))]
            broken = connection.execute(text("PRAGMA foreign_key_check")).fetchmany(MAX_FAULTS)
            return [each for each in found if each != "ok"] + [
                f"a row of {row[0]} points to a row of {row[2]} that is missing" for row in broken
            ]
        names = connection.execute(
            text("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
        ).scalars()
        preparer = engine.dialect.identifier_preparer
        for name in names.all():
            connection.execute(text(f"SELECT count(*) FROM {preparer.quote(name)} AS t WHERE t.* IS NOT NULL"))  # noqa: S608
        return []
