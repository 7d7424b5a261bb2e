"""The audit log: every record once, and every event once with all its records."""

from pathlib import Path

import pytest

from collectors.logs.auditd import EVENT, HOLD_SECONDS, MAX_OPEN, AuditdInput
from collectors.reading import GAP, Reading
from collectors.settings import AuditdSettings
from tests.collectors.logs.hand import SEEN_AT, write

SYSCALL = "type=SYSCALL msg=audit(1.0:{}): syscall=59"
EXECVE = 'type=EXECVE msg=audit(1.0:{}): argc=1 a0="id"'
TITLE = "type=PROCTITLE msg=audit(1.0:{}): proctitle=6964"


class Audit:
    """An audit input driven by hand."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seconds = 1000.0
        self.cursor: str | None = None
        self.input = self.opened()

    def opened(self) -> AuditdInput:
        settings = AuditdSettings(name="audit", path=str(self.path), start="beginning")
        found = AuditdInput(settings, now=lambda: SEEN_AT, clock=lambda: self.seconds)
        found.open(self.cursor)
        return found

    def read(self, limit: int = 1000) -> list[Reading]:
        readings, self.cursor = self.input.read(limit, 0)
        return readings

    def events(self) -> list[str]:
        return [reading.raw for reading in self.read() if reading.dataset == EVENT]


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    return Audit(tmp_path / "audit.log")


def test_records_come_one_by_one_and_together(audit: Audit) -> None:
    text = [line.format(7) for line in (SYSCALL, EXECVE, TITLE)]
    write(audit.path, "\n".join(text) + "\n")
    found = audit.read()
    assert [reading.raw for reading in found] == [*text, "\n".join(text)]
    assert [reading.dataset for reading in found] == ["linux.auditd"] * 3 + [EVENT]
    assert found[-1].hints == {"log.file.path": str(audit.path)}


def test_an_event_without_an_end_is_complete_after_a_while(audit: Audit) -> None:
    write(audit.path, f"{SYSCALL.format(7)}\n{EXECVE.format(7)}\n")
    assert audit.events() == []
    audit.seconds += HOLD_SECONDS
    assert audit.events() == [f"{SYSCALL.format(7)}\n{EXECVE.format(7)}"]
    assert audit.events() == []


def test_events_that_mix_are_told_apart(audit: Audit) -> None:
    lines = [SYSCALL.format(7), SYSCALL.format(8), EXECVE.format(8), EXECVE.format(7), TITLE.format(7), TITLE.format(8)]
    write(audit.path, "\n".join(lines) + "\n")
    first, second = audit.events()
    assert ":7)" in first
    assert ":8)" not in first
    assert second.count(":8)") == 3


def test_a_restart_in_the_middle_of_an_event_loses_none_of_it(audit: Audit) -> None:
    write(audit.path, f"{SYSCALL.format(7)}\n{EXECVE.format(7)}\n")
    audit.read()
    audit.input.close()
    audit.input = audit.opened()
    write(audit.path, f"{TITLE.format(7)}\n")
    assert audit.events() == ["\n".join(line.format(7) for line in (SYSCALL, EXECVE, TITLE))]


def test_a_damaged_cursor_is_said_and_the_log_read_anew(audit: Audit) -> None:
    write(audit.path, f"{SYSCALL.format(7)}\n")
    audit.cursor = '{"file": 1'
    audit.input = audit.opened()
    assert [reading.dataset for reading in audit.read()] == [GAP, "linux.auditd"]


def test_unfinished_events_are_bounded_and_so_is_a_read(audit: Audit) -> None:
    lines = [kind.format(number) for number in range(3 * MAX_OPEN) for kind in (SYSCALL, EXECVE)]
    write(audit.path, "\n".join(lines) + "\n")
    found = audit.read(limit=100)
    assert len(found) <= 100
    while more := audit.read(limit=100):
        found += more
    assert len([reading for reading in found if reading.dataset == EVENT]) == 2 * MAX_OPEN
    assert len(audit.input._open) == MAX_OPEN


def test_the_same_cursor_when_nothing_came(audit: Audit) -> None:
    write(audit.path, f"{SYSCALL.format(7)}\n")
    audit.read()
    before = audit.cursor
    assert audit.read() == []
    assert audit.cursor == before
