"""Promises of the doctor: it finds each kind of damage, changes nothing unasked, and repairs without deleting."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from sentinel.cli.doctor import app
from sentinel.cli.init import create
from sentinel.home import only_one
from sentinel.journal import Batch
from sentinel.normalise import normalise
from sentinel.pipeline import Pipeline
from sentinel.store.local import LocalStore
from sentinel.wiring import open_home
from tests.store.examples import city
from tests.survivor import AT, COLLECTOR, EPOCH, CountingEngine, line

EVENTS = 60


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Make a home with events in the store and some in the journal."""
    home = tmp_path / "home"
    create(home, host="127.0.0.1", port=8443, names=["localhost"], administrator="admin")
    (home / "rules").mkdir()
    settings = home / "sentinel.toml"
    settings.write_text(settings.read_text("utf-8") + f'\n[content]\nrules = ["{home / "rules"}"]\n', "utf-8")
    with closing(open_home(home)) as opened:
        lines = [line(number) for number in range(1, EVENTS + 21)]
        opened.journal.append(Batch(COLLECTOR, "city", EPOCH, 1, lines, AT))
        moving = Pipeline(opened.journal, opened.store, CountingEngine(), normalise, lambda matches: None)  # type: ignore[arg-type]
        for _ in range(6):
            moving.step(EVENTS // 6)
    return home


def run(home: Path, *words: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, ["--home", str(home), *words], input=answer)


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and "db-" not in path.name}


def test_a_whole_home_is_found_whole_and_left_as_it_is(home: Path) -> None:
    run(home)
    before = snapshot(home)
    result = run(home, "--deep")
    assert (result.exit_code, "✗" in result.output) == (0, False), result.output
    for word in ("20 events waiting", "every checksum right", "every file is as it was written", "server until 20"):
        assert word in result.output
    assert snapshot(home) == before


def harm_segment(home: Path) -> None:
    victim = sorted((home / "events").glob("*.parquet"))[0]
    victim.write_bytes(victim.read_bytes()[:-10])


def harm_ids(home: Path) -> None:
    sorted((home / "events").glob("*.ids"))[0].write_bytes(b"12345678")


def harm_journal(home: Path) -> None:
    with closing(sqlite3.connect(home / "journal.db", isolation_level=None)) as journal:
        journal.execute("UPDATE batches SET body = x'00'")


def harm_reference(home: Path) -> None:
    with closing(sqlite3.connect(home / "state.db", isolation_level=None)) as state:
        state.execute("UPDATE users SET agency = 'nowhere'")


def harm_certificate(home: Path) -> None:
    (home / "keys" / "server.pem").unlink()


def harm_mark(home: Path) -> None:
    with closing(sqlite3.connect(home / "events" / "manifest.db", isolation_level=None)) as manifest:
        manifest.execute("UPDATE marks SET position = 9999")


def harm_audit(home: Path) -> None:
    with closing(sqlite3.connect(home / "state.db", isolation_level=None)) as state:
        state.execute("UPDATE audit SET actor = 'nobody'")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (harm_segment, r"✗ store, whole: 10 events from .*content has changed"),
        (harm_ids, r"✗ store, whole: the ids of 1 segments are damaged \(nothing is lost\)"),
        (harm_journal, r"✗ journal, whole: 80 of 80 events are damaged: 80 events of collector c1 from position 0"),
        (harm_reference, r"✗ database, whole: a row of users points to a row of agencies that is missing"),
        (harm_certificate, r"✗ certificates: .*server\.pem"),
        (harm_mark, r"✗ journal: the store is at 9999 and the journal ends at 80"),
        (harm_audit, r"✗ audit log: audit log: entry 1 was changed"),
    ],
)
def test_damage_is_named_with_its_place(home: Path, harm: object, words: str) -> None:
    harm(home)  # type: ignore[operator]
    result = run(home, "--deep")
    assert result.exit_code == 1
    assert re.search(words, result.output), result.output


def test_events_that_are_in_neither_are_counted(home: Path) -> None:
    with closing(sqlite3.connect(home / "journal.db", isolation_level=None)) as journal:
        journal.execute("DELETE FROM batches")
    result = run(home)
    assert "20 events between the store's mark (60) and the first in the journal (80) are in neither" in result.output


def test_a_repair_asks_first_and_does_nothing_without_a_yes(home: Path) -> None:
    harm_segment(home)
    run(home)
    before = snapshot(home / "events")
    result = run(home, "--repair", answer="n\n")
    assert "Set them aside" in result.output
    assert result.exit_code == 1
    assert snapshot(home / "events") == before


def test_a_repair_sets_aside_what_is_damaged_and_is_audited(home: Path) -> None:
    harm_segment(home)
    harm_ids(home)
    result = run(home, "--repair", "--yes")
    assert "1 segments were moved" in result.output
    assert len(list((home / "events" / "damaged").glob("*.parquet"))) == 1
    again = run(home, "--repair", "--yes")
    assert "!" not in again.output, "there is nothing left to repair"
    with closing(open_home(home)) as opened:
        said = [entry for entry in opened.audit.entries() if entry.action == "doctor.repaired"]
        assert {entry.object for entry in said} >= {"store segments"}
        assert all("content has changed" in entry.why or "ids" in entry.why for entry in said)


def test_a_lost_manifest_is_made_anew_and_the_server_goes_on(home: Path) -> None:
    for path in (home / "events").glob("manifest.db*"):
        path.unlink()
    assert "doctor --repair" in run(home).output
    result = run(home, "--repair", "--yes")
    assert f"6 segments with {EVENTS} events count" in result.output
    with closing(open_home(home)) as opened:
        assert isinstance(opened.store, LocalStore)
        moving = Pipeline(opened.journal, opened.store, CountingEngine(), normalise, lambda matches: None)  # type: ignore[arg-type]
        while moving.step(100):
            pass
        numbers = sorted(int(str(each.fields["event.sequence"])) for each in opened.store.scan(city()))
        assert numbers == list(range(1, EVENTS + 21)), "what was stored is not stored again, what waited is"
        with opened.engine.begin() as connection:
            assert connection.execute(text("SELECT count(*) FROM audit WHERE action = 'doctor.repaired'")).scalar() == 1


def test_a_repair_beside_a_running_server_is_refused(home: Path) -> None:
    with only_one(home):
        result = run(home, "--repair", "--yes")
    assert "another server already works" in str(result.exception)
