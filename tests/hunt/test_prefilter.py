"""Promises of the query that a hunt asks first: what the engine finds is in its answer, whatever the rule says."""

import gzip
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import pytest

from sentinel.cli.sources import Source
from sentinel.detect.engine import Engine
from sentinel.detect.load import load_rules
from sentinel.detect.ready import read_ready
from sentinel.detect.rule import RuleSet
from sentinel.detect.taxonomy import bundled
from sentinel.hunt.prefilter import EVERYTHING, prefilter
from sentinel.model.record import Record
from sentinel.model.search import Search
from sentinel.normalise import normalise
from sentinel.store import Mark
from sentinel.store.local import LocalStore
from tests.detect.public import public_rules

START = datetime(2026, 11, 23, tzinfo=UTC)
AT = "2026-11-23T08:00:00.000000Z"
STEP = 60
SCOPE = frozenset({"city"})


@pytest.fixture(scope="module")
def records(corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Record]:
    """Return real events of Windows, a web server, sshd, flows: those of the public stream and our recordings."""
    folder = tmp_path_factory.mktemp("events")
    stream = folder / "stream.ndjson"
    with gzip.open(corpora / "streams/windows-security-datasets.ndjson.gz") as packed, stream.open("wb") as plain:
        plain.writelines(islice(packed, 0, None, STEP))
    regression = sorted((corpora / "sigma/regression_data").rglob("*.json"))
    recordings = sorted(Path(__file__).parents[1].glob("data/recordings/*.log"))
    found = {}
    for path in [stream, *regression, *recordings]:
        for number, event in enumerate(Source(path, None, START).read()):
            # Every file is a collector of its own, so that ids differ.
            record = normalise(event, agency="city", received_at=AT)
            found[f"{path.name}-{number}"] = Record(f"{len(found):08x}", record.fields)
    return list(found.values())


@pytest.fixture(scope="module")
def store(records: list[Record], tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStore]:
    store = LocalStore(tmp_path_factory.mktemp("store"))
    store.add(records, Mark(1))
    yield store
    store.close()


@pytest.fixture(scope="module")
def rules(corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> RuleSet:
    folder = public_rules(corpora, tmp_path_factory.mktemp("public"))
    ours = Path(__file__).parents[2] / "rules"
    return read_ready(
        [folder / "rules", folder / "rules-emerging-threats", folder / "rules-threat-hunting", ours], None
    )


def test_no_hit_of_any_rule_is_missing_from_its_query(records: list[Record], store: LocalStore, rules: RuleSet) -> None:
    hits = defaultdict(set)
    for record, found in zip(records, Engine(rules).judge(records), strict=True):
        for hit in found:
            hits[hit.rule].add(record.id)
    by_id = {rule.info.id: rule for rule in rules.rules}
    assert len(hits) > 150
    asked_for_everything = 0
    for rule_id, wanted in hits.items():
        query = prefilter([by_id[rule_id]], bundled())
        asked_for_everything += query == EVERYTHING
        answer = {record.id for record in store.search(Search(scope=SCOPE, query=query, limit=10_000)).records}
        assert wanted <= answer, (by_id[rule_id].info.title, query)
    assert asked_for_everything < len(hits) / 20


def rule(tmp_path: Path, detection: str, logsource: str = "{product: linux, service: sshd}") -> RuleSet:
    path = tmp_path / "rule.yml"
    path.write_text(
        f"title: T\nid: 5f0b1c1e-0000-4000-8000-000000000001\nlogsource: {logsource}\ndetection:\n{detection}"
    )
    found = load_rules([path])
    assert not found.faults, found.faults
    return found


@pytest.mark.parametrize(
    ("detection", "part"),
    [
        ("  a: {User: root}\n  condition: a", ":root"),
        ("  a: {User|contains: 'o o'}\n  condition: a", ":*o\\ o*"),
        ("  a: {User|contains|all: [ab, cd]}\n  condition: a", ":*ab* AND"),
        ("  a: {User: 'phòng'}\n  condition: a", ":ph*ng"),
        ("  a: {User: 'a?b'}\n  condition: a", ":a*b"),
        ("  a: {Port|gte: 1024}\n  condition: a", ":>=1024"),
    ],
)
def test_what_can_be_asked_is_asked(tmp_path: Path, detection: str, part: str) -> None:
    assert part in prefilter(rule(tmp_path, detection).rules, bundled())


@pytest.mark.parametrize(
    "detection",
    [
        "  a: {User: root}\n  condition: not a",
        "  a: {User|re: 'ro+t'}\n  condition: a",
        "  a: {User|neq: root}\n  condition: a",
        "  a: {User: null}\n  condition: a",
        "  a: {User|fieldref: Other}\n  condition: a",
        "  a: [failed]\n  condition: a",
        "  a: {User: root}\n  b: [failed]\n  condition: a or b",
        "  a: {'@timestamp|gte': 5}\n  condition: a",
    ],
)
def test_what_could_miss_something_is_left_to_the_engine(tmp_path: Path, detection: str) -> None:
    """The query then names the log source and nothing else."""
    query = prefilter(rule(tmp_path, detection).rules, bundled())
    assert "root" not in query
    assert "event.dataset" in query


def test_many_rules_ask_for_less_of_each_and_in_the_end_for_everything(rules: RuleSet) -> None:
    query = prefilter(rules.rules, bundled(), "organization.id:city")
    assert query == "organization.id:city"
    windows = [rule for rule in rules.rules if rule.log_source.category == "image_load"]
    assert len(windows) > 50
    assert prefilter(windows, bundled()) == (
        '(((event.dataset:windows.*) AND (winlog.channel:"microsoft-windows-sysmon/operational") AND '
        '(winlog.event_id:"7")) OR sentinel.long:true)'
    )


def test_a_selection_that_begins_like_an_operator_is_read_as_the_engine_reads_it(tmp_path: Path) -> None:
    query = prefilter(rule(tmp_path, "  notepad: {User: root}\n  condition: notepad").rules, bundled())
    assert ":root" in query
