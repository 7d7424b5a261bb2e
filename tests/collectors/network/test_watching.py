"""Capture files are each read once: appearing, growing, broken, or with the collector killed in between."""

import json
import os
import time
from pathlib import Path

import pytest

from collectors.network.capture import CaptureInput
from collectors.reading import GAP, Reading
from collectors.settings import CaptureSettings
from sentinel.errors import InputError, UnavailableError
from tests.collectors.network import frames

QUIET = time.time() - 60


def question(number: int) -> bytes:
    name = f"a{number}".encode()
    asked = bytes([len(name)]) + name + b"\x07example\x00" + b"\x00\x01\x00\x01"
    return frames.ethernet(frames.ipv4(frames.udp(3000 + number, 53, b"\0\7\1\0\0\1" + bytes(6) + asked), 17))


def drop(folder: Path, name: str, content: bytes) -> Path:
    """Put a finished file into the watched folder, as a rotating capture does."""
    hidden = folder / f".{name}"
    hidden.write_bytes(content)
    os.utime(hidden, (QUIET, QUIET))
    return hidden.rename(folder / name)


def watch(pattern: Path, cursor: str | None = None) -> CaptureInput:
    source = CaptureInput(CaptureSettings(name="lan", file=str(pattern)))
    source.open(cursor)
    return source


def names(readings: list[Reading]) -> list[str]:
    return [json.loads(r.raw)["dns.question.name"] for r in readings if r.dataset == "network.dns"]


def everything(source: CaptureInput, limit: int = 100) -> tuple[list[Reading], str]:
    found: list[Reading] = []
    while True:
        readings, cursor = source.read(limit, 0.05)
        if not readings:
            return found, cursor
        found += readings


def test_a_file_is_read_once_with_the_packets_times(tmp_path: Path) -> None:
    drop(tmp_path, "a.pcap", frames.pcap(question(1), question(2)))
    readings, cursor = everything(watch(tmp_path))
    assert names(readings) == ["a1.example", "a2.example"]
    assert [reading.dataset for reading in readings].count("network.flow") == 2
    assert readings[0].hints["log.file.path"] == str(tmp_path / "a.pcap")
    assert json.loads(readings[0].raw)["@timestamp"].startswith("2027-01-15T08:00:00.000")
    assert everything(watch(tmp_path, cursor))[0] == []


def test_files_are_read_as_they_are_renamed_into_place(tmp_path: Path) -> None:
    source = watch(tmp_path / "*.pcap")
    assert source.read(10, 0.01)[0] == []
    drop(tmp_path, "a.pcap", frames.pcap(question(1)))
    assert names(source.read(10, 2)[0]) == ["a1.example"]
    drop(tmp_path, "b.pcap", frames.pcap(question(2)))
    drop(tmp_path, "c.pcap.part", frames.pcap(question(3)))
    assert names(source.read(10, 2)[0]) == ["a2.example"] or names(everything(source)[0]) == ["a2.example"]


def test_a_file_that_is_still_written_waits(tmp_path: Path) -> None:
    (tmp_path / "a.pcap").write_bytes(frames.pcap(question(1)))
    source = watch(tmp_path)
    assert source.read(10, 0.01)[0] == []
    os.utime(tmp_path / "a.pcap", (QUIET, QUIET))
    assert names(source.read(10, 2)[0]) == ["a1.example"]


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_killed_after_any_batch_nothing_is_lost_and_nothing_is_doubled(tmp_path: Path, limit: int) -> None:
    drop(tmp_path, "a.pcap", frames.pcap(*map(question, range(5))))
    drop(tmp_path, "b.pcap", frames.pcap(*map(question, range(5, 9)), seconds=100))
    expected = [reading.raw for reading in everything(watch(tmp_path))[0]]
    found: list[str] = []
    cursor: str | None = None
    for _ in range(40):
        readings, cursor = watch(tmp_path, cursor).read(limit, 0.01)
        found += [reading.raw for reading in readings]
    assert found == expected


def test_what_is_added_to_a_file_is_read_too(tmp_path: Path) -> None:
    path = drop(tmp_path, "a.pcap", frames.pcap(question(1)))
    readings, cursor = everything(watch(tmp_path))
    with path.open("ab") as file:
        file.write(frames.pcap(question(2))[24:])
    os.utime(path, (QUIET, QUIET))
    assert names(readings) == ["a1.example"]
    assert names(everything(watch(tmp_path, cursor))[0]) == ["a2.example"]


def test_a_broken_file_is_said_and_the_others_go_on(tmp_path: Path) -> None:
    drop(tmp_path, "a.pcap", frames.pcap(question(1), question(2))[:-3])
    drop(tmp_path, "b.pcap", b"no capture at all")
    drop(tmp_path, "c.pcap", frames.pcap(question(3)))
    readings, _ = everything(watch(tmp_path))
    gaps = [reading.raw for reading in readings if reading.dataset == GAP]
    assert len(gaps) == 2
    assert "cut off or broken" in gaps[0]
    assert "not a capture file" in gaps[1]
    assert {"a1.example", "a3.example"} <= set(names(readings))


def test_a_long_file_without_events_is_read_to_its_end_in_small_steps(tmp_path: Path) -> None:
    silent = [frames.ethernet(bytes(20), 0x88CC)] * 45_000
    drop(tmp_path, "a.pcap", frames.pcap(*silent, question(1)))
    source = watch(tmp_path)
    for _ in range(10):
        readings, _ = source.read(100, 0)
        if readings:
            break
    assert names(readings) == ["a1.example"]


def test_a_damaged_cursor_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="cursor"):
        watch(tmp_path, "{broken")


def test_interface_and_file_exclude_each_other() -> None:
    for settings in (CaptureSettings(name="x"), CaptureSettings(name="x", interface="eth0", file="a.pcap")):
        with pytest.raises(InputError, match="either 'interface' or 'file'"):
            CaptureInput(settings)


def test_an_interface_that_is_not_there_is_unavailable() -> None:
    source = CaptureInput(CaptureSettings(name="x", interface="no-such-0"))
    with pytest.raises(UnavailableError, match="no-such-0"):
        source.open(None)
    source.close()


def test_check_says_what_would_be_read(tmp_path: Path) -> None:
    assert "waited for" in watch(tmp_path).inspect(None)[0]
    drop(tmp_path, "a.pcap", frames.pcap(question(1)))
    source = watch(tmp_path)
    assert source.inspect(None) == [f"{tmp_path}/a.pcap: not read yet"]
    _, cursor = everything(source)
    assert source.inspect(cursor) == [f"{tmp_path}/a.pcap: read"]
