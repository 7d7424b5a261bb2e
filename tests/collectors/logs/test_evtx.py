"""EVTX files: every record once, a broken one is said and the rest goes on."""

import json
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.logs.evtx import EvtxInput
from collectors.reading import GAP, Reading
from collectors.settings import EvtxSettings

SAMPLE = "AutomatedTestingTools/PanacheSysmon_vs_AtomicRedTeam01.evtx"
RECORDS = 565


@pytest.fixture(scope="module")
def sample(corpora: Path) -> bytes:
    with tarfile.open(corpora / "evtx" / "evtx-attack-samples.tar.gz") as archive:
        file = archive.extractfile(next(member for member in archive if member.name.endswith(SAMPLE)))
        assert file is not None
        return file.read()


def read_all(folder: Path, cursor: str | None = None, limit: int = 100) -> tuple[list[Reading], str]:
    source = EvtxInput(EvtxSettings(name="evtx", path=str(folder / "*.evtx")), clock=lambda: 1000.0)
    source.open(cursor)
    found: list[Reading] = []
    while True:
        readings, cursor = source.read(limit, 0)
        if not readings:
            source.close()
            return found, cursor
        found += readings


def test_every_record_is_read_once(sample: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.evtx").write_bytes(sample)
    readings, cursor = read_all(tmp_path)
    assert len(readings) == RECORDS
    assert {reading.dataset for reading in readings} == {"windows.evtx"}
    numbers = [json.loads(reading.raw)["Event"]["System"]["EventRecordID"] for reading in readings]
    assert numbers == list(range(numbers[0], numbers[0] + RECORDS))
    assert readings[0].hints == {"log.file.path": str(tmp_path / "a.evtx")}
    assert read_all(tmp_path, cursor)[0] == []


def test_a_restart_goes_on_in_the_middle(sample: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.evtx").write_bytes(sample)
    source = EvtxInput(EvtxSettings(name="evtx", path=str(tmp_path / "*.evtx")))
    source.open(None)
    first, cursor = source.read(200, 0)
    rest, _ = read_all(tmp_path, cursor)
    assert len(first) + len(rest) == RECORDS
    assert {reading.raw for reading in first}.isdisjoint(reading.raw for reading in rest)


def test_a_file_that_changed_gives_only_new_records(sample: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.evtx"
    path.write_bytes(sample[: 4096 + 65536 * 2])
    first, cursor = read_all(tmp_path)
    path.write_bytes(sample)
    second, _ = read_all(tmp_path, cursor)
    raws = [reading.raw for reading in first + second if reading.dataset != GAP]
    assert len(raws) == len(set(raws)) == RECORDS


def test_a_broken_place_is_said_and_the_rest_goes_on(sample: bytes, tmp_path: Path) -> None:
    broken = bytearray(sample)
    broken[4096 + 65536 + 4000 : 4096 + 65536 + 6000] = b"\xff" * 2000
    (tmp_path / "a.evtx").write_bytes(broken)
    readings, cursor = read_all(tmp_path)
    gaps = [reading for reading in readings if reading.dataset == GAP]
    assert len(readings) - len(gaps) > 500
    assert len(gaps) == 2
    assert "a.evtx record at place 45 cannot be read" in gaps[0].raw
    assert read_all(tmp_path, cursor)[0] == []


@pytest.mark.parametrize("size", [0, 100, 4096, 5000, 4096 + 65536 + 100])
def test_a_file_that_is_cut_off_is_said(sample: bytes, tmp_path: Path, size: int) -> None:
    (tmp_path / "a.evtx").write_bytes(sample[:size])
    (tmp_path / "b.evtx").write_bytes(sample)
    readings, _ = read_all(tmp_path)
    gaps = [reading.raw for reading in readings if reading.dataset == GAP]
    assert len(gaps) == 1
    assert "is cut off" in gaps[0] or "is no readable event log" in gaps[0]
    assert sum(reading.hints["log.file.path"].endswith("b.evtx") for reading in readings) == RECORDS  # type: ignore[union-attr]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 4096 + 65536 * 3), junk=st.binary(min_size=1, max_size=500))
def test_no_damage_breaks_the_reader(sample: bytes, tmp_path: Path, place: int, junk: bytes) -> None:
    broken = bytearray(sample[: 4096 + 65536 * 3])
    broken[place : place + len(junk)] = junk
    (tmp_path / "a.evtx").write_bytes(broken)
    readings, cursor = read_all(tmp_path)
    assert read_all(tmp_path, cursor)[0] == []
    assert all(reading.raw for reading in readings)


@pytest.mark.parametrize("cursor", ["x", "[]", '{"a": 1}', '{"a": [1, 2]}'])
def test_a_damaged_cursor_reads_everything_again(sample: bytes, tmp_path: Path, cursor: str) -> None:
    (tmp_path / "a.evtx").write_bytes(sample)
    assert len(read_all(tmp_path, cursor)[0]) == RECORDS
