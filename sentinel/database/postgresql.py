"""How PostgreSQL is reached: pool, limits, a password that no setting holds, and what its errors mean."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event

from sentinel.errors import InputError, UnavailableError

POOL_CONNECTIONS = 8
MORE_CONNECTIONS = 40
"""For the moments in which all 40 threads of the web and every loop ask at once."""
POOL_SECONDS = 30
CONNECT_SECONDS = 10
SILENT_SECONDS = 20
"""A server that has answered nothing for so long is gone, though nobody said so."""
MAX_PASSWORD_BYTES = 4_096
_CANNOT_NOW = frozenset({"OperationalError", "ReadOnlySqlTransaction"})
"""Classes of psycopg: connection lost, server shutting down, lock not given, deadlock, disk full; and a standby."""


def open_engine(url: URL, lock_milliseconds: int, password_file: Path | None) -> Engine:
    """Return an engine; raise `InputError` for a password in the URL, `UnavailableError` without the driver.

    The password comes from `password_file`, read at each new connection so that it may change, or as for every client
    of PostgreSQL from `PGPASSFILE`, `~/.pgpass` or `PGPASSWORD`.
    """
    if url.password is not None or "password" in url.query:
        raise InputError(
            "database.url holds a password, and would show it to whoever sees the settings; put it into a file of its "
            "own, readable by the server only, and name that in database.password_file"
        )
    if find_spec("psycopg") is None:
        raise UnavailableError("PostgreSQL needs psycopg: pip install 'sentinel-soc[postgres]'")
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        pool_size=POOL_CONNECTIONS,
        max_overflow=MORE_CONNECTIONS,
        pool_timeout=POOL_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "sentinel",
            "keepalives_idle": SILENT_SECONDS,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": SILENT_SECONDS * 1000,
            "options": f"-c lock_timeout={lock_milliseconds} -c timezone=UTC",
        },
    )
    if password_file is not None:
        event.listen(engine, "do_connect", _with_password(password_file))
    return engine


def cannot_now(cause: BaseException | None) -> bool:
    """Return whether psycopg says that the server cannot be used at the moment, rather than that we asked wrongly."""
    if cause is None or not type(cause).__module__.startswith("psycopg"):
        return False
    return any(kind.__name__ in _CANNOT_NOW for kind in type(cause).__mro__)


def _with_password(path: Path) -> Callable[[Any, Any, Any, dict[str, Any]], None]:
    def connect(_dialect: Any, _record: Any, _arguments: Any, parameters: dict[str, Any]) -> None:
        try:
            with path.open("rb") as file:
                parameters["password"] = file.read(MAX_PASSWORD_BYTES).decode("utf-8").strip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8"
            raise UnavailableError(f"cannot read database.password_file {path}: {reason}") from error

    return connect
