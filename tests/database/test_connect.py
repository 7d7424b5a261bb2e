"""Promises of the database connection: no early 'database is locked', all or nothing, private, plain errors."""

import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.exc import IntegrityError

from sentinel.database.connect import connect, migrate, reading
from sentinel.database.dialect import insert_new, upsert
from sentinel.database.tables import intake_counters, sessions, sign_in_failures
from sentinel.errors import InputError, UnavailableError
from sentinel.model import moment

AT = "2026-11-23T08:00:00.000000Z"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = connect(f"sqlite:///{tmp_path}/state.db")
    migrate(engine)
    yield engine
    engine.dispose()


def _counter(reason: str, count: int = 1) -> dict[str, object]:
    return {"collector": "c1", "reason": reason, "count": count, "last_at": AT, "last_detail": ""}


def test_the_file_is_for_its_owner_only(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        connection.execute(insert(sign_in_failures).values(name="a", address="b", at=AT))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes["state.db"] == 0o600
    assert set(modes.values()) == {0o600}


def test_settings_that_keep_what_was_committed_are_on(engine: Engine) -> None:
    with reading(engine) as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10_000}


def test_writers_that_read_first_wait_for_each_other(engine: Engine) -> None:
    with engine.begin() as connection:
        insert_new(connection, intake_counters, [_counter("a", 0)])
    failures: list[BaseException] = []

    def add_twenty() -> None:
        try:
            for _ in range(20):
                with engine.begin() as connection:
                    count = connection.execute(select(intake_counters.c.count)).scalar_one()
                    connection.execute(intake_counters.update().values(count=count + 1))
        except BaseException as error:  # noqa: BLE001 - a thread hands its failure to the test
            failures.append(error)

    threads = [threading.Thread(target=add_twenty) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    with reading(engine) as connection:
        assert connection.execute(select(intake_counters.c.count)).scalar_one() == 160


def test_a_reader_waits_for_no_writer_and_sees_one_moment(engine: Engine) -> None:
    query = select(intake_counters.c.reason)
    with reading(engine) as reader, engine.connect() as writer:
        assert reader.execute(query).all() == []
        insert_new(writer, intake_counters, [_counter("a")])
        writer.commit()
        assert reader.execute(query).all() == []


def test_a_reader_cannot_write(engine: Engine) -> None:
    with reading(engine) as connection, pytest.raises(UnavailableError, match="may not be written"):
        insert_new(connection, intake_counters, [_counter("a")])
    with engine.begin() as connection:
        insert_new(connection, intake_counters, [_counter("a")])


def test_a_failed_transaction_leaves_nothing(engine: Engine) -> None:
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(insert(intake_counters), [_counter("a"), _counter("a")])
    with reading(engine) as connection:
        assert connection.execute(select(intake_counters)).all() == []


def test_insert_new_keeps_what_is_there_and_upsert_replaces_it(engine: Engine) -> None:
    with engine.begin() as connection:
        insert_new(connection, intake_counters, [_counter("a", 1), _counter("a", 2), _counter("b", 3)])
        upsert(connection, intake_counters, [_counter("b", 4)])
        rows = connection.execute(select(intake_counters.c.reason, intake_counters.c.count).order_by("reason")).all()
    assert [tuple(row) for row in rows] == [("a", 1), ("b", 4)]


def test_case_is_folded_beyond_ascii(engine: Engine) -> None:
    with reading(engine) as connection:
        assert connection.execute(text("SELECT lower('HẢI PHÒNG Đ')")).scalar_one() == "hải phòng đ"
        assert connection.execute(text("SELECT lower(NULL)")).scalar_one() is None


@pytest.mark.parametrize("url", ["", "sqlite://", "sqlite:///:memory:", "mysql://host/name", "no url at all"])
def test_a_url_it_cannot_use_is_refused(url: str) -> None:
    with pytest.raises(InputError, match=r"database\.url"):
        connect(url)


@pytest.mark.parametrize("url", ["postgresql://u:geheim@h/n", "postgresql://u@h/n?password=geheim"])
def test_a_password_in_the_url_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(InputError, match=r"database\.password_file") as caught:
        connect(url)
    assert "geheim" not in str(caught.value)


def test_a_password_file_that_is_missing_is_named(tmp_path: Path) -> None:
    engine = connect("postgresql://u@127.0.0.1:1/n", tmp_path / "password")
    with pytest.raises(UnavailableError, match="password: No such file"), engine.connect():
        pass
    (tmp_path / "password").write_text("geheim\n")
    with pytest.raises(UnavailableError, match="cannot be used now") as caught, engine.connect():
        pass
    assert "geheim" not in str(caught.value)
    engine.dispose()


def test_a_missing_folder_and_a_wrong_file_say_so(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="No such file"):
        connect(f"sqlite:///{tmp_path}/missing/state.db")
    (tmp_path / "state.db").write_bytes(b"this is no database" * 1000)
    with (
        pytest.raises(UnavailableError, match="not a SQLite database"),
        connect(f"sqlite:///{tmp_path}/state.db").connect(),
    ):
        pass


def test_a_disk_that_fills_up_is_an_unavailable_database(engine: Engine) -> None:
    with engine.begin() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
        rows = [_counter(f"{number}-" + "x" * 1000) for number in range(1000)]
        with pytest.raises(UnavailableError, match="disk is full"):
            insert_new(connection, intake_counters, rows)


def test_times_as_texts_sort_as_times() -> None:
    assert moment.to_text(moment.from_text(AT)) == AT


def test_an_error_shows_no_value_of_its_statement(engine: Engine) -> None:
    row = {"token_hash": "h", "user_id": "nobody", "csrf": "the-secret", "created_at": AT, "seen_at": AT}
    with pytest.raises(IntegrityError) as caught, engine.begin() as connection:
        connection.execute(insert(sessions).values(row | {"expires_at": AT}))
    assert "the-secret" not in str(caught.value)
