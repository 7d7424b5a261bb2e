"""What only the journal in a file promises: damage, full disks, limits, threads."""

import random
import sqlite3
import threading
from pathlib import Path

import pytest

from sentinel.errors import UnavailableError
from sentinel.journal import Batch
from sentinel.journal.local import READ_BYTES, LocalJournal

AT = "2026-11-23T08:00:00.000000Z"


def line(text: str) -> bytes:
    return b'{"dataset":"d","host":"h","seen_at":"2026-11-23T08:00:00+00:00","raw":"%s"}' % text.encode()


def batch(first: int, *lines: bytes, collector: str = "c1") -> Batch:
    return Batch(collector=collector, agency="city", epoch="aaaaaaaa", first=first, lines=lines, received_at=AT)


def test_a_damaged_batch_becomes_entries_with_a_fault_and_the_rest_goes_on(tmp_path: Path) -> None:
    journal = LocalJournal(tmp_path / "journal.db")
    journal.append(batch(1, line("a"), line("b")))
    journal.append(batch(3, line("c")))
    with sqlite3.connect(tmp_path / "journal.db") as raw:
        raw.execute("UPDATE batches SET body = x'00112233' WHERE position = 0")
    raw.close()
    entries = journal.read(0, 10)
    assert ["damaged" in entry.fault for entry in entries] == [True, True, False]
    assert [entry.event.sequence for entry in entries] == [1, 2, 3]
    journal.close()


def test_long_lines_are_read_a_few_at_a_time_and_none_is_left_out(tmp_path: Path) -> None:
    journal = LocalJournal(tmp_path / "journal.db")
    for first in range(1, 21):
        journal.append(batch(first, line("x" * 1_000_000)))
    parts, position = [], 0
    while entries := journal.read(position, 100):
        parts.append(len(entries))
        position = entries[-1].position + 1
    assert sum(parts) == position == 20
    assert max(parts) * 1_000_000 <= READ_BYTES
    journal.close()


def test_a_full_journal_refuses_and_takes_again_after_a_trim(tmp_path: Path) -> None:
    journal = LocalJournal(tmp_path / "journal.db", limit_bytes=200_000)
    noise = line(random.Random(1).randbytes(60_000).hex())
    sent = 0
    while journal.used_bytes() < 120_000:
        sent = journal.append(batch(sent + 1, noise))
    with pytest.raises(UnavailableError, match="is full"):
        journal.append(batch(sent + 1, line(random.Random(2).randbytes(90_000).hex())))
    assert journal.end() == sent
    journal.trim(sent)
    assert journal.append(batch(sent + 1, line("fresh"))) == sent + 1
    journal.close()


def test_many_threads_append_while_one_reads(tmp_path: Path) -> None:
    journal = LocalJournal(tmp_path / "journal.db")
    collectors, each = 4, 60

    def send(collector: str) -> None:
        for number in range(each):
            journal.append(batch(number + 1, line(f"{collector}-{number}"), collector=collector))

    threads = [threading.Thread(target=send, args=(f"c{number}",)) for number in range(collectors)]
    for thread in threads:
        thread.start()
    seen: list[str] = []
    position = 0
    while len(seen) < collectors * each:
        entries = journal.read(position, 7)
        assert [entry.position for entry in entries] == list(range(position, position + len(entries)))
        seen.extend(entry.event.raw for entry in entries)
        position += len(entries)
    for thread in threads:
        thread.join()
    assert sorted(seen) == sorted(f"c{c}-{n}" for c in range(collectors) for n in range(each))
    journal.close()


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match=r"cannot open the journal .*journal.db"):
        LocalJournal(tmp_path / "file" / "journal.db")
