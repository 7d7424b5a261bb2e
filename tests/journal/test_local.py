"""What only the journal in a file promises: damage, full disks, limits, threads."""

import random
import sqlite3
import threading
from collections import Counter
from pathlib import Path

import pytest
import zstandard

from sentinel.errors import UnavailableError
from sentinel.journal import Batch
from sentinel.journal.gap import SequenceGapError
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


def test_batches_that_come_at_once_are_kept_each_with_its_own_answer(tmp_path: Path) -> None:
    journal = LocalJournal(tmp_path / "journal.db")
    made: dict[str, list[int | str]] = {}

    def send(name: str) -> None:
        answers = made.setdefault(name, [])
        for turn in range(20):
            first = turn * 5 + 1 + (100 if turn % 7 == 6 else 0)
            lines = [b'{"n":%d}' % number for number in range(5)]
            try:
                answers.append(journal.append(Batch(name, "city", "aaaaaaaa", first, lines, AT)))
            except SequenceGapError as error:
                answers.append(f"expected {error.expected}")
                answers.append(journal.append(Batch(name, "city", "aaaaaaaa", turn * 5 + 1, lines, AT)))

    threads = [threading.Thread(target=send, args=(f"c{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for answers in made.values():
        assert [answer for answer in answers if isinstance(answer, int)] == list(range(5, 101, 5))
        assert [answer for answer in answers if isinstance(answer, str)] == ["expected 31", "expected 66"]
    entries = [entry for at in range(0, 800, 100) for entry in journal.read(at, 100)]
    assert [entry.position for entry in entries] == list(range(800))
    assert Counter(entry.event.collector for entry in entries) == {f"c{number}": 100 for number in range(8)}
    journal.close()


@pytest.mark.parametrize("says_size", [True, False])
@pytest.mark.parametrize("known", [0, 2])
def test_a_batch_is_kept_as_it_came(tmp_path: Path, *, says_size: bool, known: int) -> None:
    journal = LocalJournal(tmp_path / "journal.db")
    lines = [b"line %d" % number for number in range(5)]
    journal.append(Batch("c", "city", "aaaaaaaa", 1, lines[:known] or [b"x"], AT)) if known else None
    plain = b"\n".join(lines[:3]) + b"\n\n\n" + b"\n".join(lines[3:]) + b"\n"
    frame = zstandard.ZstdCompressor(write_content_size=says_size).compress(plain)
    assert journal.append(Batch("c", "city", "aaaaaaaa", 1, lines, AT, frame)) == 5
    assert [entry.event.raw for entry in journal.read(0, 10)] == [line.decode() for line in lines]
    with sqlite3.connect(tmp_path / "journal.db") as database:
        bodies = [row[0] for row in database.execute("SELECT body FROM batches")]
    assert (frame in bodies) == (known == 0)
    journal.close()


def test_a_failed_write_is_the_answer_to_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = LocalJournal(tmp_path / "journal.db")
    with monkeypatch.context() as patch:
        patch.setattr(journal, "_insert", lambda *_: (_ for _ in ()).throw(sqlite3.OperationalError("disk full")))
        with pytest.raises(UnavailableError, match="disk full"):
            journal.append(Batch("c", "city", "aaaaaaaa", 1, [b"a"], AT))
    with monkeypatch.context() as patch:
        patch.setattr(journal, "_insert", lambda *_: (_ for _ in ()).throw(RuntimeError("a fault of ours")))
        with pytest.raises(RuntimeError, match="a fault of ours"):
            journal.append(Batch("c", "city", "aaaaaaaa", 1, [b"a"], AT))
    assert journal.append(Batch("c", "city", "aaaaaaaa", 1, [b"a"], AT)) == 1
    journal.close()
