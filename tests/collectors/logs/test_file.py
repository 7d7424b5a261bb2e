"""The rotation matrix: whatever happens to a log file, each of its lines is read once."""

import os
import shutil
from pathlib import Path

import pytest

from collectors.tail.watch import CLOSE_SECONDS, FLUSH_SECONDS
from tests.collectors.logs.hand import SEEN_AT, Tail, write


def test_lines_come_with_path_and_offset(log: Path, tail: Tail) -> None:
    write(log, "one\ntwo\n")
    assert tail.poll() == ["one", "two"]
    assert [dict(reading.hints) for reading in tail.readings] == [
        {"log.file.path": str(log), "log.offset": 0},
        {"log.file.path": str(log), "log.offset": 4},
    ]
    assert tail.readings[0].dataset == "linux.auth"
    assert tail.readings[0].seen_at == SEEN_AT


def test_a_file_that_is_not_there_yet_is_read_from_its_beginning(log: Path) -> None:
    tail = Tail(log, start="end")
    assert tail.poll() == []
    write(log, "one\n")
    assert tail.poll() == ["one"]


def test_start_at_the_end_passes_over_finished_lines_only(log: Path) -> None:
    write(log, "old\nbegun")
    tail = Tail(log, start="end")
    assert tail.poll() == []
    write(log, " and ended\nnew\n")
    assert tail.poll() == ["begun and ended", "new"]


def test_an_unfinished_line_waits_until_it_is_finished(log: Path, tail: Tail) -> None:
    write(log, "one\ntw")
    assert tail.poll() == ["one"]
    tail.pass_time(CLOSE_SECONDS * 2)
    assert tail.poll() == []
    write(log, "o\n")
    assert tail.poll() == ["two"]


def test_crlf_is_no_part_of_the_line(log: Path, tail: Tail) -> None:
    write(log, "one\r\ntwo\r\n\r\nthree")
    assert tail.poll() == ["one", "two"]
    write(log, "\r")
    assert tail.poll() == []
    write(log, "\n")
    assert tail.poll() == ["three"]


def test_bytes_that_are_no_utf8_can_be_got_back(log: Path, tail: Tail) -> None:
    line = b"caf\xe9 \xff\xfe \xc3"
    write(log, line + b"\n")
    assert [raw.encode("utf-8", "surrogateescape") for raw in tail.poll()] == [line]


@pytest.mark.parametrize("size", [10, 1023, 1024, 100_000])
@pytest.mark.parametrize("has_new_file", [True, False])
def test_rename_reads_the_old_one_to_its_end_first(log: Path, tail: Tail, size: int, has_new_file: bool) -> None:
    write(log, "x" * (size - 1) + "\n")
    assert len(tail.poll()) == 1
    write(log, "late\n")
    log.rename(log.with_name("auth.log.1"))
    if has_new_file:
        write(log, "new\n")
    assert tail.poll() == ["late", *(["new"] if has_new_file else [])]
    write(log.with_name("auth.log.1"), "later\n")
    write(log, "newer\n")
    assert tail.poll() == ["later", "newer"] if has_new_file else ["later", "newer"]
    assert tail.gaps == []


def test_the_last_line_of_a_rotated_file_is_taken_unfinished(log: Path, tail: Tail) -> None:
    write(log, "one\nunfini")
    assert tail.poll() == ["one"]
    log.rename(log.with_name("auth.log.1"))
    write(log, "new\n")
    assert tail.poll() == ["new"]
    write(log.with_name("auth.log.1"), "shed")
    assert tail.poll() == []
    tail.pass_time(FLUSH_SECONDS)
    assert tail.poll() == ["unfinished"]


def test_a_rotated_file_is_let_go_and_not_taken_for_a_new_one(log: Path, tail: Tail) -> None:
    write(log, "one\n")
    tail.poll()
    first = log.with_name("auth.log.1")
    log.rename(first)
    log.touch()
    assert tail.poll() == []
    tail.pass_time(CLOSE_SECONDS)
    assert tail.poll() == []
    os.utime(first, (2e9, 2e9))
    first.rename(log.with_name("auth.log.2"))
    log.rename(first)
    write(log, "two\n")
    assert tail.poll() == ["two"]
    tail.restart()
    assert tail.poll() == []
    assert tail.gaps == []


def test_copytruncate_takes_the_last_lines_from_the_copy(log: Path, tail: Tail) -> None:
    write(log, "one\n")
    assert tail.poll() == ["one"]
    write(log, "two\nthr")
    shutil.copy(log, log.with_name("auth.log.1"))
    os.truncate(log, 0)
    write(log, "a new line that is longer than all that was there before\n")
    assert tail.poll() == ["two", "a new line that is longer than all that was there before"]
    tail.pass_time(FLUSH_SECONDS)
    assert tail.poll() == ["thr"]
    assert tail.gaps == []


def test_a_file_emptied_in_place_is_read_again_and_the_gap_is_said(log: Path, tail: Tail) -> None:
    write(log, "one\ntwo\nthr")
    assert tail.poll() == ["one", "two"]
    os.truncate(log, 0)
    assert tail.poll() == ["thr"]
    write(log, "four\n")
    assert tail.poll() == ["four"]
    assert len(tail.gaps) == 1
    assert f"{log} was emptied in place at byte 8" in tail.gaps[0]


def test_a_rewrite_to_the_same_size_is_noticed(log: Path, tail: Tail) -> None:
    write(log, "one\n")
    assert tail.poll() == ["one"]
    log.write_text("two\n")
    os.utime(log, (2e9, 2e9))
    assert tail.poll() == ["two"]


def test_a_writer_that_keeps_its_position_leaves_no_zeros(log: Path, tail: Tail) -> None:
    with log.open("wb", buffering=0) as writer:
        writer.write(b"one\n" * 2000)
        assert len(tail.poll()) == 2000
        os.truncate(log, 0)
        writer.write(b"two\nthree\n")
        assert tail.poll() == ["two", "three"]


def test_a_large_hole_costs_no_line(log: Path, tail: Tail) -> None:
    with log.open("wb", buffering=0) as writer:
        writer.seek(9_000_000)
        writer.write(b"two\nthree\n")
    assert tail.poll() == ["two", "three"]


def test_a_deleted_file_is_read_to_its_end(log: Path, tail: Tail) -> None:
    with log.open("ab", buffering=0) as writer:
        writer.write(b"one\n")
        assert tail.poll() == ["one"]
        log.unlink()
        writer.write(b"two\nlast")
        assert tail.poll() == ["two"]
    write(log, "new\n")
    assert tail.poll() == ["new"]
    tail.pass_time(FLUSH_SECONDS)
    assert tail.poll() == ["last"]


def test_a_used_again_inode_is_another_file(log: Path, tail: Tail) -> None:
    write(log, "one\n")
    assert tail.poll() == ["one"]
    tail.input.close()
    # The same inode with other content is what a used-again inode is.
    log.write_text("another\nfile\n")
    tail.restart()
    assert tail.poll() == ["another", "file"]
    assert "is gone" in tail.gaps[0]


def test_a_symlink_that_is_switched_is_followed(tmp_path: Path) -> None:
    first, second, link = tmp_path / "day-1", tmp_path / "day-2", tmp_path / "current"
    write(first, "one\n")
    link.symlink_to(first)
    tail = Tail(link)
    assert tail.poll() == ["one"]
    write(first, "two\n")
    write(second, "three\n")
    link.unlink()
    link.symlink_to(second)
    assert tail.poll() == ["two", "three"]
    tail.restart()
    assert tail.poll() == []
    write(first, "four\n")
    write(second, "five\n")
    assert tail.poll() == ["four", "five"]
    assert tail.gaps == []


def test_a_restart_goes_on_where_it_stopped(log: Path, tail: Tail) -> None:
    write(log, "one\ntwo\nunfi")
    assert tail.poll() == ["one", "two"]
    tail.restart()
    write(log, "nished\n")
    assert tail.poll() == ["unfinished"]
    assert tail.gaps == []


@pytest.mark.parametrize("size", [10, 5000])
def test_renames_while_stopped_lose_no_generation(log: Path, tail: Tail, size: int) -> None:
    write(log, "x" * size + "\n")
    tail.poll()
    tail.input.close()
    write(log, "two\n")
    os.utime(log, (1000, 1000))
    log.rename(log.with_name("auth.log.3"))
    write(log.with_name("auth.log.2"), "three\n")
    os.utime(log.with_name("auth.log.2"), (2000, 2000))
    write(log.with_name("auth.log.1"), "four\n")
    os.utime(log.with_name("auth.log.1"), (3000, 3000))
    write(log.with_name("auth.log.4"), "long ago\n")
    os.utime(log.with_name("auth.log.4"), (500, 500))
    write(log, "five\n")
    tail.restart()
    assert sorted(tail.poll()) == ["five", "four", "three", "two"]
    assert tail.gaps == []


def test_copytruncate_while_stopped_loses_nothing(log: Path, tail: Tail) -> None:
    write(log, "one\n")
    tail.poll()
    tail.input.close()
    write(log, "two\n")
    shutil.copy(log, log.with_name("auth.log.1"))
    os.truncate(log, 0)
    write(log, "three\n")
    tail.restart()
    assert tail.poll() == ["two", "three"]
    assert tail.gaps == []


def test_generations_that_came_and_went_while_the_spool_was_full_are_read(log: Path, tail: Tail) -> None:
    write(log, "one\n")
    tail.poll()
    write(log, "two\n")
    os.utime(log, (1000, 1000))
    log.rename(log.with_name("auth.log.2"))
    write(log, "three\n")
    os.utime(log, (2000, 2000))
    log.rename(log.with_name("auth.log.1"))
    write(log, "four\n")
    assert sorted(tail.poll()) == ["four", "three", "two"]


def test_what_is_gone_after_a_restart_is_said(log: Path, tail: Tail) -> None:
    write(log, "one\n")
    tail.poll()
    tail.input.close()
    log.unlink()
    write(log.with_name("other"), "x")
    write(log, "new\n")
    tail.restart()
    assert tail.poll() == ["new"]
    assert len(tail.gaps) == 1
    assert "is gone" in tail.gaps[0]


def test_a_line_over_the_cap_is_cut_and_says_so(log: Path, tail: Tail) -> None:
    write(log, "before\n" + "x" * 9_000_000)
    write(log, "y\nafter\n")
    lines = tail.poll()
    assert [len(line) for line in lines] == [6, 1_000_000, 5]
    assert lines[2] == "after"
    assert tail.readings[1].hints["log.truncated"] is True


def test_a_restart_inside_a_cut_line_does_not_begin_in_its_middle(log: Path, tail: Tail) -> None:
    write(log, "x" * 5_000_000)
    assert len(tail.poll()) == 1
    tail.restart()
    write(log, "y\nafter\n")
    assert tail.poll() == ["after"]


def test_a_directory_or_device_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "dir.log").mkdir()
    os.mkfifo(tmp_path / "pipe.log")
    tail = Tail(tmp_path / "*.log")
    assert tail.poll() == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_said_once_and_read_when_allowed(log: Path, tail: Tail) -> None:
    write(log, "one\n")
    log.chmod(0)
    assert tail.poll() == []
    assert tail.poll() == []
    assert len(tail.gaps) == 1
    assert "cannot be read" in tail.gaps[0]
    log.chmod(0o600)
    assert tail.poll() == ["one"]


@pytest.mark.parametrize("cursor", ["", "{}", "[1]", '[["a","a",1,2,-1,"","",0,0]]', '[["a","a",1,2,9,"","zz",0,0]]'])
def test_a_damaged_cursor_starts_anew_and_says_so(log: Path, cursor: str) -> None:
    write(log, "one\n")
    tail = Tail(log)
    tail.cursor = cursor
    tail.restart()
    assert tail.poll() == ["one"]
    assert "not readable" in tail.gaps[0]


def test_check_says_what_would_be_read(log: Path, tail: Tail) -> None:
    assert "waited for" in tail.input.inspect(None)[0]
    write(log, "one\n")
    assert "4 bytes, will start at its beginning" in tail.input.inspect(None)[0]
    tail.poll()
    assert "goes on at byte 4" in tail.input.inspect(tail.cursor)[0]
