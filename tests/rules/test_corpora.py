"""Our rules over real logs of others: they find what is there, and are quiet over ordinary visitors."""

import gzip
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sentinel.detect.engine import Engine
from sentinel.detect.load import load_rules
from sentinel.event import Event
from sentinel.model.record import Record
from sentinel.normalise import normalise

BLOG = {"Administration Page Reached From Outside": 18}
"""10,000 requests to a blog that shows its Kibana to everybody; nothing else may fire."""
HOST = {
    "Account Names Tried Over SSH": 17,
    "Logs Or Watchers Put Out Of Action By Sudo": 1,
    "Passwords Guessed Over SSH": 32,
    "Root Shell By Sudo": 9,
    "Rules Of Access Changed By Sudo": 3,
    "SSH Log-In After Guessing": 1,
}
"""Three weeks of a host open to the internet: 7,121 lines, its administrator switching the audit rules off once."""


def records(path: Path, dataset: str) -> list[Record]:
    """Return what the server makes of a compressed log."""
    raws = gzip.decompress(path.read_bytes()).decode("utf-8", "surrogateescape").splitlines()
    events = [
        Event(
            collector="c", epoch=path.name, sequence=number, dataset=dataset, host="h1", raw=raw,
            seen_at=datetime(2026, 11, 23, tzinfo=UTC),
        )
        for number, raw in enumerate(raws, start=1)
    ]  # fmt: skip
    return [normalise(event, agency="a", received_at=None) for event in events]


@pytest.mark.parametrize(
    ("name", "dataset", "expected"),
    [
        ("web/apache-access-elastic-examples.log.gz", "nginx.access", BLOG),
        ("auth/auth-elastic-examples.log.gz", "linux.auth", HOST),
    ],
    ids=["blog", "host"],
)
def test_rules_are_quiet_over_real_logs(
    name: str, dataset: str, expected: dict[str, int], corpora: Path, root: Path
) -> None:
    engine = Engine(load_rules([root / "rules"]))
    found = Counter(match.rule.title for match, _ in engine.match(records(corpora / "logs" / name, dataset)))
    assert found == expected
