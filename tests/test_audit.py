"""Promises of the audit log: one chain, nothing changed in silence, part of the caller's transaction."""

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, delete, update

from sentinel.audit import Audit, _digest
from sentinel.database.tables import audit
from sentinel.errors import ConflictError, InputError
from tests.database.fresh import database


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = database(tmp_path_factory.mktemp("audit"))
    yield engine
    engine.dispose()


@pytest.fixture
def engine(shared: Engine) -> Engine:
    with shared.begin() as connection:
        connection.execute(delete(audit))
    return shared


def _write(log: Audit, number: int) -> list[int]:
    return [
        log.record(actor="lan", agency="city", action="alert.closed", object=f"a{i}", detail={"i": i, "tên": "Hải"})
        for i in range(number)
    ]


def test_entries_count_from_one_and_the_chain_holds(engine: Engine) -> None:
    log = Audit(engine)
    assert _write(log, 5) == [1, 2, 3, 4, 5]
    assert log.verify() == 5
    assert [entry.object for entry in log.entries(after=3)] == ["a3", "a4"]
    assert [entry.sequence for entry in log.entries(limit=2, newest_first=True)] == [5, 4]
    assert [entry.sequence for entry in log.entries(4, 2, newest_first=True)] == [3, 2]
    assert log.entries(10**30, 10**30) == []


def test_an_empty_log_is_in_order(engine: Engine) -> None:
    log = Audit(engine)
    assert log.verify() == 0
    assert log.verify(log.head()) == 0


def test_a_reader_gets_only_the_agencies_in_scope(engine: Engine) -> None:
    log = Audit(engine)
    _write(log, 2)
    log.record(actor="minh", agency="district-01", action="x", object="y")
    assert [entry.sequence for entry in log.entries(scope=frozenset({"district-01"}))] == [3]
    assert log.entries(scope=frozenset()) == []


@pytest.mark.parametrize("column", ["at", "actor", "agency", "action", "object", "why"])
def test_an_edited_entry_is_found(engine: Engine, column: str) -> None:
    log = Audit(engine)
    _write(log, 5)
    with engine.begin() as connection:
        connection.execute(update(audit).where(audit.c.sequence == 3).values({column: "someone else"}))
    with pytest.raises(ConflictError, match="entry 3 was changed"):
        log.verify()


def test_an_edit_of_the_detail_is_found_even_when_its_digest_is_made_again(engine: Engine) -> None:
    log = Audit(engine)
    _write(log, 5)
    entry = log.entries(2, 1)[0]
    body = {name: getattr(entry, name) for name in entry.__slots__ if name != "digest"} | {"detail": {"i": 7}}
    with engine.begin() as connection:
        change = update(audit).where(audit.c.sequence == 3)
        connection.execute(change.values(detail=body["detail"], digest=_digest(body)))
    with pytest.raises(ConflictError, match="entry 4 does not follow"):
        log.verify()


def test_a_deleted_entry_is_found(engine: Engine) -> None:
    log = Audit(engine)
    _write(log, 5)
    with engine.begin() as connection:
        connection.execute(delete(audit).where(audit.c.sequence == 2))
    with pytest.raises(ConflictError, match="entry 2 is missing"):
        log.verify()


def test_a_deleted_beginning_is_found_even_when_the_rest_is_counted_again(engine: Engine) -> None:
    log = Audit(engine)
    _write(log, 3)
    with engine.begin() as connection:
        connection.execute(delete(audit).where(audit.c.sequence == 1))
        for sequence in (2, 3):
            connection.execute(update(audit).where(audit.c.sequence == sequence).values(sequence=sequence - 1))
    with pytest.raises(ConflictError, match="entry 1 does not follow"):
        log.verify()


def test_a_cut_tail_is_found_by_a_head_noted_before(engine: Engine) -> None:
    log = Audit(engine)
    _write(log, 5)
    head = log.head()
    with engine.begin() as connection:
        connection.execute(delete(audit).where(audit.c.sequence > 3))
    assert log.verify() == 3
    with pytest.raises(ConflictError, match="entry 5 is not the one"):
        log.verify(head)


def test_swapped_entries_are_found(engine: Engine) -> None:
    log = Audit(engine)
    _write(log, 4)
    with engine.begin() as connection:
        for old, new in ((2, 99), (3, 2), (99, 3)):
            connection.execute(update(audit).where(audit.c.sequence == old).values(sequence=new))
    with pytest.raises(ConflictError, match="entry 2"):
        log.verify()


def test_an_entry_goes_with_the_transaction_it_belongs_to(engine: Engine) -> None:
    log = Audit(engine)
    with engine.connect() as connection:
        log.record(actor="lan", agency="city", action="x", object="y", connection=connection)
        connection.rollback()
    assert log.entries() == []
    with engine.begin() as connection:
        first = log.record(actor="lan", agency="city", action="x", object="y", connection=connection)
        second = log.record(actor="lan", agency="city", action="x", object="z", connection=connection)
    assert (first, second) == (1, 2)
    assert log.verify() == 2


def test_writers_at_the_same_time_make_one_chain(engine: Engine) -> None:
    log = Audit(engine)
    threads = [threading.Thread(target=_write, args=(log, 15)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert log.verify() == 90


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(
    actor=st.text(st.characters(), max_size=200),
    why=st.text(st.characters(), max_size=50),
    detail=st.dictionaries(st.text(), json_values, max_size=4),
)
def test_whatever_is_written_verifies(shared: Engine, actor: str, why: str, detail: dict[str, object]) -> None:
    log = Audit(shared)
    with shared.begin() as connection:
        connection.execute(delete(audit))
    log.record(actor=actor, agency="city", action="x", object=why, why=why, detail=detail)
    assert log.verify() == 1


@pytest.mark.parametrize("detail", [{"x": float("nan")}, {"x": object()}, {"x": "y" * 30_000}])
def test_a_detail_that_is_not_plain_is_refused(engine: Engine, detail: dict[str, object]) -> None:
    with pytest.raises(InputError, match="detail"):
        Audit(engine).record(actor="a", agency="city", action="x", object="y", detail=detail)
    assert Audit(engine).entries() == []
