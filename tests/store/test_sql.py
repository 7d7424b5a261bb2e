"""The order in which conditions are asked: what is cheap first, then the words that seem to be the rarest."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sentinel.store import Mark
from sentinel.store.finding import bounded
from sentinel.store.local import LocalStore
from sentinel.store.place import FILES
from sentinel.store.query import parse
from sentinel.store.session import Limits
from sentinel.store.sql import condition
from tests.store.examples import city, record


@pytest.mark.parametrize("query", ["cat AND administrator AND user.name:anna", "user.name:anna administrator cat"])
def test_all_of_several_are_asked_in_the_order_of_their_cost(query: str) -> None:
    found = condition(city(query), parse(query), frozenset())
    asked = [str(value).casefold() for value in found.values]
    places = [next(at for at, value in enumerate(asked) if word in value) for word in ("anna", "administrator", "cat")]
    assert places == sorted(places)
    assert found.is_costly


@pytest.mark.parametrize(
    "query", ["source.ip:10.3.0.0/16", "message:word", "user.name:/a.*/", "event.start:2026", "word"]
)
def test_no_regular_expression_is_prepared_for_each_row_group(tmp_path: Path, query: str) -> None:
    store = LocalStore(tmp_path)
    store.add(
        [record(n, source__ip=f"10.3.0.{n}", message=f"word {n}", user__name=f"an{n}") for n in range(9)], Mark(1)
    )
    store.close()
    # Of several agencies DuckDB makes a condition that keeps the others out of the reading too.
    found = condition(replace(city(query), scope=frozenset({"city"})), parse(query), frozenset())
    database = bounded(tmp_path, Limits())
    ((_, plan),) = database.execute(
        f"EXPLAIN (FORMAT JSON) SELECT count(*) FROM {FILES} WHERE {found.text}",
        [list(map(str, tmp_path.glob("*.parquet"))), *found.values],
    ).fetchall()
    database.close()
    (whole,) = json.loads(plan)
    reading = str(_reading(whole)["extra_info"])
    assert "regexp" in found.text
    assert "regexp" not in reading
    assert "list_transform" not in reading, "a plan does not show what is asked of each item"


@pytest.mark.parametrize("network", ["10.3.0.0/16", '"fe80::/10"'])
@pytest.mark.parametrize("field", ["related.ip", "host.ip"])
def test_in_a_list_what_asks_for_ipv6_is_only_prepared_where_it_is_asked(field: str, network: str) -> None:
    query = f"{field}:{network}"
    found = condition(city(query), parse(query), frozenset())
    assert "lambda six: " in found.text
    assert "ip6_key(v)" not in found.text


def test_an_address_is_read_by_few_expressions(tmp_path: Path) -> None:
    database = bounded(tmp_path, Limits())
    ((_, plan),) = database.execute(
        "EXPLAIN SELECT * FROM (SELECT 'x' || range AS x FROM range(9)) WHERE ip6_key(x) > ''"
    ).fetchall()
    database.close()
    assert 0 < plan.count("regexp") < 20


def _reading(node: dict[str, Any]) -> dict[str, Any]:
    """Return the step of a plan that reads files."""
    while not node["name"].startswith("READ_PARQUET"):
        (node,) = node["children"]
    return node


def test_agencies_are_looked_for_together_unless_few_or_odd() -> None:
    for scope in (frozenset("abcdef"), frozenset({*"abcdef", "g\x1fh"}), frozenset("ab")):
        found = condition(replace(city(""), scope=scope), parse(""), frozenset())
        assert found.values == (("\x1f".join("abcdef"),) if scope == frozenset("abcdef") else tuple(sorted(scope)))
