"""Promises of backups: whole or not there, taken while all goes on, and after restoring nothing is lost or doubled."""

import json
import random
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from sentinel import pipeline as pipeline_module
from sentinel.audit import Audit
from sentinel.cli.demo.city import program
from sentinel.cli.init import create
from sentinel.database.connect import connect, migrate
from sentinel.database.transfer import export
from sentinel.errors import ConflictError, InputError, RefusedError
from sentinel.journal import Batch
from sentinel.journal.local import LocalJournal
from sentinel.keeping.backup.contents import FILE_NAME, Contents, read
from sentinel.keeping.backup.restore import fill, restored, verify
from sentinel.keeping.backup.save import Source, save
from sentinel.normalise import normalise
from sentinel.pipeline import Pipeline
from sentinel.store.local import LocalStore
from sentinel.wiring import Home, open_home
from tests.store.examples import city
from tests.survivor import AT, COLLECTOR, EPOCH, CountingEngine, line
from tests.waiting import until

PASSPHRASE = "một cụm mật khẩu dài"
BACKUPS = 6


def tell(done: int) -> None:
    assert done >= 0


class Place:
    """A home without settings, in which events are received and stored by two threads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        (folder / "keys").mkdir(exist_ok=True)
        (folder / "keys" / "commands.key").write_text("geheim")
        (folder / "sentinel.toml").write_text("# settings\n")
        self.engine = connect(f"sqlite:///{folder}/state.db")
        migrate(self.engine)
        self.journal = LocalJournal(folder / "journal.db")
        self.store = LocalStore(folder / "events", grace=timedelta(0))
        self.counting = CountingEngine()
        self.pipeline = Pipeline(self.journal, self.store, self.counting, normalise, lambda matches: None)  # type: ignore[arg-type]
        self.acknowledged = 0
        self.stop = threading.Event()
        self.faults: list[BaseException] = []

    @property
    def source(self) -> Source:
        return Source(
            home=self.folder, engine=self.engine, audit=Audit(self.engine), journal=self.folder / "journal.db",
            store=self.folder / "events", database=self.folder / "state.db",
        )  # fmt: skip

    def receive(self, count: int) -> None:
        first = self.journal.last_sequence(COLLECTOR, EPOCH) + 1
        lines = [line(number) for number in range(first, first + count)]
        batch = Batch(collector=COLLECTOR, agency="city", epoch=EPOCH, first=first, lines=lines, received_at=AT)
        self.acknowledged = self.journal.append(batch)
        Audit(self.engine).record(actor="an", agency="city", action="trial.sent", object=str(self.acknowledged))

    def drain(self) -> None:
        while self.pipeline.step(40):
            pass

    def both(self) -> list[threading.Thread]:
        """Receive and store until told to stop."""

        def receiving() -> None:
            while not self.stop.is_set():
                self.receive(7)

        def storing() -> None:
            turn = 0
            while not self.stop.is_set():
                self.pipeline.step(30)
                turn += 1
                if turn % 3 == 0:
                    self.store.maintain()

        def watched(work: object) -> None:
            try:
                work()  # type: ignore[operator]
            except BaseException as error:  # noqa: BLE001 - a thread hands its failure to the test
                self.faults.append(error)

        threads = [threading.Thread(target=watched, args=(work,)) for work in (receiving, storing)]
        for thread in threads:
            thread.start()
        return threads

    def numbers(self) -> list[int]:
        return sorted(int(str(each.fields["event.sequence"])) for each in self.store.scan(city()))

    def close(self) -> None:
        self.journal.close()
        self.store.close()
        self.engine.dispose()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path / "home")
    yield made
    made.close()


def bring_back(backup: Path, home: Path, passphrase: str | None = None) -> Contents:
    """Restore as the command does, for a home without settings."""
    with restored(backup, home, passphrase=passphrase, tell=tell) as (folder, made):
        engine = connect(f"sqlite:///{folder}/state.db")
        fill(folder, made, engine)
        engine.dispose()
    return made


def test_while_all_goes_on_every_backup_has_all_that_was_acknowledged_before_it_began(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal is trimmed after nearly every batch, which is what a copy of two moving files must not fall into."""
    monkeypatch.setattr(pipeline_module, "TRIM_EVENTS", 20)
    threads = place.both()
    before = []
    for number in range(BACKUPS):
        until(lambda: place.acknowledged > 50 or place.faults, what="events")
        before.append(place.acknowledged)
        save(place.source, tmp_path / f"b{number}", passphrase=None, is_linked=number % 2 == 0, tell=tell)
    place.stop.set()
    for thread in threads:
        thread.join(30)
    assert place.faults == []
    for number, acknowledged in enumerate(before):
        made = bring_back(tmp_path / f"b{number}", tmp_path / f"r{number}")
        assert not made.damaged
        again = Place(tmp_path / f"r{number}")
        last = again.journal.last_sequence(COLLECTOR, EPOCH)
        again.drain()
        assert last >= acknowledged
        assert again.numbers() == list(range(1, last + 1)), "lost or doubled"
        assert again.counting.seen == last, "the correlations' state saw each event once"
        assert again.store.verify() >= 0
        assert again.store.troubles() == ()
        again.receive(5)
        again.drain()
        assert again.numbers() == list(range(1, last + 6)), "it goes on from there"
        again.close()


def test_what_is_restored_is_equal_in_everything(place: Place, tmp_path: Path) -> None:
    for _ in range(4):
        place.receive(60)
        place.pipeline.step(50)
    (place.folder / "rules").mkdir()
    (place.folder / "rules" / "own.yml").write_text("title: của mình\n")
    (place.folder / "rules-compiled").mkdir()
    (place.folder / "rules-compiled" / "x").write_text("made anew")
    made = save(place.source, tmp_path / "b", passphrase=PASSPHRASE, is_linked=False, tell=tell)
    assert (made.events, made.mark, made.journal_end) == (200, 200, 240)
    assert verify(tmp_path / "b", tell) == made
    records = list(place.store.scan(city()))
    state = list(export(place.engine))

    bring_back(tmp_path / "b", tmp_path / "r", PASSPHRASE)

    again = Place(tmp_path / "r")
    assert list(again.store.scan(city())) == records
    assert again.store.mark() == place.store.mark()
    assert list(again.journal.read(0, 1000)) == list(place.journal.read(0, 1000))
    assert again.journal.last_sequence(COLLECTOR, EPOCH) == 240
    assert [each for each in export(again.engine) if "backup.restored" not in each] == state
    assert (tmp_path / "r" / "keys" / "commands.key").read_text() == "geheim"
    assert (tmp_path / "r" / "rules" / "own.yml").read_text() == "title: của mình\n"
    assert {path.name.removesuffix("-wal").removesuffix("-shm") for path in (tmp_path / "r").iterdir()} == {
        "events", "journal.db", "keys", "rules", "sentinel.toml", "state.db",
    }  # fmt: skip
    again.close()


def test_without_a_passphrase_no_key_is_in_it(place: Place, tmp_path: Path) -> None:
    save(place.source, tmp_path / "b", passphrase=None, is_linked=False, tell=tell)
    assert not any(b"geheim" in path.read_bytes() for path in (tmp_path / "b").rglob("*") if path.is_file())
    bring_back(tmp_path / "b", tmp_path / "r")
    assert not (tmp_path / "r" / "keys").exists()


def test_a_wrong_passphrase_opens_nothing_and_leaves_nothing(place: Place, tmp_path: Path) -> None:
    save(place.source, tmp_path / "b", passphrase=PASSPHRASE, is_linked=False, tell=tell)
    assert not any(b"geheim" in path.read_bytes() for path in (tmp_path / "b").rglob("*") if path.is_file())
    with pytest.raises(RefusedError, match="passphrase does not open"):
        bring_back(tmp_path / "b", tmp_path / "r", "một cụm khác hẳn")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "home"]


def test_every_changed_file_is_found(place: Place, tmp_path: Path) -> None:
    place.receive(20)
    place.drain()
    made = save(place.source, tmp_path / "b", passphrase=PASSPHRASE, is_linked=False, tell=tell)
    for listed in made.files:
        path = tmp_path / "b" / listed.path
        content = path.read_bytes()
        spoilt = bytes([content[0] ^ 1]) + content[1:] if content else b"x"
        for harm in (spoilt, content[:-1], content + b"x"):
            path.write_bytes(harm)
            with pytest.raises(InputError, match=path.name.replace(".", r"\.")):
                verify(tmp_path / "b", tell)
            if listed.path != "keys.sealed":
                with pytest.raises(InputError, match="not as it was written"):
                    bring_back(tmp_path / "b", tmp_path / "r")
        path.write_bytes(content)
    (tmp_path / "b" / "events" / "more.parquet").write_bytes(b"")
    with pytest.raises(InputError, match="somebody put it there"):
        bring_back(tmp_path / "b", tmp_path / "r")
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "events/../../x", "", "a\0b"])
def test_a_list_that_points_outside_is_refused(place: Place, tmp_path: Path, path: str) -> None:
    save(place.source, tmp_path / "b", passphrase=None, is_linked=False, tell=tell)
    document = json.loads((tmp_path / "b" / FILE_NAME).read_text())
    document["files"][0]["path"] = path
    (tmp_path / "b" / FILE_NAME).write_text(json.dumps(document))
    with pytest.raises(InputError, match="outside of itself"):
        read(tmp_path / "b")


@pytest.mark.parametrize("text", ["", "[]", "{}", "[" * 100_000, '{"format": "sentinel-backup", "version": 1}'])
def test_a_list_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="is no backup"):
        read(tmp_path)
    (tmp_path / FILE_NAME).write_text(text)
    with pytest.raises(InputError):
        read(tmp_path)


def test_nothing_is_overwritten(place: Place, tmp_path: Path) -> None:
    save(place.source, tmp_path / "b", passphrase=None, is_linked=False, tell=tell)
    with pytest.raises(ConflictError, match="exists already"):
        save(place.source, tmp_path / "b", passphrase=None, is_linked=False, tell=tell)
    with pytest.raises(ConflictError, match="exists already"):
        bring_back(tmp_path / "b", place.folder)
    with pytest.raises(InputError, match="inside of the home"):
        save(place.source, place.folder / "b", passphrase=None, is_linked=False, tell=tell)


def test_damage_that_was_there_before_is_named_and_the_rest_is_copied(place: Place, tmp_path: Path) -> None:
    for _ in range(2):
        place.receive(20)
        place.drain()
    first, *_ = sorted((place.folder / "events").glob("*.parquet"))
    first.write_bytes(b"no segment")
    made = save(place.source, tmp_path / "b", passphrase=None, is_linked=False, tell=tell)
    assert made.damaged == (first.name,)
    bring_back(tmp_path / "b", tmp_path / "r")
    again = Place(tmp_path / "r")
    assert again.store.search(city()).unreadable == 1
    assert again.numbers() == list(range(21, 41))
    again.close()


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """Return a real home with some events in it."""
    home = tmp_path / "home"
    create(home, host="127.0.0.1", port=8443, names=["localhost"], administrator="admin")
    with closing(open_home(home)) as opened:
        assert isinstance(opened.journal, LocalJournal)
        lines = [line(number) for number in range(1, 3001)]
        opened.journal.append(Batch(COLLECTOR, "city", EPOCH, 1, lines, AT))
        counting = CountingEngine()
        moving = Pipeline(opened.journal, opened.store, counting, normalise, lambda matches: None)  # type: ignore[arg-type]
        while moving.step(100):
            pass
    return home


def run(*words: object) -> subprocess.CompletedProcess[str]:
    command = [program("sentinel"), *map(str, words)]
    return subprocess.run(command, input=PASSPHRASE + "\n", capture_output=True, text=True, timeout=60)


def everything(home: Home) -> tuple[object, ...]:
    """Return what a home holds, but for the audit entries of copying itself."""
    state = [each for each in export(home.engine) if '"backup.' not in each]
    return state, list(home.store.scan(city())), home.store.mark(), home.journal.last_sequence(COLLECTOR, EPOCH)


@pytest.mark.slow
def test_the_commands_copy_and_restore_a_home(served: Path, tmp_path: Path) -> None:
    done = run("backup", tmp_path / "b", "--home", served, "--passphrase-file", "-")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "3,000 events" in done.stderr
    assert run("backup", tmp_path / "c", "--home", served).returncode == 2
    assert run("restore", tmp_path / "b", "--verify-only").returncode == 0
    assert "holds the keys" in run("restore", tmp_path / "b", "--home", tmp_path / "r").stderr
    done = run("restore", tmp_path / "b", "--home", tmp_path / "r", "--passphrase-file", "-")
    assert done.returncode == 0, done.stderr
    with closing(open_home(served)) as first, closing(open_home(tmp_path / "r")) as second:
        assert everything(first) == everything(second)
        assert first.public_key() == second.public_key()
        assert second.audit.verify() > 0
        assert [each.action for each in first.audit.entries(newest_first=True, limit=1)] == ["backup.made"]
        assert [each.action for each in second.audit.entries(newest_first=True, limit=1)] == ["backup.restored"]


@pytest.mark.slow
@pytest.mark.timeout(250)
def test_killed_anywhere_a_copy_is_whole_or_not_there(served: Path, tmp_path: Path) -> None:
    """Each command is killed at random times; then what is there is whole, and the next attempt works."""
    chance = random.Random(20261128)
    backup, home = tmp_path / "b", tmp_path / "r"
    commands = {
        backup: ["backup", str(backup), "--home", str(served), "--without-keys"],
        home: ["restore", str(backup), "--home", str(home)],
    }
    killed = {backup: 0, home: 0}
    for target, words in commands.items():
        begun = time.monotonic()
        assert run(*words).returncode == 0
        took = time.monotonic() - begun
        shutil.rmtree(target)
        for _ in range(8):
            process = subprocess.Popen([program("sentinel"), *words], stderr=subprocess.DEVNULL)
            try:
                process.wait(chance.uniform(0.1, 0.9) * took)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
                killed[target] += 1
            if target.exists():
                if target == backup:
                    verify(backup, tell)
                    shutil.rmtree(backup)
                else:
                    with closing(open_home(home)) as opened:
                        assert opened.audit.verify() > 0
                    shutil.rmtree(home)
        assert run(*words).returncode == 0
        assert not list(tmp_path.glob("*.partial"))
    assert all(killed.values()), killed
    with closing(open_home(served)) as first, closing(open_home(home)) as second:
        assert everything(first) == everything(second)
    assert not list((served / "events").glob("backup-staging-*"))
