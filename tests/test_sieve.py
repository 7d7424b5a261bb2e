"""The sieve lets fall only lines on which no rule holds, whatever the lines are."""

import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.detect.engine import Engine
from sentinel.detect.facts import fold, text_of
from sentinel.detect.load import load_rules
from sentinel.event import MAX_RAW_CHARACTERS, Event
from sentinel.model.record import Record, Value
from sentinel.normalise import normalise
from sentinel.normalise.windows.spelling import level, spelling
from sentinel.sieve import Gate, Sieve

RULES = r"""
title: Image
id: 00000000-0000-4000-8000-000000000001
logsource: {product: windows, category: process_creation}
detection: {a: {Image|endswith: '\cmd.exe'}, b: {ParentImage: null}, condition: a and not b}
---
title: Words
id: 00000000-0000-4000-8000-000000000002
logsource: {product: windows}
detection: {keywords: [mimikatz, 'Đà Nẵng', 'a"b/c\d'], condition: keywords}
---
title: Number
id: 00000000-0000-4000-8000-000000000003
logsource: {product: windows, service: security}
detection: {a: {EventID: [4688, 4689], ProcessId|gte: 10}, condition: a}
---
title: Compared
id: 00000000-0000-4000-8000-000000000004
logsource: {product: windows, service: system}
detection: {a: {Image|fieldref: ParentImage}, condition: a}
---
title: Header
id: 00000000-0000-4000-8000-000000000005
logsource: {product: windows, service: application}
detection: {a: {Computer: pc1, Keywords: '0x80'}, condition: a}
---
title: Anything
id: 00000000-0000-4000-8000-000000000006
logsource: {product: windows, service: wmi}
detection: {a: {Image: '*'}, b: {Data|exists: false}, condition: a and b}
---
title: Numbers and addresses as words
id: 00000000-0000-4000-8000-000000000007
logsource: {product: windows}
detection: {keywords: [4444, '1.0', 'e+', '192.0.2.1'], condition: keywords}
---
title: Message
id: 00000000-0000-4000-8000-000000000008
logsource: {product: windows, service: security}
detection: {a: {Message: null}, b: {EventID: '468?'}, condition: a and b}
"""
CHANNELS = [
    "Microsoft-Windows-Sysmon/Operational",
    "Security",
    "SECURITY",
    "System",
    "Application",
    "Microsoft-Windows-WMI-Activity/Operational",
]
TEXTS = st.one_of(
    st.sampled_from(
        [
            "C:\\Windows\\cmd.exe",
            "mimikatz",
            "MİMİKATZ",
            "mimi\u212aatz",
            "MI\u0307MIKATZ",
            "đà nẵng",
            "Đa\u0300 Nẵng",
            'A"B/C\\D',
            "pc1",
            "0x80",
            "12",
            "::FFFF:192.0.2.1",
            "0:0:0:0:0:ffff:c000:0201",
            "true",
            "",
            "{",
            "\u0000",
        ]
    ),
    st.text(max_size=6),
)
VALUES = st.one_of(
    TEXTS,
    st.integers(-5, 5000),
    st.none(),
    st.booleans(),
    st.floats(allow_nan=False),
    st.lists(TEXTS, max_size=2),
    st.dictionaries(st.sampled_from(["Image", "Data"]), TEXTS, max_size=2),
)
NAMES = [
    "Image",
    "ParentImage",
    "Parent Image",
    "ProcessId",
    "IpAddress",
    "Data",
    "Message",
    "Hostname",
    "Computer",
    "Keywords",
    "tags",
    "a.b",
    "host",
]
DATA = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6)
IDS = st.one_of(
    st.sampled_from([1, 4688, "4688", "0x1250", 5861]),
    st.integers(0, 70_000),
    st.booleans(),
    st.floats(0, 5),
    st.none(),
)


@st.composite
def events(draw: st.DrawFn) -> dict[str, object]:
    """Draw an event in any layout, or nothing of the kind."""
    channel, number, data = draw(st.sampled_from([*CHANNELS, None, 5])), draw(IDS), draw(DATA)
    match draw(st.sampled_from(["flat", "flat", "flat", "old", "beat", "evtx", "other"])):
        case "flat":
            pairs = [("Channel", channel), ("EventID", number), *data.items()]
            return dict(draw(st.permutations(pairs)))
        case "old":
            return {
                "event_id": number,
                "log_name": channel,
                "computer_name": "pc1",
                "message": draw(TEXTS),
                "event_data": data,
            }
        case "beat":
            return {"winlog": {"channel": channel, "event_id": number, "event_data": data}, "event": {"code": "1"}}
        case "evtx":
            return {"Event": {"System": {"Channel": channel, "EventID": number, "Computer": "pc1"}, "EventData": data}}
    return data


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """Return an engine with the rules above."""
    folder = tmp_path_factory.mktemp("rules")
    (folder / "rules.yml").write_text(RULES, "utf-8")
    rule_set = load_rules([folder])
    assert not rule_set.faults
    return Engine(rule_set)


def record_of(line: bytes) -> Record:
    """Return the record of a line, the ordinary way."""
    event = Event(
        collector="t",
        epoch="e",
        sequence=1,
        dataset="windows.evtx",
        host="",
        seen_at=datetime(2026, 1, 1, tzinfo=UTC),
        raw=line.decode("utf-8", "surrogateescape"),
        hints={},
    )
    return normalise(event, agency=None, received_at=None)


def interpreted(line: bytes) -> Mapping[str, Value]:
    """Return the fields of a line, as a scan does for the sieve."""
    return record_of(line).fields


def check(engine: Engine, sieve: Sieve, lines: list[bytes]) -> None:
    """Let the lines be sifted, and look at every line that falls through."""
    count, kept = sieve.sift(b"\n".join(lines))
    assert count == len(lines)
    assert all(lines[place] == line for place, line in kept)
    places = {place for place, _ in kept}
    for place, line in enumerate(lines):
        if place not in places:
            record = record_of(line)
            assert record.fields["event.kind"] == "event"
            assert not engine.full_scan(record)


@settings(max_examples=300)
@given(st.lists(st.tuples(events(), st.booleans(), st.booleans()), min_size=1, max_size=12))
def test_what_falls_through_fires_nothing(
    engine: Engine, given_events: list[tuple[dict[str, object], bool, bool]]
) -> None:
    lines = [
        json.dumps(event, ensure_ascii=is_ascii, separators=(",", ":") if is_tight else None).encode(
            "utf-8", "surrogatepass"
        )
        for event, is_ascii, is_tight in given_events
    ]
    sieve = Sieve(engine.router, interpreted)
    for _ in range(2):  # the second time shapes and values are known
        check(engine, sieve, lines)


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=40).filter(lambda raw: b"\n" not in raw),
            st.just(b'{"EventID":1}'),
            st.just(b"[1]"),
            st.just(b""),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_what_is_no_event_is_kept(engine: Engine, lines: list[bytes]) -> None:
    check(engine, Sieve(engine.router, interpreted), lines)


SEEN = {"Channel": "Security", "EventID": 4624, "X": 1}
"""An event whose kind the sieve knows before the one that matters comes."""
UNUSUAL: list[tuple[str, object, dict[str, object]]] = [
    ("a number is a word", {"keywords": ["4444"]}, {**SEEN, "X": 4444}),
    ("a number in a list is a word", {"keywords": [4444]}, {**SEEN, "X": [4444]}),
    ("a number is written in another way", {"keywords": ["1000.0"]}, {**SEEN, "X": 1e3}),
    ("a truth is a word", {"keywords": ["true"]}, {**SEEN, "X": True}),
    ("a keyword is a truth", {"keywords": [True]}, {**SEEN, "X": "true"}),
    ("any word will do", {"keywords": ["*"]}, SEEN),
    ("a letter fits without case", {"keywords": {"|re": "(?i)password"}}, {**SEEN, "X": "pa\u017f\u017fword"}),
    ("an address is shortened", {"keywords": ["192.0.2.1"]}, {**SEEN, "IpAddress": "0:0:0:0:0:ffff:c000:0201"}),
    ("an empty message is none", {"a": {"Message": None}}, {**SEEN, "Message": ""}),
    ("a message is a text", {"a": {"Message": None}}, {**SEEN, "Message": 5}),
    ("a message is empty deeper down", {"a": {"Message": None}}, {"event_id": 1, "log_name": "System", "message": ""}),
]


@pytest.mark.parametrize(("detection", "event"), [case[1:] for case in UNUSUAL], ids=[case[0] for case in UNUSUAL])
def test_what_a_record_says_in_another_way_is_kept(
    tmp_path: Path, detection: dict[str, object], event: dict[str, object]
) -> None:
    (tmp_path / "rule.yml").write_text(
        yaml.safe_dump(
            {"title": "T", "logsource": {"product": "windows"}, "detection": {**detection, "condition": "1 of them"}}
        )
    )
    engine = Engine(load_rules([tmp_path]))
    line = json.dumps(event).encode()
    assert engine.full_scan(record_of(line))
    sieve = Sieve(engine.router, interpreted)
    for each in (SEEN, {**SEEN, "IpAddress": "x"}, {**SEEN, "Message": "x"}):
        sieve.sift(json.dumps(each).encode())
    for _ in range(2):
        assert sieve.sift(line)[1] == [(0, line)]


@pytest.mark.parametrize(
    "event",
    [
        {"Channel": "Setup", "EventID": 1.0},
        {"Channel": "Setup", "EventID": True},
        {"Channel": "Setup", "EventID": 1, "X": "x" * MAX_RAW_CHARACTERS},
        {"winlog.channel": "Setup", "winlog.event_id": 1},
    ],
)
def test_what_only_looks_like_an_event_known_already_is_kept(engine: Engine, event: dict[str, object]) -> None:
    sieve = Sieve(engine.router, interpreted)
    for known in (
        {"Channel": "Setup", "EventID": 1},
        {"Channel": "Setup", "EventID": 1, "X": "x"},
        {"winlog": {"channel": "Setup", "event_id": 1}},
    ):
        assert sieve.sift(json.dumps(known).encode())[1] == []
    raw = level({"winlog": {"channel": "Setup", "event_id": 1}}) if "winlog.channel" in event else event
    check(engine, sieve, [json.dumps(raw).encode()])


def test_a_flat_event_with_names_of_a_record_is_not_taken_for_a_levelled_one(engine: Engine) -> None:
    sieve = Sieve(engine.router, interpreted)
    odd = {"winlog.event_id": 4624, "winlog.channel": "Security", "Channel": "Security", "ProcessId": 11}
    check(engine, sieve, [json.dumps({**odd, "EventID": number}).encode() for number in (4624, 4688)])


def test_names_without_their_prefix_are_not_the_header_of_an_event() -> None:
    spelled = spelling(["Channel", "EventID"])
    assert spelled is not None
    assert spelled.of("winlog.user.name") == ()
    assert spelled.of("user.name") is None


def test_ordinary_events_fall_through(engine: Engine) -> None:
    line = json.dumps({"Channel": "Security", "EventID": 4624, "ProcessId": "0x1", "tags": ["a"]}).encode()
    sieve = Sieve(engine.router, interpreted)
    sieve.sift(line)
    count, kept = sieve.sift(b"\n".join([line] * 100))
    assert (count, kept) == (100, [])


def test_no_other_letter_turns_into_ascii() -> None:
    known = set("İ\u0307\u037e\u1fef\u212a")
    for number in range(0x80, sys.maxunicode + 1):
        letter = chr(number)
        if letter in known or 0xD800 <= number < 0xE000:
            continue
        assert not any(each.isascii() for each in fold(text_of(letter))), hex(number)
        for before in "aIkS;":
            found = fold(text_of(before + letter))
            # A mark may change the letter before it, but never vanish beside it.
            assert len(found) == 2 or not found.isascii(), (before, hex(number))


@pytest.mark.parametrize("word", ["mimikatz", 'a"b', "c:/x", "Đà Nẵng", "İ", "ab"])
@pytest.mark.parametrize("is_ascii", [True, False])
def test_the_gate_lets_every_spelling_of_a_word_in(word: str, is_ascii: bool) -> None:
    gate = Gate(frozenset([fold(text_of(word))]))
    for spelled in (word, word.upper(), word.title(), f"x{word}y"):
        row = {"a": 1, "b": spelled, "c": ["d"]}
        raw = json.dumps(row, ensure_ascii=is_ascii).encode()
        assert gate.lets_row(row)
        assert gate.lets(raw) or not raw.isascii()


@pytest.mark.parametrize(("bound", "most"), [("MAX_SHAPES", 10), ("MAX_NAMES", 30)])
def test_the_memory_of_shapes_is_bounded(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, bound: str, most: int
) -> None:
    monkeypatch.setattr(f"sentinel.sieve.{bound}", most)
    sieve = Sieve(engine.router, interpreted)
    lines = [json.dumps({"Channel": "Security", "EventID": 1, f"Name{n}": "x"}).encode() for n in range(50)]
    check(engine, sieve, lines)
    check(engine, sieve, lines)
    assert len(sieve._shapes) == 10


def test_the_bundled_taxonomy_can_be_sifted() -> None:
    # A deciding field that is no part of a flat event would switch the sieve off without a sound.
    rule_set = load_rules([Path(__file__).parents[1] / "rules" / "windows"])
    sieve = Sieve(Engine(rule_set).router, interpreted)
    line = json.dumps({"Channel": "Security", "EventID": 4624, "TargetUserName": "anh"}).encode()
    sieve.sift(line)
    assert sieve.sift(line)[1] == []
