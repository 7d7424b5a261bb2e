"""Promises of sealed bundles: everything that was asked is in them, and every change shows, wherever it is made."""

import json
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert
from typer.testing import CliRunner, Result

from sentinel.cli.bundle import app as bundle_app
from sentinel.cli.export import app as export_app
from sentinel.cli.init import create
from sentinel.database.tables import alert_matches, alerts, incidents
from sentinel.errors import ConflictError, InputError
from sentinel.keeping.bundle.check import check
from sentinel.keeping.bundle.make import make
from sentinel.keeping.bundle.seal import LIST, PURPOSE, SIGNATURE, Sealed, fingerprint, sign, signer
from sentinel.model.record import Record
from sentinel.store import Mark
from sentinel.wiring import open_home
from tests.keeping.test_keeper import put
from tests.store.examples import record

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
ASKED = Sealed(
    made_at="2026-11-28T09:00:00.000000Z", asked_by="cli:an", why="Công văn 12", query="*", incident="", agency="city",
    scope=("city",), start=None, end=None, events=0, first_at="", last_at="", missing=(), unreadable=0,
)  # fmt: skip
ODD = "Hải Phòng \ud800 \u2028 \0 end"


def sealed(folder: Path, count: int = 3) -> Path:
    path = folder / "evidence.zip"
    records = [record(number, event__original=f"{ODD} {number}") for number in range(count)]
    make(path, ASKED, records, None, KEY, lambda _: None)
    return path


def test_what_was_sealed_is_found_again_with_who_asked_and_why(tmp_path: Path) -> None:
    path = sealed(tmp_path)
    found, key = check(path)
    assert key == fingerprint(KEY.public_key())
    assert (found.asked_by, found.why, found.events) == ("cli:an", "Công văn 12", 3)
    assert (found.first_at[:19], found.last_at[:19]) == ("2026-11-23T08:00:00", "2026-11-23T08:00:02")
    with zipfile.ZipFile(path) as archive:
        events = [json.loads(line) for line in archive.read("events.jsonl").splitlines()]
    assert [each["event"]["original"] for each in events] == [f"{ODD} {number}" for number in range(3)]
    assert path.stat().st_mode & 0o077 == 0


def test_nothing_is_overwritten_and_nothing_is_left_by_half(tmp_path: Path) -> None:
    path = sealed(tmp_path)
    with pytest.raises(ConflictError, match="exists already"):
        sealed(tmp_path)

    def broken() -> Iterator[Record]:
        yield record(1)
        raise InputError("the store is gone")

    with pytest.raises(InputError, match="gone"):
        make(tmp_path / "other.zip", ASKED, broken(), None, KEY, lambda _: None)
    with pytest.raises(InputError, match="nothing was found"):
        make(tmp_path / "other.zip", ASKED, [], None, KEY, lambda _: None)
    assert list(tmp_path.iterdir()) == [path]


def rewrite(path: Path, changes: dict[str, bytes | None]) -> None:
    """Put other files into the bundle, or take some away."""
    with zipfile.ZipFile(path) as archive:
        content: dict[str, bytes | None] = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, body in (content | changes).items():
            if body is not None:
                archive.writestr(name, body)


def test_every_kind_of_change_shows(tmp_path: Path) -> None:
    path = sealed(tmp_path)
    with zipfile.ZipFile(path) as archive:
        body, events = archive.read(LIST), archive.read("events.jsonl")
    other = Ed25519PrivateKey.generate()
    cases: list[tuple[dict[str, bytes | None], str]] = [
        ({"events.jsonl": events.replace(b"2026", b"2025", 1)}, "events.jsonl was changed"),
        ({"events.jsonl": events + b"{}\n"}, "events.jsonl was changed"),
        ({"events.jsonl": None}, "added or taken away"),
        ({"more.txt": b"x"}, "added or taken away"),
        ({LIST: body.replace(b"cli:an", b"cli:bo")}, "changed after it was signed"),
        ({LIST: body + b" "}, "changed after it was signed"),
        ({LIST: None}, "no sealed bundle"),
        ({SIGNATURE: None}, "no sealed bundle"),
        ({SIGNATURE: b"{}"}, "not what Sentinel writes"),
        ({SIGNATURE: b"[" * 100_000}, "not what Sentinel writes"),
        ({LIST: b"{}", SIGNATURE: sign(b"{}", KEY)}, "not what Sentinel writes"),
    ]
    for changes, sentence in cases:
        copy = tmp_path / "copy.zip"
        shutil.copy(path, copy)
        rewrite(copy, changes)
        with pytest.raises(InputError, match=sentence):
            check(copy)
    # Who signs it anew shows as another key.
    rewrite(path, {SIGNATURE: sign(body, other)})
    assert check(path)[1] == fingerprint(other.public_key())


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_changed_byte_passes_for_another_bundle(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("bundle")
    path = sealed(folder)
    expected = check(path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.just(len(content)) | st.integers(0, len(content)))])
    try:
        found = check(path)
    except InputError:
        return
    assert found == expected, "only what says nothing, such as a time in the archive, may differ"


def test_a_signed_command_is_no_bundle() -> None:
    body = b'{"verb": "block_ip"}'
    document = json.loads(sign(body, KEY))
    assert signer(body, json.dumps(document).encode())
    with pytest.raises(InputError, match="changed"):
        signer(PURPOSE + body, json.dumps(document).encode())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    create(home, host="127.0.0.1", port=8443, names=["localhost"], administrator="admin")
    with closing(open_home(home)) as opened:
        opened.store.add([record(number, agency="dept-finance") for number in range(5)], Mark(5))
        agency = {"agency": "dept-finance"}
        put(opened.engine, incidents, id="i1", state="open", priority="P1", **agency)
        filling = {"state": "new", "level": "high", "evidence": [], "contributing": [record(1).id], "reason": None}
        at = {
            "first_at": ASKED.made_at,
            "last_at": ASKED.made_at,
            "raised_at": ASKED.made_at,
            "changed_at": ASKED.made_at,
        }
        put(
            opened.engine,
            alerts,
            id="a1",
            incident="i1",
            record_id=record(0).id,
            fields={},
            tags=[],
            **filling,
            **at,
            **agency,
        )
        with opened.engine.begin() as connection:
            rows = [{"id": str(n), "alert": "a1", "record_id": record(n).id, "at": ASKED.made_at} for n in (2, 9)]
            connection.execute(insert(alert_matches), rows)
    return home


def export(home: Path, *words: str) -> Result:
    return CliRunner().invoke(export_app, ["--home", str(home), *words])


def test_the_command_seals_what_a_query_finds(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "q.zip"
    done = export(home, "number1 OR number3", "--bundle", str(path), "--why", "Công văn 12", "--agency", "dept-finance")
    assert done.exit_code == 0, done.output
    found, _ = check(path)
    assert (found.query, found.events, found.agency, found.unreadable) == ("number1 OR number3", 2, "dept-finance", 0)
    with closing(open_home(home)) as opened:
        (entry,) = [each for each in opened.audit.entries() if each.action == "bundle.made"]
        assert entry.why == "Công văn 12"
        assert entry.detail["sha256"] in done.output
    key = CliRunner().invoke(bundle_app, ["key", "--home", str(home)]).output.strip()
    for words in (["--home", str(home)], ["--key", key]):
        done = CliRunner().invoke(bundle_app, ["verify", str(path), *words])
        assert (done.exit_code, "as expected" in done.output) == (0, True), done.output
    assert CliRunner().invoke(bundle_app, ["verify", str(path), "--key", "00" * 32]).exit_code == 1
    path.write_bytes(path.read_bytes()[:-30])
    assert CliRunner().invoke(bundle_app, ["verify", str(path)]).exit_code == 1


def test_the_command_seals_an_incident_with_the_events_behind_it(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "i.zip"
    done = export(home, "--incident", "i1", "--bundle", str(path), "--why", "báo cáo 72 giờ")
    assert done.exit_code == 0, (done.output, done.exception)
    found, _ = check(path)
    assert (found.incident, found.events, found.missing) == ("i1", 3, (record(9).id,))
    with zipfile.ZipFile(path) as archive:
        document = json.loads(archive.read("incident.json"))
    assert document["incident"]["id"] == "i1"
    assert [alert["id"] for alert in document["alerts"]] == ["a1"]
    for words in (["--incident", "nowhere"], [], ["x", "--incident", "i1"]):
        done = export(home, *words, "--bundle", str(tmp_path / "n.zip"), "--why", "w")
        assert isinstance(done.exception, InputError)
        assert not (tmp_path / "n.zip").exists()
