"""Which rules see a record, and what their field names mean there."""

from pathlib import Path

import pytest

from sentinel.detect.engine import Engine
from sentinel.detect.routing import Router
from sentinel.detect.rule import LogSource
from sentinel.detect.taxonomy import bundled, load_taxonomy
from sentinel.errors import InputError
from sentinel.model.record import Record, Value
from tests.detect.conftest import Load

SYSMON = "Microsoft-Windows-Sysmon/Operational"
RULES = "---".join(
    f"""
title: {title}
logsource: {source}
detection: {{s: {{{item}}}, condition: s}}
"""
    for title, source, item in [
        ("creation", "{product: windows, category: process_creation}", "Image|endswith: '\\cmd.exe'"),
        ("anywhere", "{category: process_creation}", "Image|endswith: '\\cmd.exe'"),
        ("linux", "{product: linux, category: process_creation}", "Image|endswith: '\\cmd.exe'"),
        ("security", "{product: windows, service: security}", "EventID: 4688"),
        ("sysmon", "{product: windows, service: sysmon}", "EventID: 1"),
        ("product", "{product: windows}", "EventID: [1, 4688, 9999]"),
        ("deleted", "{product: windows, category: registry_delete}", "TargetObject|contains: Run"),
        ("registry", "{product: windows, category: registry_event}", "TargetObject|contains: Run"),
        ("antivirus", "{category: antivirus}", "Signature|contains: hacktool"),
        ("defender", "{product: windows, service: windefend}", "ThreatName|contains: hacktool"),
    ]
)


def event(channel: str, event_id: int, **data: str) -> Record:
    """Return a record of a Windows event."""
    fields: dict[str, Value] = {
        "@timestamp": "2026-11-23T08:00:00.000000Z",
        "event.dataset": "windows.other",
        "winlog.channel": channel,
        "winlog.event_id": event_id,
        **{f"winlog.event_data.{name}": value for name, value in data.items()},
    }
    return Record("r", fields)


@pytest.mark.parametrize(
    ("record", "titles"),
    [
        (event(SYSMON, 1, Image="C:\\cmd.exe"), {"creation", "anywhere", "sysmon", "product"}),
        (event("Security", 4688, NewProcessName="C:\\cmd.exe"), {"creation", "anywhere", "security", "product"}),
        (event("security", 4688, NewProcessName="C:\\x.exe"), {"security", "product"}),
        (event("Security", 4688, Image="C:\\cmd.exe"), {"security", "product"}),
        (event(SYSMON, 7, Image="C:\\cmd.exe"), set()),
        (event("Unheard/Of", 9999), {"product"}),
        (event(SYSMON, 12, TargetObject="HKLM\\Run", EventType="DeleteValue"), {"deleted", "registry"}),
        (event(SYSMON, 12, TargetObject="HKLM\\Run", EventType="CreateKey"), {"registry"}),
        (
            event("Microsoft-Windows-Windows Defender/Operational", 1116, ThreatName="HackTool:X"),
            {"antivirus", "defender"},
        ),
        (event("Microsoft-Windows-Windows Defender/Operational", 5001, ThreatName="HackTool:X"), {"defender"}),
    ],
)
def test_an_event_is_seen_by_the_rules_of_its_log_sources(record: Record, titles: set[str], load: Load) -> None:
    rule_set = load(RULES)
    assert not rule_set.faults
    assert {match.rule.title for match, _ in Engine(rule_set).match([record])} == titles


def test_a_rule_fires_once_even_where_several_log_sources_fit(load: Load) -> None:
    matches = Engine(load(RULES)).match([event("Security", 4688, NewProcessName="C:\\cmd.exe")])
    assert len(matches) == len({match.rule.id for match, _ in matches})


def test_a_log_source_fits_when_every_key_it_gives_is_equal() -> None:
    offered = LogSource("windows", "process_creation", "sysmon")
    assert LogSource("windows").fits(offered)
    assert LogSource(category="process_creation").fits(offered)
    assert not LogSource("windows", service="security").fits(offered)
    assert not LogSource("windows", "process_creation", "sysmon").fits(LogSource("windows"))


def test_routes_stay_few_whatever_the_records_say(load: Load) -> None:
    router = Router(load(RULES).rules)
    for number in range(5_000):
        router.candidates(event(f"Made/Up{number}", number + 10_000).fields)
    assert len(router._routes) == 1


def test_the_bundled_taxonomy_is_sound() -> None:
    families = bundled()
    assert any(family.speaks_for("windows.sysmon") for family in families)
    for family in families:
        assert family.datasets
        assert family.sources


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("datasets: [a.b]\nlogsource: []", "logsource"),
        ("datasets: [a.b]\nlogsources: [{kind: x}]", "kind"),
        ("- a", "map"),
    ],
)
def test_a_wrong_taxonomy_file_is_refused(text: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "wrong.yml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words):
        load_taxonomy(tmp_path)


def test_fields_have_several_names_and_the_first_present_counts(tmp_path: Path, load: Load) -> None:
    (tmp_path / "t").mkdir()
    text = "datasets: [a.b]\nfields: {Who: [user.name, user.id]}\nlogsources: [{product: x}]"
    (tmp_path / "t" / "a.yml").write_text(text, encoding="utf-8")
    rule_set = load("title: t\nlogsource: {product: x}\ndetection: {s: {Who: root}, condition: s}")
    engine = Engine(rule_set, load_taxonomy(tmp_path / "t"))
    base: dict[str, Value] = {"@timestamp": "2026-11-23T08:00:00.000000Z", "event.dataset": "a.b"}
    assert len(engine.match([Record("1", {**base, "user.id": "root"})])) == 1
    assert len(engine.match([Record("2", {**base, "user.name": "me", "user.id": "root"})])) == 0


def test_partitions_stay_few_whatever_the_rules_name(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentinel.detect.routing.MAX_PARTITIONS", 3)
    engine = Engine(
        load(
            "title: T\nlogsource: {product: windows}\ndetection: {s: {EventID|lt: 90}, condition: s}\n---"
            "\ntitle: U\nlogsource: {product: windows}\n"
            f"detection: {{s: {{EventID: {list(range(0, 200, 2))}}}, condition: s}}\n"
        )
    )
    for number in (*range(100, 0, -1), *range(200)):
        record = event("Security", number)
        assert {hit.rule for hit in engine.judge([record])[0]} == engine.full_scan(record)
    assert len(engine.router.route(record.fields)._partitions) <= 4
