"""The server is killed while correlations are under way: the alerts must be those of one that was never killed.

    python -m bench.correlation_kill --seeds 20

Real journal, store, database and alert queue in a process of its own, fed with logins of three agencies. It is killed
with SIGKILL at points drawn from the seed: at any instant of a batch, or right after alerts were raised and before the
mark has moved. Each start reads batches of another size. At the end every alert and incident must be the same as
without kills: id, count, times, evidence, records behind it.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sentinel.accounts.agencies import Agencies
from sentinel.alerts.queue import Alerts
from sentinel.audit import Audit
from sentinel.database.connect import connect, migrate
from sentinel.detect.engine import Engine
from sentinel.detect.load import load_rules
from sentinel.event import Event, encode
from sentinel.incidents.book import Incidents
from sentinel.journal import Batch
from sentinel.journal.local import LocalJournal
from sentinel.model.match import Match
from sentinel.model.moment import to_text
from sentinel.model.record import Record
from sentinel.normalise import normalise
from sentinel.pipeline import Pipeline
from sentinel.store.local import LocalStore

EPOCH = "0123456789abcdef"
START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
EVENTS = 4_000
KILLS = 3
LONGEST_SECONDS = 60.0
LATENESS_SECONDS = 2.0
"""For every second seed; the others judge at once."""
RULES = """
title: Failed
name: failed
logsource: {product: linux, service: sshd}
detection: {s: {event.outcome: failure}, condition: s}
---
title: Accepted
name: accepted
logsource: {product: linux, service: sshd}
detection: {s: {event.outcome: success}, condition: s}
---
title: Guessing
name: guessing
correlation: {type: event_count, rules: [failed], group-by: [source.ip], timespan: 2m, condition: {gte: 9}}
level: medium
---
title: Many users
name: many_users
correlation:
  type: value_count
  rules: [failed, accepted]
  group-by: [source.ip]
  timespan: 5m
  condition: {field: user.name, gte: 7}
level: medium
---
title: Guessed
name: guessed
correlation: {type: temporal_ordered, rules: [guessing, accepted], group-by: [source.ip], timespan: 10m}
level: high
---
title: Everywhere
name: everywhere
correlation:
  type: value_count
  rules: [failed]
  group-by: [source.ip]
  timespan: 1h
  condition: {field: organization.id, gte: 3}
sentinel: {across-agencies: true}
level: high
"""


def prepare(folder: Path, seed: int) -> None:
    """Make a database with agencies, rules, and a journal full of logins, some of them late by a second or two."""
    folder.mkdir(parents=True)
    (folder / "rules.yml").write_text(RULES, "utf-8")
    database = connect(f"sqlite:///{folder}/state.db")
    migrate(database)
    agencies = Agencies(database)
    agencies.load_bundled()
    owners = sorted(agency.id for agency in agencies.all())[:3]
    database.dispose()
    chance = random.Random(seed)
    journal = LocalJournal(folder / "journal.db")
    first = dict.fromkeys(owners, 1)
    sent = 0
    while sent < EVENTS:
        agency, number = chance.choice(owners), chance.randint(1, 60)
        lines = [_line(chance, agency, first[agency] + each, sent + each) for each in range(number)]
        received = to_text(START + timedelta(seconds=(sent + number) / 20 + 1))
        sender = f"c-{agency}"[:32]
        journal.append(
            Batch(collector=sender, agency=agency, epoch=EPOCH, first=first[agency], lines=lines, received_at=received)
        )
        first[agency] += number
        sent += number


def _line(chance: random.Random, agency: str, sequence: int, number: int) -> bytes:
    at = START + timedelta(seconds=number // 20 - chance.choice([0, 0, 0, 1, 2]))
    word = "Accepted" if chance.random() < 0.03 else "Failed"
    address = f"203.0.113.{chance.randrange(25)}"
    raw = (
        f"{at:%b %d %H:%M:%S} web01 sshd[{number}]: {word} password for user{chance.randrange(12)} "
        f"from {address} port 50022 ssh2"
    )
    return encode(
        Event(
            collector=f"c-{agency}"[:32], epoch=EPOCH, sequence=sequence, dataset="linux.auth", host="web01",
            seen_at=at, raw=raw,
        )
    )  # fmt: skip


def serve(folder: Path, seed: int, dies_after: int) -> None:
    """Move events to the store till none is left, and say how far it is; with `dies_after`, die in the midst of it."""
    database = connect(f"sqlite:///{folder}/state.db")
    audit = Audit(database)
    queue, book = Alerts(database, audit), Incidents(database, audit)
    journal = LocalJournal(folder / "journal.db")
    store = LocalStore(folder / "store")
    position = store.mark().position

    def respond(matches: Sequence[tuple[Match, Record]]) -> None:
        book.consider(queue.raise_from(matches))
        if 0 < dies_after <= position:
            os.kill(os.getpid(), signal.SIGKILL)

    lateness = LATENESS_SECONDS if seed % 2 else 0.0
    engine = Engine(load_rules([folder / "rules.yml"]), lateness_seconds=lateness)
    pipeline = Pipeline(journal, store, engine, normalise, respond, clock=lambda: START + timedelta(days=1))
    size = random.Random(f"{seed}{position}").randint(20, 400)
    while pipeline.step(size):
        position = store.mark().position
        sys.stdout.write(f"{position}\n")
        sys.stdout.flush()
    pipeline.step(size)


def torment(folder: Path, seed: int) -> int:
    """Let it be served, killed again and again; return how often it was."""
    chance = random.Random(seed + 1_000)
    killed = 0
    for turn in range(KILLS):
        reach = EVENTS * (turn + 1) // (KILLS + 1) + chance.randrange(EVENTS // (KILLS + 1))
        dies_itself = chance.random() < 0.5
        with _process(folder, seed, reach if dies_itself else 0) as process:
            assert process.stdout is not None
            for said in process.stdout:
                if not dies_itself and int(said) >= reach:
                    # At any instant of what comes after: the moment is what is drawn.
                    time.sleep(chance.random() * 0.05)
                    process.kill()
                    break
            killed += process.wait(LONGEST_SECONDS) == -signal.SIGKILL
    with _process(folder, seed, 0) as process:
        process.communicate(timeout=LONGEST_SECONDS)
        if process.returncode:
            raise SystemExit(f"the last start failed with {process.returncode} (seed {seed})")
    return killed


def _process(folder: Path, seed: int, dies_after: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "bench.correlation_kill", "--serve", str(folder), str(seed), str(dies_after)]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def outcome(folder: Path) -> list[tuple[object, ...]]:
    """Return what must be the same: alerts and incidents but for the times at which the server wrote them."""
    database = connect(f"sqlite:///{folder}/state.db")
    scope = frozenset(agency.id for agency in Agencies(database).all())
    audit = Audit(database)
    alerts = [
        (each.id, each.rule_id, each.title, each.agency, each.count, each.first_at, each.last_at, each.record_id,
         each.contributing, each.evidence)
        for offset in range(0, 5_000, 500)
        for each in Alerts(database, audit).find(scope, limit=500, offset=offset).alerts
    ]  # fmt: skip
    incidents = [
        (each.id, each.title, each.agency, tuple(sorted(each.alerts)))
        for each in Incidents(database, audit).find(scope, limit=500).incidents
    ]
    database.dispose()
    return sorted([*alerts, *incidents], key=repr)


def run(seed: int, folder: Path) -> tuple[int, int, bool]:
    """Run one trial; return how often the server was killed, how many alerts and incidents there are, whether equal."""
    prepare(folder / "killed", seed)
    shutil.copytree(folder / "killed", folder / "undisturbed")
    with _process(folder / "undisturbed", seed, 0) as process:
        process.communicate(timeout=LONGEST_SECONDS)
    killed = torment(folder / "killed", seed)
    expected = outcome(folder / "undisturbed")
    return killed, len(expected), outcome(folder / "killed") == expected


def main() -> int:
    """Run the trials and print a line each; return 1 when alerts differ."""
    if sys.argv[1:2] == ["--serve"]:
        serve(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1, help="first seed")
    options = parser.parse_args()
    bad = 0
    for seed in range(options.first, options.first + options.seeds):
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="correlation-kill-") as folder:
            killed, found, is_equal = run(seed, Path(folder))
        bad += not is_equal or not found
        sys.stdout.write(
            f"seed {seed}: {EVENTS} events, killed {killed} times, {found} alerts and incidents, "
            f"{'equal' if is_equal else 'DIFFERENT'}, {time.monotonic() - started:.0f} s\n"
        )
        sys.stdout.flush()
    return int(bad > 0)


if __name__ == "__main__":
    raise SystemExit(main())
