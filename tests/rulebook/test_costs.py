"""Promises of the measuring: seldom, bounded, and a dear rule shows."""

import random
from pathlib import Path

from sqlalchemy import Engine as Database

from sentinel.detect.engine import Engine
from sentinel.detect.load import load_rules
from sentinel.model.record import Record
from sentinel.rulebook.costs import EVERY_SECONDS, Costs, measure
from sentinel.rulebook.counters import RuleCounters

CHEAP = """
title: Cheap
id: 6f0f6b3c-1c5e-4f3a-9d8e-000000000001
status: test
logsource: {product: linux, service: sshd}
detection: {one: {user.name: nobody}, condition: one}
"""
DEAR = """
title: Dear
id: 6f0f6b3c-1c5e-4f3a-9d8e-000000000002
status: test
logsource: {product: linux, service: sshd}
detection: {many: {message|contains: [LIST]}, condition: many}
""".replace("LIST", ", ".join(f"never{number}" for number in range(400)))
RECORD = Record(
    "r1",
    {
        "@timestamp": "2026-11-23T08:00:00.000000Z",
        "event.dataset": "linux.auth",
        "event.kind": "event",
        "process.name": "sshd",
        "event.provider": "sshd",
        "message": "Accepted password " * 50,
        "user.name": "root",
    },
)


def engine_of(tmp_path: Path) -> Engine:
    (tmp_path / "rules.yml").write_text(f"{CHEAP}---{DEAR}")
    rules = load_rules([tmp_path])
    assert not rules.faults
    return Engine(rules)


def test_a_dear_rule_costs_more_than_a_cheap_one(tmp_path: Path) -> None:
    router = engine_of(tmp_path).router
    found = measure(router, RECORD, random.Random(1), 1.0)
    assert {rule_id[-1]: evaluations for rule_id, (evaluations, _) in found.items()} == {"1": 1, "2": 1}
    cheap, dear = (found[f"6f0f6b3c-1c5e-4f3a-9d8e-00000000000{number}"][1] for number in (1, 2))
    assert dear > 2 * cheap
    assert len(measure(router, RECORD, random.Random(1), 0.0)) == 1


def test_samples_are_taken_once_a_minute(tmp_path: Path, engine: Database) -> None:
    now = 0.0
    counters = RuleCounters(engine)
    costs = Costs(counters, clock=lambda: now, chance=random.Random(1))
    router = engine_of(tmp_path).router
    costs.see(router, [RECORD])
    assert counters.costs() == {}
    now = EVERY_SECONDS
    costs.see(router, [RECORD])
    costs.see(router, [RECORD])
    assert sum(each.evaluations for each in counters.costs().values()) <= 2
    assert counters.costs()
