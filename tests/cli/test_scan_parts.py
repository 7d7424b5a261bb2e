"""A file shows the same whether one process reads it, or several read its parts; with the sieve, or without."""

import json
import os
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sentinel.cli.scan import crew, task
from sentinel.cli.scan.reader import Part, Reader
from sentinel.cli.scan.tally import Tally
from sentinel.cli.scan.task import Task, count_lines, cut, whole
from sentinel.detect.engine import Engine
from sentinel.detect.load import load_rules
from sentinel.errors import UnavailableError

RULES = """
title: Windows
id: 00000000-0000-4000-8000-000000000001
logsource: {product: windows}
detection: {a: {Image|endswith: cmd.exe}, condition: a}
---
title: Text
id: 00000000-0000-4000-8000-000000000002
logsource: {category: application}
detection: {keywords: [alarm], condition: keywords}
---
title: Log-in
id: 00000000-0000-4000-8000-000000000003
logsource: {product: linux, service: auth}
detection: {a: {event.outcome: failure}, condition: a}
"""
SEEN_AT = datetime(2026, 11, 23, tzinfo=UTC)


def flat(image: str) -> bytes:
    """Return a Windows event on one level."""
    return json.dumps({"Channel": "Security", "EventID": 4688, "Image": image}).encode()


LINES = [
    flat("calm.exe"),
    flat("C:\\cmd.exe"),
    flat("còn lại").replace(b"\\u00f2", "ò".encode()),
    b'{"winlog":{"channel":"System","event_id":1,"event_data":{"Image":"cmd.exe"}}}',
    b'{"time":"2026-01-01T00:00:00Z","message":"alarm"}',
    b'{"unknown":1}',
    b'{"Event":{"System":{}}}',
    b"{broken",
    b'{"Channel":"Security","EventID":1.0}',
    b'{"dataset":"linux.auth","host":"h","seen_at":"2026-01-01T00:00:00+00:00","raw":"x"}',
    b'{"dataset":"linux.auth","raw":"x"}',
    b"alarm, which is no JSON",
    b"\xff\xfe",
    b"",
    b" ",
    b"\xef\xbb\xbf" + flat("cmd.exe"),
]
CONTENTS = st.tuples(
    st.sampled_from([line for line in LINES if line.startswith((b"{", b"\xef"))]),
    st.lists(st.sampled_from(LINES), max_size=12),
    st.sampled_from([b"\n", b"\r\n"]),
    st.booleans(),
).map(lambda drawn: drawn[2].join([drawn[0], *drawn[1]]) + (drawn[2] if drawn[3] else b""))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """Return an engine with the rules above."""
    folder = tmp_path_factory.mktemp("rules")
    (folder / "rules.yml").write_text(RULES, "utf-8")
    return Engine(load_rules([folder]))


@dataclass(frozen=True)
class Shown:
    """What a reading of a file showed."""

    hits: list[tuple[object, list[str]]]
    events: int
    broken: int
    files: int
    unrouted: int
    unreadable: list[str]
    guessed: dict[str, int]


def shown(parts: Iterator[tuple[Task, Part]]) -> Shown:
    """Return what the parts of a file show together."""
    tally = Tally()
    hits: list[tuple[object, list[str]]] = []
    for _, part in parts:
        for record, found in zip(part.records, part.hits, strict=True):
            hits.append((record.fields["event.sequence"], [hit.rule for hit in found]))
        tally.join(part.tally)
    tally.close()
    return Shown(hits, tally.events, tally.broken, tally.files, tally.unrouted, sorted(tally.unreadable), tally.guessed)


def counted(tasks: Sequence[Task]) -> Iterator[int]:
    """Return numbers of lines, one after the other."""
    return map(count_lines, tasks)


@settings(max_examples=300)
@given(CONTENTS, st.integers(1, 300), st.sampled_from([None, "windows.evtx", "app.json"]))
@example(b"\n".join([LINES[10], LINES[11], LINES[4]]), 1, None)
def test_parts_show_what_the_whole_shows(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory, content: bytes, size: int, dataset: str | None
) -> None:
    path = tmp_path_factory.getbasetemp() / "parts.ndjson"
    path.write_bytes(content)
    plain = Reader(engine, dataset, SEEN_AT)
    plain._sift = None
    reader = Reader(engine, dataset, SEEN_AT)
    tasks = whole([path], [path])
    expected = shown((each, part) for each in tasks for part in plain.read(each))
    assert shown((each, part) for each in tasks for part in reader.read(each)) == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(task, "PART_BYTES", size)
        parts = list(cut(tasks, counted, reader.dataset_of))
    assert b"".join(content[each.start : each.end] for each in parts) == content
    assert shown((each, part) for each in parts for part in reader.read(each)) == expected


def test_several_processes_show_what_one_shows(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\n".join(LINES * 20))
    reader = Reader(engine, None, SEEN_AT)
    tasks = whole([path], [path])
    expected = shown(crew.parts(reader, tasks, 1))
    monkeypatch.setattr(task, "PART_BYTES", 1_000)
    assert shown(crew.parts(reader, tasks, 2)) == expected
    assert expected.hits


class _Dying(Reader):
    """Is killed while it reads, as the kernel does where memory is short."""

    def read(self, task: Task) -> Iterator[Part]:
        os.kill(os.getpid(), signal.SIGKILL)
        return iter(())


def test_a_process_that_is_killed_ends_the_scan_with_a_clear_error(engine: Engine, tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.ndjson" for number in range(9)]
    for file in files:
        file.write_bytes(flat("calm.exe"))
    with pytest.raises(UnavailableError, match="--jobs"):
        list(crew.parts(_Dying(engine, None, SEEN_AT), whole(files, files), 2))


def test_a_file_that_vanishes_while_it_is_cut_is_named(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\n".join([flat("calm.exe")] * 20))
    monkeypatch.setattr(task, "PART_BYTES", 300)

    def vanished(tasks: Sequence[Task]) -> Iterator[int]:
        yield count_lines(tasks[0])
        path.unlink()
        yield count_lines(tasks[1])

    reader = Reader(engine, None, SEEN_AT)
    found = list(cut(whole([path], [path]), vanished, reader.dataset_of))
    assert [(each.line, each.end is None) for each in found] == [(0, False), (5, True)]
    assert "cannot read" in shown((found[1], part) for part in reader.read(found[1])).unreadable[0]
