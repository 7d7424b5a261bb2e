"""Promises of moving state: from one moment of any version into an empty database of either kind, nothing changed."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert

from sentinel.accounts.agencies import Agencies
from sentinel.audit import Audit
from sentinel.database.connect import connect, migrate
from sentinel.database.migrations import upgrade
from sentinel.database.transfer import LEFT_OUT, bring_in, export
from sentinel.errors import ConflictError, InputError
from tests.database.fresh import state, untouched
from tests.database.test_released import tables, value


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Engine]:
    engine = connect(f"sqlite:///{tmp_path}/source.db")
    yield engine
    engine.dispose()


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Engine]:
    engine = untouched(tmp_path)
    yield engine
    engine.dispose()


def fill(engine: Engine) -> None:
    made = tables(engine)
    with engine.begin() as connection:
        for table in made:
            rows = [{each.name: value(table, each.name, number) for each in table.columns} for number in (1, 2, 3)]
            connection.execute(insert(table), rows)
    log = Audit(engine)
    for number in range(3):
        log.record(actor="an", agency="city", action="alert.closed", object=str(number), detail={"vì": 1.5})


@pytest.mark.parametrize("version", ["0001", "0002", "head"])
def test_what_comes_out_goes_in_and_comes_out_equal(source: Engine, target: Engine, version: str) -> None:
    upgrade(source, version)
    fill(source)
    lines = list(export(source))
    counts = bring_in(target, lines)
    assert set(counts.values()) == {3}
    assert not set(counts) & LEFT_OUT
    assert Audit(target).verify() == 3
    migrate(source)
    assert list(export(target)) == list(export(source))


def test_agencies_that_lie_below_others_come_in(tmp_path: Path, target: Engine) -> None:
    source = connect(f"sqlite:///{tmp_path}/tree.db")
    migrate(source)
    Agencies(source).load_bundled()
    bring_in(target, export(source))
    assert Agencies(target).all() == Agencies(source).all()
    source.dispose()


def test_a_database_with_anything_in_it_is_left_alone(tmp_path: Path, source: Engine) -> None:
    migrate(source)
    filled = state(tmp_path)
    with pytest.raises(ConflictError, match="not empty"):
        bring_in(filled, export(source))
    filled.dispose()


@pytest.mark.parametrize(
    "lines",
    [
        [], ["{"], ["[]"], ['{"format": "other"}'], ["[" * 100_000],
        ['{"format": "sentinel-state", "version": "0003"}', "[1]"],
        ['{"format": "sentinel-state", "version": "0003"}', '{"tables": 1}'],
        ['{"format": "sentinel-state", "version": "0003"}', '{"table": "users", "columns": ["id"]}'],
        ['{"format": "sentinel-state", "version": "0003"}', '{"table": "\\u0000; DROP", "columns": []}'],
    ],
)  # fmt: skip
def test_lines_of_another_kind_are_refused(tmp_path: Path, lines: list[str]) -> None:
    engine = connect(f"sqlite:///{tmp_path}/new.db")
    with pytest.raises(InputError, match="copy"):
        bring_in(engine, lines)
    engine.dispose()


def test_it_is_one_moment(source: Engine) -> None:
    migrate(source)
    Agencies(source).load_bundled()
    lines = export(source)
    first = [next(lines), next(lines)]
    Audit(source).record(actor="an", agency="city", action="alert.closed", object="later")
    kinds = [json.loads(line) for line in [*first, *lines]]
    assert kinds[1]["table"]
    assert not any(isinstance(each, list) and "alert.closed" in each for each in kinds)
