"""A small city for the tests of the web: real services, and two agencies that must not see each other."""

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Engine

from sentinel.accounts.agencies import Agencies
from sentinel.accounts.passwords import Passwords
from sentinel.accounts.sign_in import SignIn
from sentinel.accounts.users import Users
from sentinel.alerts.queue import Alerts
from sentinel.audit import Audit
from sentinel.database.connect import connect, migrate
from sentinel.detect.rule import Fault, RuleSet
from sentinel.hunt.desk import HuntDesk
from sentinel.hunt.rows import Hunts, Question
from sentinel.incidents.book import Incidents
from sentinel.intake.doorway import Doorway
from sentinel.intake.enrolment import Enrolment
from sentinel.intake.identity import Identities
from sentinel.intake.receiver import Receiver
from sentinel.intake.senders import Senders
from sentinel.journal.local import LocalJournal
from sentinel.model.match import Match
from sentinel.model.moment import now, to_text
from sentinel.model.principal import Principal, Role
from sentinel.model.record import Record
from sentinel.model.rule_state import RuleState
from sentinel.playbooks.commands import Commands
from sentinel.playbooks.library import Library
from sentinel.playbooks.run import Runs
from sentinel.rulebook.counters import RuleCounters, Tally
from sentinel.rulebook.shelf import Loaded, Shelf
from sentinel.rulebook.states import RuleStates
from sentinel.selfwatch.metrics import Metrics, lag
from sentinel.selfwatch.readiness import Readiness
from sentinel.store import Mark
from sentinel.store.local import LocalStore
from sentinel.web.bell import Bell
from sentinel.web.services import Services
from tests.web import scene

METRICS_TOKEN = "token-for-metrics"
PASSWORD = "correct horse battery staple"
CITY, OURS, THEIRS = "city", "dept-home-affairs", "commune-2025-001"
DATA = Path(__file__).parent / "data"
CA_PEM = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


@dataclass(frozen=True)
class Things:
    """Ids of what one agency has."""

    mark: str
    """Stands in every text that belongs to the agency, and nowhere else."""
    secret: str
    """Of its collector."""
    collector: str
    alert: str
    incident: str
    run: str
    approval: str
    effect: str
    record: str
    agency: str
    rule: str
    """Id of a rule, the same for everybody."""
    hunt: str


@dataclass(frozen=True)
class World:
    """The services, the people, and what the two agencies have."""

    services: Services
    people: dict[tuple[Role, str], Principal]
    things: dict[str, Things]
    engine: Engine
    journal: LocalJournal

    def close(self) -> None:
        """Release files and connections."""
        self.services.store.close()
        self.journal.close()
        self.engine.dispose()


def build(home: Path, at: datetime | None = None) -> World:
    """Return a world whose events happened just before `at`."""
    at = at or now()
    engine = connect(f"sqlite:///{home}/state.db")
    migrate(engine)
    journal = LocalJournal(home / "journal.db")
    services = make_services(home, engine, journal)
    people = {
        (role, agency): services.users.create(
            name=f"{role}.{agency}", role=role, agency=agency, password=PASSWORD, actor="test"
        )
        for role in Role
        for agency in (CITY, OURS, THEIRS)
    }
    admin = people[Role.ADMINISTRATOR, CITY]
    things = {
        agency: _furnish(services, admin, agency, mark, at)
        for agency, mark in ((OURS, "noivu"), (THEIRS, "thuynguyen"))
    }
    return World(services, people, things, engine, journal)


def make_services(home: Path, engine: Engine, journal: LocalJournal) -> Services:
    """Return the real services on a new home."""
    agencies = Agencies(engine)
    agencies.load_bundled()
    audit = Audit(engine)
    users = Users(engine, audit, agencies=agencies, passwords=Passwords(time_cost=1, memory_kib=64))
    incidents = Incidents(engine, audit)
    key, bell, wake_runs = Ed25519PrivateKey.generate(), Bell(), threading.Event()
    commands = Commands(engine, key, wake=wake_runs, announce=bell.ring)
    library = Library.load([DATA])
    assert not library.faults
    alerts, store = Alerts(engine, audit), LocalStore(home / "events")
    hunting = HuntDesk(
        store=store,
        hunts=Hunts(engine),
        rules=lambda _: RuleSet(rules=(), correlations=(), faults=[]),
        alerts=alerts,
        incidents=incidents,
        audit=audit,
    )
    return Services(
        agencies=agencies,
        users=users,
        sign_in=SignIn(engine, audit, users),
        alerts=alerts,
        incidents=incidents,
        runs=Runs(engine, audit, incidents, library, commands, wake=wake_runs),
        commands=commands,
        store=store,
        identities=Identities(engine),
        enrolment=Enrolment(engine, audit),
        receiver=Receiver(journal, engine),
        senders=Senders(engine),
        doorway=Doorway(journal, engine, threading.Event()),
        audit=audit,
        wake=threading.Event(),
        wake_runs=wake_runs,
        bell=bell,
        rules=Shelf(Loaded(infos={rule.id: rule for rule in scene.RULES.values()})),
        rule_states=RuleStates(engine, audit, agencies),
        rule_counters=RuleCounters(engine),
        hunting=hunting,
        readiness=Readiness({"journal": journal.parts}),
        metrics=Metrics(lag(journal, store)),
        metrics_token=METRICS_TOKEN,
        ca_pem=CA_PEM,
        command_key=key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw),
    )


def _furnish(services: Services, admin: Principal, agency: str, mark: str, at: datetime) -> Things:
    secret = f"secret-of-{mark}"
    collector = enrol(services, agency, f"collector-{mark}", secret)
    services.identities.report(collector, status(at), at)
    records = scene.records(agency, mark, collector, at)
    position = services.store.mark().position + len(records)
    services.store.add(records, Mark(position))
    raised = services.alerts.raise_from(matches(records))
    considered = services.incidents.consider(raised)
    started = [run for incident, alert in considered for run in services.runs.trigger(incident, alert)]
    run_id = work(services, admin, started[0], collector)
    run = next(run for run in services.runs.find(admin.scope) if run.id == run_id)
    return Things(
        mark=mark,
        secret=secret,
        collector=collector,
        alert=considered[0][1].id,
        incident=considered[0][0].id,
        run=run.id,
        approval=next(approval.id for approval in run.approvals if approval.decision is None),
        effect=run.effects[0].id,
        record=records[0].id,
        agency=agency,
        rule=scene.RULES["shell"].id,
        hunt=services.hunting.hunts.begin(Question(rules=(), query=mark), agency, admin.name, at).id,
    )


def enrol(services: Services, agency: str, name: str, secret: str) -> str:
    """Return the id of a new collector that sends `secret`."""
    token = services.enrolment.make_token(
        agency=agency, name=name, actor="test", url="https://sentinel.test", ca_fingerprint="0" * 64
    )
    return services.enrolment.enrol(
        secret=scene.secret_of(token),
        secret_hash=hashlib.sha256(secret.encode()).hexdigest(),
        host=f"host-{name}",
        version="0.1.0",
        can_respond=True,
    )


def matches(records: Sequence[Record]) -> list[tuple[Match, Record]]:
    """Return what the detection would have found."""
    return [(scene.match(rule, record), record) for record in records if (rule := scene.rule_of(record))]


def work(services: Services, admin: Principal, run_id: str, collector: str) -> str:
    """Bring the run to where its first effect is verified and its second step asks; return its id."""
    at = now()
    services.runs.work(at)
    for approval, run in services.runs.waiting(admin.scope):
        if run.id == run_id:
            services.runs.decide(admin, approval.id, approved=True, note="đã gọi điện xác nhận", now=at)
    services.runs.work(at)
    for command in services.commands.pending(collector, at):
        told = {"state": "verified", "at": to_text(at), "detail": "rule is in place", "result": {}}
        services.commands.answer(collector, scene.command_id(command), told, at)
    services.runs.work(at)
    return run_id


def status(at: datetime) -> dict[str, object]:
    """Return what a collector reports when nothing is wrong."""
    return {
        "spool_events": 12,
        "spool_bytes": 48_000_000,
        "spool_limit_bytes": 512_000_000,
        "oldest_event_at": to_text(at - timedelta(seconds=3)),
        "drops": 0,
        "inputs": {},
    }


def trouble(world: World) -> None:
    """Add collectors in every kind of trouble."""
    at = now()
    wrong: dict[str, dict[str, object]] = {
        "phong-may": {"drops": 1280},
        "may-chu-cu": {"spool_bytes": 498_000_000, "spool_events": 812_345},
        "chi-cuc-thue": {"spool_events": 52_000, "oldest_event_at": to_text(at - timedelta(hours=7))},
    }
    for name, status_of in wrong.items():
        collector = enrol(world.services, OURS, name, f"secret-of-{name}")
        world.services.identities.report(collector, status(at) | status_of, at)
    silent = enrol(world.services, THEIRS, "tram-y-te", "secret-of-silent")
    world.services.identities.report(silent, status(at), at - timedelta(hours=26))
    enrol(world.services, THEIRS, "moi-cai-dat", "secret-of-new")
    gone = enrol(world.services, THEIRS, "da-thu-hoi", "secret-of-gone")
    world.services.identities.revoke(world.people[Role.ADMINISTRATOR, CITY], gone, "thay máy")
    faults = {(world.things[OURS].collector, "line:linux.auth"): (3, "not a line of sshd")}
    world.services.receiver.count(faults, at)


def rule_work(world: World) -> None:
    """Let rules have fired, put one into shadow and one out of use, and have one that is broken."""
    behind, city = world.services, world.people[Role.ADMINISTRATOR, CITY]
    shell, guess, bulk = (scene.RULES[name] for name in ("shell", "guess", "bulk"))
    behind.rule_states.decide(city, bulk, CITY, RuleState.SHADOW, "Chờ cán bộ một cửa xác nhận mức bình thường")
    behind.rule_states.decide(city, guess, OURS, RuleState.DISABLED, "Máy quét lỗ hổng của Sở, thứ Hai hằng tuần")
    at = now()
    counts = {
        (shell.id, OURS): Tally(3, 0, to_text(at - timedelta(minutes=4))),
        (bulk.id, THEIRS): Tally(0, 1_204, to_text(at - timedelta(hours=2))),
    }
    with world.engine.begin() as connection:
        behind.rule_counters.add(connection, counts, 100, at)
    behind.rule_counters.add_costs({shell.id: (1_200, 5_040_000)})
    fault = Fault(Path("rules/linux/wrong.yml"), None, "line 7: unknown modifier 'contain'; did you mean 'contains'?")
    path = DATA.parent / "rules" / "shell.yml"
    behind.rules.now = replace(behind.rules.now, faults=(fault,), paths={shell.id: path})
