"""A capture file that breaks off is read up to there, and says where."""

import gzip
import struct
from pathlib import Path

import pytest

from collectors.network import capture_file
from collectors.network.sniff import read_capture
from sentinel.errors import InputError, UnavailableError
from tests.collectors.network import frames

FRAME = frames.ethernet(frames.ipv4(frames.udp(1, 2), 17))


def block(kind: int, body: bytes) -> bytes:
    length = 12 + len(body)
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)


def pcapng(*captured: bytes) -> bytes:
    """Return a capture file of the newer form, with one Ethernet interface that counts nanoseconds."""
    start = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    interface = block(1, struct.pack("<HHIHHBxxxHH", 1, 0, 65535, 9, 1, 9, 0, 0))
    packets = b""
    for frame in captured:
        padded = frame + bytes(-len(frame) % 4)
        at = frames.START
        packets += block(6, struct.pack("<IIIII", 0, at >> 32, at & 0xFFFFFFFF, len(frame), len(frame)) + padded)
    return start + interface + packets


@pytest.mark.parametrize("whole", [frames.pcap(FRAME, FRAME), pcapng(FRAME, FRAME)])
def test_both_forms_are_read(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(whole)
    first, second = read_capture(path)
    assert (first.data, first.at, first.length, first.link_type) == (FRAME, frames.START, len(FRAME), 1)
    assert second.data == FRAME
    assert capture_file.fault(path) is None


def test_a_gzipped_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap.gz"
    path.write_bytes(gzip.compress(frames.pcap(FRAME)))
    assert len(list(read_capture(path))) == 1


@pytest.mark.parametrize("whole", [frames.pcap(FRAME, FRAME), pcapng(FRAME, FRAME)])
@pytest.mark.parametrize("missing", [1, 10, 41])
def test_a_broken_end_is_said_after_what_could_be_read(tmp_path: Path, whole: bytes, missing: int) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(whole[:-missing])
    frames_read = []
    with pytest.raises(InputError, match=r"a\.pcap: the record at byte \d+ is cut off or broken; \d packets"):
        frames_read.extend(read_capture(path))
    assert frames_read[0].data == FRAME


def test_what_is_no_capture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a capture")
    with pytest.raises(InputError, match="not a capture file"):
        next(read_capture(path))


def test_a_file_that_cannot_be_read_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="cannot read the capture file"):
        next(read_capture(tmp_path / "missing.pcap"))
