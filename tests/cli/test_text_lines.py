"""Lines that do not stand alone get what they need: their columns, or the other records of their event."""

from hypothesis import given
from hypothesis import strategies as st

from sentinel.cli.text_lines import MAX_OPEN_EVENTS, Line, read
from sentinel.model.hints import COLUMNS

SYSCALL = "type=SYSCALL msg=audit(1.0:{}): pid=1"
EXECVE = 'type=EXECVE msg=audit(1.0:{}): argc=1 a0="id"'


def lines(text: list[str], dataset: str, *, is_guessed: bool = True) -> list[Line]:
    """Return what is handed on for a file of these lines."""
    return list(read(enumerate(text, start=1), dataset, is_guessed=is_guessed))


def test_records_of_one_event_are_handed_on_alone_and_together() -> None:
    text = [SYSCALL.format(7), SYSCALL.format(8), EXECVE.format(7), EXECVE.format(8)]
    found = lines(text, "linux.auditd")
    assert [line.number for line in found if not line.is_joined] == [1, 2, 3, 4]
    joined = [line for line in found if line.is_joined]
    assert [(line.number, line.dataset) for line in joined] == [(1, "linux.audit_event"), (2, "linux.audit_event")]
    assert joined[0].text.split("\n") == [text[0], text[2]]


def test_an_event_is_complete_at_its_last_record() -> None:
    text = [SYSCALL.format(7), "type=PROCTITLE msg=audit(1.0:7): proctitle=6964", SYSCALL.format(9)]
    assert [line.is_joined for line in lines(text, "linux.auditd")] == [False, False, True, False]


def test_a_flood_of_unfinished_events_takes_bounded_memory() -> None:
    text = [kind.format(number) for number in range(500) for kind in (SYSCALL, EXECVE)]
    found = lines(text, "linux.auditd")
    assert sum(line.is_joined for line in found) == 500
    before_the_end = next(index for index, line in enumerate(found) if line.is_joined)
    assert before_the_end <= 2 * MAX_OPEN_EVENTS + 2


def test_columns_named_at_the_top_go_with_every_line() -> None:
    found = lines(
        ["#Version: 1.0", "#Fields: date time", "2026-11-23 01:00:00 ", "#Fields: time", "02:00"], "iis.access"
    )
    assert [(line.number, line.text, line.hints[COLUMNS]) for line in found] == [
        (3, "2026-11-23 01:00:00", "date time"),
        (5, "02:00", "time"),
    ]


def test_a_tabbed_log_says_which_it_is() -> None:
    text = ["#separator \\x09", "#path\thttp", "#fields\tts\tuid", "#types\ttime\tstring", "1.0\tC1", "#close\tx"]
    [found] = lines(text, "zeek.log")
    assert (found.dataset, found.hints[COLUMNS]) == ("zeek.http", "ts:time uid:string")


def test_a_guessed_log_may_hold_lines_of_others() -> None:
    error = "[Thu Sep 30 13:27:06.009964 2021] [core:error] [pid 1] x"
    access = '192.0.2.1 - - [23/Nov/2026:09:00:00 +0700] "GET / HTTP/1.1" 200 5'
    text = [access, error, "2022-06-08 22:49:20 [NOTICE] x", "broken"]
    wanted = ["nginx.access", "apache.error", "app.text", "nginx.access"]
    assert [line.dataset for line in lines(text, "nginx.access")] == wanted
    assert {line.dataset for line in lines(text, "nginx.access", is_guessed=False)} == {"nginx.access"}


@given(
    st.lists(st.text(max_size=60), max_size=20), st.sampled_from(["linux.auditd", "zeek.log", "iis.access", "app.text"])
)
def test_no_lines_break_the_reader(text: list[str], dataset: str) -> None:
    found = lines(text, dataset)
    assert all(1 <= line.number <= len(text) for line in found)
