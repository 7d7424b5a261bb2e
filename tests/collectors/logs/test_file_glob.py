"""The rotation matrix, where a pattern names the files."""

import os
import shutil
from pathlib import Path

from collectors.tail.watch import GLOB_SECONDS
from tests.collectors.logs.hand import Tail, write


def test_a_glob_takes_new_files_and_does_not_read_renamed_ones_again(tmp_path: Path) -> None:
    write(tmp_path / "a.log", "a1\n")
    tail = Tail(tmp_path / "*.log*")
    assert tail.poll() == ["a1"]
    write(tmp_path / "b.log", "b1\n")
    (tmp_path / "a.log").rename(tmp_path / "a.log.1")
    write(tmp_path / "a.log", "a2\n")
    tail.pass_time(GLOB_SECONDS)
    assert sorted(tail.poll()) == ["a2", "b1"]
    tail.restart()
    assert tail.poll() == []
    assert tail.gaps == []


def test_a_glob_does_not_read_a_copy_again(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    write(log, "one\n")
    tail = Tail(tmp_path / "*.log*")
    assert tail.poll() == ["one"]
    write(log, "two\n")
    shutil.copy(log, tmp_path / "a.log.1")
    tail.pass_time(GLOB_SECONDS)
    assert tail.poll() == ["two"]
    write(log, "three\n")
    shutil.copy(log, tmp_path / "a.log.1")
    os.truncate(log, 0)
    write(log, "four\n")
    tail.pass_time(GLOB_SECONDS)
    assert tail.poll() == ["three", "four"]
    tail.restart()
    tail.pass_time(GLOB_SECONDS)
    assert tail.poll() == []
    assert tail.gaps == []


def test_files_that_begin_alike_are_not_taken_for_copies(tmp_path: Path) -> None:
    write(tmp_path / "a.log", "start\n")
    write(tmp_path / "b.log", "start\n")
    tail = Tail(tmp_path / "*.log")
    assert tail.poll() == ["start", "start"]
    write(tmp_path / "c.log", "start\n")
    tail.pass_time(GLOB_SECONDS)
    assert tail.poll() == ["start"]
