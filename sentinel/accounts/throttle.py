"""Slows down the guessing of passwords: few failures by name, some more by address, then a wait."""

import ipaddress
import math
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, delete, insert, select

from sentinel.database.dialect import serialise
from sentinel.database.tables import sign_in_failures as failures
from sentinel.errors import RefusedError
from sentinel.model import moment

WINDOW = timedelta(minutes=15)
MAX_BY_NAME = 5
MAX_BY_ADDRESS = 20


class Throttle:
    """Counts failures; an attempt counts as one until it has succeeded, so that many at once gain nothing."""

    def __init__(self, engine: Engine) -> None:
        """Keep the failures behind `engine`, where every process sees them."""
        self._engine = engine

    def begin(self, name: str, address: str, now: datetime) -> int:
        """Note an attempt and return its id; raise `RefusedError` saying when to try again where there were too many.

        A refused attempt is not noted: who waits gets in.
        """
        oldest = moment.to_text(now - WINDOW)
        with self._engine.begin() as connection:
            serialise(connection, failures)
            connection.execute(delete(failures).where(failures.c.at <= oldest))
            times = [
                _free_again(connection, failures.c.name == name, MAX_BY_NAME),
                _free_again(connection, failures.c.address == address, MAX_BY_ADDRESS),
            ]
            if not (waits := [time for time in times if time is not None]):
                row = insert(failures).values(name=name, address=address, at=moment.to_text(now))
                return int(connection.execute(row.returning(failures.c.id)).scalar_one())
        minutes = max(1, math.ceil((max(waits) - now).total_seconds() / 60))
        raise RefusedError(f"too many failed sign-ins; try again in {minutes} minute{'s' if minutes > 1 else ''}")

    def succeeded(self, attempt: int, name: str, address: str) -> None:
        """Take back the attempt, and the failures of the same name from the same address."""
        same = (failures.c.name == name) & (failures.c.address == address)
        with self._engine.begin() as connection:
            connection.execute(delete(failures).where((failures.c.id == attempt) | same))


def source(address: str) -> str:
    """Return by what an address counts: an IPv6 one by its /64, which is the least that one subscriber has."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
    return str(found)


def _free_again(connection: Connection, whose: ColumnElement[bool], limit: int) -> datetime | None:
    query = select(failures.c.at).where(whose).order_by(failures.c.at.desc()).limit(limit)
    times = connection.execute(query).scalars().all()
    return moment.from_text(times[-1]) + WINDOW if len(times) >= limit else None
