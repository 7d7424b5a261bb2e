"""Migrations: numbered steps from an empty database to the tables of today, run by Alembic without files of its own."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Engine, text

from sentinel.errors import UnavailableError

_FOLDER = Path(__file__).parent
_LOCK = 7_305_811_002
"""Any number; it names this lock among PostgreSQL's advisory locks."""


def upgrade(engine: Engine, to: str = "head") -> None:
    """Run the missing steps in one transaction; two processes that start together wait for each other.

    `to` names the step to stop at, for tests of older homes.
    """
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, to)
        except CommandError as error:
            raise UnavailableError(
                f"the database was made by a newer Sentinel, or its migrations are damaged ({error}); upgrade Sentinel"
            ) from error
