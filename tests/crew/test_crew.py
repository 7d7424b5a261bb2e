"""Promises of the workers: the same records and hits as without them, in order, whoever dies meanwhile."""

import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.crew import crew as crews
from sentinel.crew.crew import Crew, SliceError
from sentinel.crew.judge import OWN_COLLECTOR, fault_of, normalised
from sentinel.crew.wire import Unread, Work, entries_of, pack_lines, unpack
from sentinel.detect.correlate.hit import Hit
from sentinel.detect.engine import Engine
from sentinel.detect.load import load_rules
from sentinel.errors import UnavailableError
from sentinel.event import Event, encode
from sentinel.journal import Entry
from sentinel.journal.lines import Lines, Run
from sentinel.journal.packing import Head
from sentinel.model.record import Record
from sentinel.normalise import normalise
from sentinel.rulebook.files import fingerprint
from sentinel.store.packed import Packed

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
RULE = """
title: Root came in
id: 6f0f6b3c-1c5e-4f3a-9d8e-0d8d7f6e5c4b
status: test
logsource: {product: linux, service: sshd}
detection:
  came_in: {user.name: root, event.outcome: success}
  condition: came_in
level: high
---
title: Root came in often
id: 6f0f6b3c-1c5e-4f3a-9d8e-0d8d7f6e5c4c
status: test
correlation:
  type: event_count
  rules: [6f0f6b3c-1c5e-4f3a-9d8e-0d8d7f6e5c4b]
  group-by: [source.ip]
  timespan: 10m
  condition: {gte: 3}
level: high
"""


def entry(number: int, raw: str = "", dataset: str = "linux.auth", collector: str = "c1") -> Entry:
    raw = raw or (
        f"Nov 23 08:00:{number % 60:02} web01 sshd[{number}]: Accepted password for "
        f"{'root' if number % 7 == 0 else 'an'} from 203.0.113.{number % 250} port 50022 ssh2"
    )
    event = Event(
        collector=collector, epoch="aaaaaaaa", sequence=number + 1, dataset=dataset, host="web01", seen_at=AT, raw=raw
    )
    return Entry(number, "city", "2026-11-23T08:00:00.000000Z", event)


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rules")
    (folder / "root.yml").write_text(RULE)
    return folder


@pytest.fixture
def crew(rules: Path) -> Iterator[Crew]:
    made = Crew(2, [rules])
    yield made
    made.close()


def alone(rules: Path, entries: list[Entry]) -> tuple[list[Record], list[list[Hit]]]:
    records = normalised(normalise, entries)
    return records, Engine(load_rules([rules])).judge(records)


def test_workers_find_what_one_process_finds_in_order(crew: Crew, rules: Path) -> None:
    entries = [entry(number) for number in range(3_500)]
    records, hits = crew.begin(entries).result()
    expected = alone(rules, entries)
    assert (records, hits) == expected
    assert sum(map(len, hits)) == 500


def test_events_of_many_datasets_and_kinds_are_judged_as_one_by_one(rules: Path) -> None:
    datasets = ("linux.auth", "nothing.known", "linux.syslog", "app.web", "sentinel.gap")
    entries = [entry(number, dataset=datasets[number % 5]) for number in range(200)]
    records, hits = alone(rules, entries)
    each = [alone(rules, [one]) for one in entries]
    assert records == [record for [record], _ in each]
    assert hits == [found for _, [found] in each]
    assert any(hits)


def test_records_may_come_as_columns(rules: Path) -> None:
    entries = [entry(number) for number in range(2_500)] + [entry(2_500, "\udcff"), entry(2_501, dataset="unheard.of")]
    crew = Crew(2, [rules], in_columns=True)
    try:
        records, hits = crew.begin(entries).result()
    finally:
        crew.close()
    assert isinstance(records, Packed)
    assert (list(records), hits) == alone(rules, entries)


def test_texts_that_are_no_utf8_arrive_too(crew: Crew, rules: Path) -> None:
    entries = [entry(0), entry(1, "Nov 23 08:00:00 web01 sshd[1]: \udcff\udcfe broken"), entry(2), entry(3, "\0" * 50)]
    assert crew.begin(entries).result() == alone(rules, entries)


def test_killed_workers_lose_and_double_nothing(crew: Crew, rules: Path) -> None:
    entries = [entry(number) for number in range(6_000)]
    expected = alone(rules, entries)
    stop = threading.Event()
    begun = time.monotonic()
    Crew(1, [rules]).close()
    # Where starting takes long, so must the life of a worker, or none ever does anything.
    start_seconds = time.monotonic() - begun

    def kill() -> None:
        chance = random.Random(4)
        while not stop.wait(chance.uniform(0.4, 2.0) * start_seconds):
            try:
                os.kill(chance.choice(crew.pids), signal.SIGKILL)
            except ProcessLookupError:
                continue

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        for _ in range(4):
            done = False
            while not done:
                try:
                    assert crew.begin(entries).result() == expected
                    done = True
                except SliceError:
                    continue  # three workers killed over one slice: asked again, as the pipeline does
    finally:
        stop.set()
        killer.join()
    assert crew.replaced > 0


def test_events_that_end_workers_are_given_back(rules: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    crew = Crew(1, [rules])
    try:
        with monkeypatch.context() as patch:
            patch.setattr(crews, "SLICE_SECONDS", 0.0)
            with pytest.raises(SliceError, match="3 workers ended") as caught:
                crew.begin([entry(number) for number in range(1_000)]).result()
        assert caught.value.is_deadly
        assert len(crew.begin([entry(1)]).result()[0]) == 1
    finally:
        crew.close()


def test_rules_that_are_not_there_are_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="no such file or folder"):
        Crew(2, [tmp_path / "missing"])


def test_rules_that_changed_meanwhile_stop_no_pipeline(tmp_path: Path, rules: Path) -> None:
    """A worker dies after the files have changed: no other set is used, and what it had is given back at once."""
    folder = tmp_path / "rules"
    shutil.copytree(rules, folder)
    crew = Crew(1, [folder], tmp_path / "cache", watched=[folder], fingerprint=fingerprint([folder]))
    try:
        (folder / "root.yml").rename(tmp_path / "root.yml")
        (folder / "root.yml").write_text(RULE.replace("Root", "Somebody"))
        os.kill(crew.pids[0], signal.SIGKILL)
        with pytest.raises(SliceError, match="files have changed") as caught:
            crew.begin([entry(1)]).result()
        assert not caught.value.is_deadly
        (tmp_path / "root.yml").replace(folder / "root.yml")
        assert len(crew.begin([entry(1)]).result()[0]) == 1
    finally:
        crew.close()


def test_workers_end_with_their_crew(rules: Path) -> None:
    crew = Crew(2, [rules])
    pids = list(crew.pids)
    crew.close()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    with pytest.raises(SliceError, match="stopped"):
        crew.begin([entry(1)]).result()


def test_only_sentinel_writes_its_own_history() -> None:
    assert "only the server itself" in fault_of(entry(1, dataset="sentinel.audit"))
    assert fault_of(entry(1, dataset="sentinel.audit", collector=OWN_COLLECTOR)) == ""
    assert fault_of(entry(1, dataset="sentinel.gap")) == ""
    assert fault_of(entry(1)) == ""


_texts = st.text(alphabet=st.characters(codec=None, exclude_categories=()), max_size=30)
_hints = st.dictionaries(_texts, st.none() | st.booleans() | st.integers() | _texts | st.floats(allow_nan=False))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(_texts, _texts, _hints), max_size=4))
def test_every_event_survives_the_way_to_a_worker(bodies: list[tuple[str, str, dict[str, object]]]) -> None:
    entries = [
        Entry(
            number, "city", "x", Event(
                collector="c",
                epoch="e",
                sequence=number,
                dataset=dataset,
                host="h",
                seen_at=AT,
                raw=raw,
                hints=hints,  # type: ignore[arg-type]
                key=raw[:9],
            ),
        )
        for number, (dataset, raw, hints) in enumerate(bodies)
    ]  # fmt: skip
    work = unpack(pack_lines(entries))
    assert isinstance(work, Work)
    assert entries_of(work) == entries


def test_lines_of_a_journal_arrive_as_the_entries_they_are() -> None:
    head = Head("c1", "city", "aaaaaaaa", 1, "2026-11-23T08:00:00.000000Z")
    lines = Lines([Run(head, 7, 0, [encode(entry(0).event), b"{"]), Run(head, 90, 5, [b""], "damaged")])
    work = unpack(pack_lines(lines[1:]))
    assert isinstance(work, Unread)
    assert entries_of(work) == list(lines)[1:]


def test_notes_name_what_must_be_looked_at(crew: Crew) -> None:
    keyed = replace(entry(2).event, key="mine")
    entries = [
        entry(0),
        entry(1, "nothing that a daemon writes"),
        Entry(2, "city", "", keyed),
        entry(3, collector="c2"),
    ]
    ticket = crew.begin(entries * 1_000)
    records, _ = ticket.result()
    assert ticket.notes.keyed == list(range(2, 4_000, 4))
    unusual = [place for place, record in enumerate(records) if record.fields["event.kind"] != "event"]
    assert ticket.notes.unusual == unusual
    # Of each of three slices the last of both collectors.
    assert ticket.notes.latest == [1498, 1499, 2998, 2999, 3998, 3999]
