"""A hunt finds the same in a real Elasticsearch as in the embedded store: same events, same rules, same hits."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine as Database

from sentinel.cli.samples import AGENCY, read_sample
from sentinel.detect.load import load_rules
from sentinel.detect.rule import RuleSet
from sentinel.hunt import hunter
from sentinel.hunt.hunter import Hunter
from sentinel.hunt.rows import Hunts, HuntState, Progress, Question
from sentinel.model.agency import Scope
from sentinel.model.moment import now
from sentinel.model.record import Record
from sentinel.store import Mark, Store
from sentinel.store.elastic import find
from sentinel.store.local import LocalStore
from tests.database.fresh import state
from tests.live.servers.elastic import ElasticServer
from tests.store.backends import OwnElasticStore

pytestmark = [pytest.mark.live, pytest.mark.slow]

RULES = Path(__file__).parents[2] / "rules"
EVERY = 20
"""Every so many of the rules hunts alone, with its own query; all of them hunt together."""
LONG = "x" * 40_000
"""More than stores compare: the engine must be shown it whatever the query says."""
Hit = tuple[str, str]


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    found = load_rules([RULES])
    assert not found.faults
    # Rules that only serve a correlation speak as well.
    return replace(found, rules=tuple(replace(each, is_output=True) for each in found.rules))


@pytest.fixture(scope="module")
def records() -> Sequence[Record]:
    """Return the samples of all our rules: for each, events on which it fires and others on which it does not."""
    found = {each.id: each for path in sorted(RULES.rglob("*.ndjson")) for each in read_sample(path)}
    web = next(each for each in found.values() if "url.query" in each.fields)
    longer = {**web.fields, "event.id": "f" * 40, "url.query": f"{web.fields['url.query']}&x={LONG}"}
    return [*found.values(), Record("f" * 40, longer)]


@pytest.fixture(scope="module")
def scope(records: Sequence[Record]) -> Scope:
    """Return the agencies of the samples; some rules look across them."""
    return frozenset(str(each.fields["organization.id"]) for each in records)


@pytest.fixture(scope="module")
def local(records: Sequence[Record], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = LocalStore(tmp_path_factory.mktemp("local"))
    store.add(records, Mark(1))
    yield store
    store.close()


@pytest.fixture(scope="module")
def remote(
    elastic: ElasticServer, records: Sequence[Record], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    store = OwnElasticStore(elastic.url, tmp_path_factory.mktemp("remote"))
    store.add(records, Mark(1))
    yield store
    store.close()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    engine = state(tmp_path)
    yield engine
    engine.dispose()


def hunt(
    store: Store, hunts: Hunts, rules: RuleSet, scope: Scope, ids: tuple[str, ...] = (), *, every_page: bool = False
) -> list[Hit]:
    """Return rule and record of every hit, in order; stopped after every page where that is wanted."""
    begun = hunts.begin(Question(rules=ids), AGENCY, "test", now())
    mine = Hunter(store, hunts, rules)
    while begun.state is not HuntState.DONE:
        stop, before = threading.Event(), begun.progress.seen

        def after(progress: Progress, stop: threading.Event = stop, before: int = before) -> None:
            if every_page and progress.seen > before:
                stop.set()

        begun = mine.run(begun, scope, stop, after)
    return [(match.rule.id, match.record_id) for match in hunts.matches(begun.id, 100_000)]


def test_all_rules_together_find_the_same(
    local: Store, remote: Store, rules: RuleSet, scope: Scope, database: Database
) -> None:
    hunts = Hunts(database)
    wanted = hunt(local, hunts, rules, scope)
    assert hunt(remote, hunts, rules, scope) == wanted
    fired = {rule for rule, _ in wanted}
    # Not all: samples are made to be judged file by file, and some of a correlation lie before those of another.
    assert len(fired) > 0.9 * (len(rules.rules) + len(rules.correlations))
    assert any(record == "f" * 40 for _, record in wanted)


def test_rules_alone_find_the_same(
    local: Store, remote: Store, rules: RuleSet, scope: Scope, database: Database
) -> None:
    hunts = Hunts(database)
    alone, fired = [*rules.rules[::EVERY], *rules.correlations[::EVERY]], 0
    for each in alone:
        wanted = hunt(local, hunts, rules, scope, (each.info.id,))
        assert hunt(remote, hunts, rules, scope, (each.info.id,)) == wanted, each.path
        fired += bool(wanted)
    assert fired > 0.9 * len(alone)


def test_a_hunt_stopped_after_every_page_finds_the_same(
    local: Store, remote: Store, rules: RuleSet, scope: Scope, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    hunts = Hunts(database)
    wanted = hunt(local, hunts, rules, scope)
    # Few pages, because an engine is made for each; the store's own are smaller, and do not end where these do.
    monkeypatch.setattr(hunter, "PAGE", 901)
    monkeypatch.setattr(find, "SCAN_PAGE", 200)
    assert hunt(remote, hunts, rules, scope, every_page=True) == wanted
