"""A sample may come from several agencies, which an event in service never chooses."""

from datetime import UTC, datetime
from pathlib import Path

from sentinel.cli.samples import read_sample
from sentinel.event import Event, encode
from sentinel.normalise import normalise


def line(agency: str | None) -> Event:
    return Event(
        collector="c",
        epoch="e",
        sequence=1,
        dataset="linux.auth",
        host="portal01",
        seen_at=datetime(2026, 11, 23, tzinfo=UTC),
        raw="2026-11-23T09:10:00+07:00 portal01 sshd[1]: Connection closed by 10.0.0.1 port 4",
        hints={} if agency is None else {"organization.id": agency},
    )


def test_a_sample_line_may_name_its_agency(tmp_path: Path) -> None:
    path = tmp_path / "a.fires.ndjson"
    path.write_bytes(b"\n".join(encode(line(agency)) for agency in ("phuong-mau", None)))
    assert [record.fields["organization.id"] for record in read_sample(path)] == ["phuong-mau", "sample"]


def test_a_collector_cannot_name_another_agency() -> None:
    assert (
        normalise(line("so-xay-dung"), agency="phuong-mau", received_at=None).fields["organization.id"] == "phuong-mau"
    )
