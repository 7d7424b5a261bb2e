"""Promises of the migrations: they make exactly the tables the code uses, at once or not at all."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from sentinel.audit import Audit
from sentinel.database.connect import connect, migrate, reading
from sentinel.database.migrations import upgrade
from sentinel.database.storage_tables import metadata
from sentinel.errors import UnavailableError
from tests.database.fresh import database


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = connect(f"sqlite:///{tmp_path}/with%percent.db")
    yield engine
    engine.dispose()


def test_migrations_make_the_tables_of_the_code(tmp_path: Path) -> None:
    engine = database(tmp_path)
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_migrated_tables_have_the_constraints_of_the_code(engine: Engine, tmp_path: Path) -> None:
    migrate(engine)
    direct = connect(f"sqlite:///{tmp_path}/direct.db")
    metadata.create_all(direct)
    migrated, created = inspect(engine), inspect(direct)
    for table in metadata.tables:
        assert migrated.get_pk_constraint(table) == created.get_pk_constraint(table)
        for look in ("get_foreign_keys", "get_unique_constraints", "get_indexes"):
            found = [getattr(one, look)(table) for one in (migrated, created)]
            assert sorted(found[0], key=str) == sorted(found[1], key=str), (table, look)
    direct.dispose()


def test_migrating_again_changes_nothing(engine: Engine) -> None:
    migrate(engine)
    migrate(engine)
    with reading(engine) as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == ["0004"]


def test_a_home_of_the_first_release_keeps_what_it_has(engine: Engine) -> None:
    """A database made by 0001, with an agency and an audit entry, gets the new tables and loses nothing."""
    upgrade(engine, "0001")
    assert "rule_states" not in inspect(engine).get_table_names()
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO agencies (id, kind, name, name_en, valid_from) "
                "VALUES ('city', 'city', 'Thành phố', 'City', '2021-01-01')"
            )
        )
    Audit(engine).record(actor="an", agency="city", action="alert.closed", object="a1")
    migrate(engine)
    assert "rule_states" in inspect(engine).get_table_names()
    assert Audit(engine).verify() == 1
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_two_that_start_together_migrate_once(engine: Engine) -> None:
    failures: list[BaseException] = []

    def run() -> None:
        try:
            migrate(engine)
        except BaseException as error:  # noqa: BLE001 - a thread hands its failure to the test
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []


def test_tables_of_a_newer_sentinel_are_left_alone(engine: Engine) -> None:
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UnavailableError, match="newer Sentinel"):
        migrate(engine)
