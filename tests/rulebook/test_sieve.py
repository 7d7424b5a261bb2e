"""Promises of the sieve: hidden matches reach nobody, and every match is counted once whatever is repeated."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from sentinel.accounts.agencies import Agencies
from sentinel.audit import Audit
from sentinel.model.match import Match
from sentinel.model.principal import Role
from sentinel.model.record import Record
from sentinel.model.rule_state import RuleState, RuleWork
from sentinel.rulebook.counters import RuleCounters
from sentinel.rulebook.sieve import Sieve
from sentinel.rulebook.states import RuleStates
from tests.alerts.examples import EVERYTHING, at, person, sighting

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
CITY = person(Role.ADMINISTRATOR, "city", "thanh")


class Book:
    """A rule book whose clock is set by hand."""

    def __init__(self, engine: Engine, log: Audit) -> None:
        self.now = NOW
        self.states = RuleStates(engine, log, Agencies(engine))
        self.counters = RuleCounters(engine)
        self.sieve = Sieve(engine, self.states, self.counters, clock=lambda: self.now)

    def work(self, scope: frozenset[str] = EVERYTHING) -> dict[str, RuleWork]:
        return self.counters.work(scope, self.now)


@pytest.fixture
def book(engine: Engine, log: Audit) -> Book:
    return Book(engine, log)


def several() -> list[tuple[Match, Record]]:
    return [
        sighting("r1"),
        sighting("r2", agency="dept-b", hours=2),
        sighting("r3", rule="rule-2"),
        sighting("r4", hours=1),
    ]


def test_enabled_rules_pass_in_order_and_are_counted_by_agency(book: Book) -> None:
    found = several()
    assert book.sieve.sift(found, [10, 11, 12, 13], 14) == found
    ours = book.work(frozenset({"dept-a"}))
    assert ours["rule-1"] == RuleWork(matches=2, matches_24h=2, last_at=at(1))
    assert book.work()["rule-1"] == RuleWork(matches=3, matches_24h=3, last_at=at(2))
    assert book.work(frozenset()) == {}


def test_what_is_hidden_in_an_agency_is_counted_there_and_not_shown(book: Book) -> None:
    rule = several()[0][0].rule
    book.states.decide(CITY, rule, "dept-a", RuleState.SHADOW, "x")
    shown = book.sieve.sift(several(), [10, 11, 12, 13], 14)
    assert [record.id for _, record in shown] == ["r2", "r3"]
    assert book.work()["rule-1"] == RuleWork(matches=1, hidden=2, matches_24h=1, hidden_24h=2, last_at=at(2))


def test_a_repeat_however_it_is_cut_counts_nothing_twice(book: Book) -> None:
    found = several()
    book.sieve.sift(found[:2], [10, 11], 12)
    once = book.work()
    assert book.sieve.sift(found[:1], [10], 11) == found[:1]
    assert book.sieve.sift(found[:2], [10, 11], 12) == found[:2]
    assert book.work() == once
    assert book.sieve.sift(found, [10, 11, 12, 13], 14) == found
    assert sum(each.matches for each in book.work().values()) == 4


def test_a_new_journal_is_counted_from_its_beginning(book: Book) -> None:
    book.sieve.sift(several(), [10, 11, 12, 13], 14)
    book.sieve.rewind()
    book.sieve.sift(several()[:1], [0], 1)
    assert book.work()["rule-1"].matches == 4


def test_a_day_passes(book: Book) -> None:
    book.sieve.sift(several()[:1], [10], 11)
    book.now += timedelta(hours=23)
    assert book.work()["rule-1"].matches_24h == 1
    book.now += timedelta(hours=1)
    assert book.work()["rule-1"] == RuleWork(matches=1, last_at=at(0))
    book.counters.prune(book.now + timedelta(days=2))
    assert book.work()["rule-1"].matches == 1


def test_costs_add_up(book: Book) -> None:
    book.counters.add_costs({"rule-1": (10, 20_000)})
    book.counters.add_costs({"rule-1": (10, 40_000), "rule-2": (1, 500)})
    assert book.counters.costs()["rule-1"].microseconds == 3
    assert book.counters.costs()["rule-2"].evaluations == 1
