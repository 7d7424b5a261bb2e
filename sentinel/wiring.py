"""The composition root: from settings to objects; the only place that names a backend."""

import gc
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Engine as Database

from sentinel import bundled, config, home
from sentinel.accounts.agencies import Agencies
from sentinel.accounts.sign_in import SignIn
from sentinel.accounts.users import Users
from sentinel.alerts.queue import Alerts
from sentinel.audit import Audit
from sentinel.crew.crew import Crew
from sentinel.database.connect import connect, migrate
from sentinel.detect.cache import RuleCache
from sentinel.detect.engine import Engine
from sentinel.detect.ready import RuleAdditions, read_ready
from sentinel.detect.rule import RuleSet
from sentinel.errors import InputError
from sentinel.hunt.desk import HuntDesk
from sentinel.hunt.rows import Hunts
from sentinel.incidents.book import Incidents
from sentinel.intake.doorway import Doorway
from sentinel.intake.enrolment import Enrolment
from sentinel.intake.identity import Identities
from sentinel.intake.ledger import Ledger
from sentinel.intake.receiver import Receiver
from sentinel.intake.sender_desk import SenderDesk
from sentinel.intake.senders import Senders
from sentinel.intake.syslog.server import SyslogServer
from sentinel.journal import Entry, Journal
from sentinel.journal.local import LocalJournal
from sentinel.keeping.holds import Holds
from sentinel.keeping.keeper import Keeper
from sentinel.listening import syslog_server
from sentinel.model.match import Match
from sentinel.model.record import Record
from sentinel.normalise import normalise
from sentinel.pipeline import Pipeline
from sentinel.playbooks.commands import Commands
from sentinel.playbooks.library import Library
from sentinel.playbooks.run import Runs
from sentinel.quarantine.desk import QuarantineDesk
from sentinel.quarantine.rows import QuarantineRows
from sentinel.rulebook.costs import Costs
from sentinel.rulebook.counters import RuleCounters
from sentinel.rulebook.reload import Reloader
from sentinel.rulebook.shelf import Shelf
from sentinel.rulebook.sieve import Sieve
from sentinel.rulebook.states import RuleStates
from sentinel.selfwatch.checks import Limits
from sentinel.selfwatch.door import Door
from sentinel.selfwatch.sources import Sources
from sentinel.selfwatch.watch import Watch
from sentinel.store import Store
from sentinel.store.local import LocalStore
from sentinel.web.bell import Bell
from sentinel.web.services import Services

log = logging.getLogger(__name__)
T = TypeVar("T")
RULE_CACHE = "rules-compiled"
"""Folder of a home where compiled rules are kept; what is deleted there is made anew."""

JOURNALS: dict[str, Callable[[Path, config.JournalSettings], Journal]] = {
    "local": lambda path, settings: LocalJournal(path, limit_bytes=settings.limit_mb * 1_000_000),
}
STORES: dict[str, Callable[[Path], Store]] = {"local": LocalStore}


class Home:
    """One home folder with everything that works on it, each part built when it is first asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings = config.load(path)
        self.keys = home.Keys(path / "keys")
        self.wake_runs = threading.Event()
        self.wake_pipeline = threading.Event()
        self.bell = Bell()
        self._is_settled = False

    @cached_property
    def engine(self) -> Database:
        """Return the database of all state, migrated to this version."""
        url = self.settings.database.url
        if url.startswith("sqlite:///") and not url.startswith("sqlite:////"):
            url = f"sqlite:///{self.path.absolute() / url.removeprefix('sqlite:///')}"
        engine = connect(url, self.settings.database.password_file)
        migrate(engine)
        return engine

    @cached_property
    def audit(self) -> Audit:
        """Return the audit log."""
        return Audit(self.engine)

    @cached_property
    def agencies(self) -> Agencies:
        """Return the tree of agencies."""
        return Agencies(self.engine)

    @cached_property
    def users(self) -> Users:
        """Return the users."""
        return Users(self.engine, self.audit)

    @cached_property
    def sign_in(self) -> SignIn:
        """Return the ways to sign in."""
        return SignIn(self.engine, self.audit, self.users)

    @cached_property
    def enrolment(self) -> Enrolment:
        """Return the enrolment of collectors."""
        return Enrolment(self.engine, self.audit)

    @cached_property
    def identities(self) -> Identities:
        """Return the enrolled collectors."""
        return Identities(self.engine)

    @cached_property
    def alerts(self) -> Alerts:
        """Return the alert queue."""
        return Alerts(self.engine, self.audit)

    @cached_property
    def incidents(self) -> Incidents:
        """Return the incidents."""
        return Incidents(self.engine, self.audit)

    @cached_property
    def journal(self) -> Journal:
        """Return the journal of received batches."""
        settings = self.settings.journal
        return _backend(JOURNALS, "journal.url", settings.url)(self._place(settings.url), settings)

    @cached_property
    def store(self) -> Store:
        """Return the event store."""
        settings = self.settings.store
        return _backend(STORES, "store.url", settings.url)(self._place(settings.url))

    @cached_property
    def holds(self) -> Holds:
        """Return the legal holds."""
        return Holds(self.engine, self.audit, self.agencies)

    @cached_property
    def keeper(self) -> Keeper:
        """Return what deletes what is past its time."""
        return Keeper(self.store, self.engine, self.audit, self.holds, self.settings.keep.terms())

    @cached_property
    def receiver(self) -> Receiver:
        """Return the intake of batches."""
        return Receiver(self.journal, self.engine)

    @cached_property
    def senders(self) -> Senders:
        """Return who may send through doors of other kinds."""
        return Senders(self.engine)

    @cached_property
    def sender_desk(self) -> SenderDesk:
        """Return where senders are added and revoked."""
        return SenderDesk(self.engine, self.audit)

    @cached_property
    def doorway(self) -> Doorway:
        """Return the intake of all doors but Sentinel's own."""
        return Doorway(self.journal, self.engine, self.wake_pipeline)

    @cached_property
    def syslog(self) -> SyslogServer:
        """Return the syslog doors, not open yet."""
        return syslog_server(self.settings, self.keys, self.doorway, self.senders)

    @cached_property
    def shelf(self) -> Shelf:
        """Return the rules in force, for people to read; filled when `rules` is first asked for."""
        return Shelf()

    @cached_property
    def reloader(self) -> Reloader:
        """Return what loads the rules, and loads them again when their files change."""
        content = self.settings.content
        load = partial(read_ready, cache=self._rule_cache, **self._rule_additions())
        files = [Path(each) for each in content.pipelines if each.endswith((".yml", ".yaml"))]
        also = [*files, *([content.placeholders] if content.placeholders else [])]
        return Reloader(self._rule_paths(), load, self.employ, self.shelf, self.audit, also)

    @cached_property
    def rules(self) -> RuleSet:
        """Return the Sigma rules; broken ones are set aside and logged by name."""
        return self.reloader.start()

    @cached_property
    def rule_states(self) -> RuleStates:
        """Return what people decided about rules."""
        return RuleStates(self.engine, self.audit, self.agencies)

    @cached_property
    def rule_counters(self) -> RuleCounters:
        """Return what rules did."""
        return RuleCounters(self.engine)

    @cached_property
    def library(self) -> Library:
        """Return the playbooks; broken ones are set aside and logged by name."""
        library = Library.load(self.settings.content.playbooks or [bundled.folder("playbooks")])
        for fault in library.faults:
            log.warning("A playbook is set aside.", extra={"place": str(fault)})
        return library

    @cached_property
    def commands(self) -> Commands:
        """Return the signed commands to agents."""
        return Commands(self.engine, self.keys.signing_key(), wake=self.wake_runs, announce=self.bell.ring)

    @cached_property
    def runs(self) -> Runs:
        """Return the playbook runs."""
        return Runs(
            self.engine,
            self.audit,
            self.incidents,
            self.library,
            self.commands,
            never_touch=self.settings.respond.never_touch,
            wake=self.wake_runs,
        )

    @cached_property
    def detection(self) -> Engine:
        """Return the Sigma engine over the rules."""
        return self._engine_for(self.rules)

    @cached_property
    def pipeline(self) -> Pipeline:
        """Return the loop from the journal to the store, with its worker processes where settings want some."""
        engine = self.detection
        return Pipeline(
            self.journal.part(0),
            self.store,
            engine,
            normalise,
            self.respond,
            on_faults=Ledger(self.engine).count,
            on_stored=self._note,
            sieve=Sieve(self.engine, self.rule_states, self.rule_counters),
            crew=self._crew(),
        )

    @cached_property
    def sources(self) -> Sources:
        """Return what is known of every source: when it was heard last, and how silent it usually is."""
        return Sources(self.engine)

    @cached_property
    def watch(self) -> Watch:
        """Return what puts Sentinel's own events into the journal."""
        return Watch(
            audit=self.audit,
            door=Door(self.journal, self.wake_pipeline),
            sources=self.sources,
            identities=self.identities,
            agencies=self.agencies,
            journal=self.journal,
            store=self.store,
            home=self.path,
            limits=Limits(
                collector_silent=timedelta(minutes=self.settings.watch.collector_silent_minutes),
                source_silent=timedelta(minutes=self.settings.watch.source_silent_minutes),
                disk_percent=self.settings.watch.disk_percent,
                disk_days=self.settings.watch.disk_days,
            ),
            trouble=lambda: self.pipeline.trouble,
        )

    @cached_property
    def hunting(self) -> HuntDesk:
        """Return where people ask for hunts."""
        return HuntDesk(
            store=self.store,
            hunts=Hunts(self.engine),
            rules=self._rules_in,
            alerts=self.alerts,
            incidents=self.incidents,
            audit=self.audit,
        )

    @cached_property
    def quarantine(self) -> QuarantineDesk:
        """Return what could not be read or stored, and the way back."""
        rows = QuarantineRows(self.engine)
        return QuarantineDesk(rows=rows, store=self.store, journal=self.journal, normalise=normalise, audit=self.audit)

    def _rules_in(self, folders: Sequence[str]) -> RuleSet:
        paths = [Path(each) for each in folders] or self._rule_paths()
        return read_ready(paths, self._rule_cache, **self._rule_additions())

    @cached_property
    def costs(self) -> Costs:
        """Return what measures the cost of rules now and then."""
        return Costs(self.rule_counters)

    def _note(self, entries: Sequence[Entry], records: Sequence[Record]) -> None:
        self.sources.see(entries, records)
        if self.costs.see(self.detection.router, records):
            # Once a minute, and by the thread that makes the plans.
            self.detection.shelf.save()
            if not self._is_settled:
                self.settle()
                self._is_settled = True

    def settle(self) -> None:
        """Leave what lives long, rules above all, out of the search for garbage: it takes a quarter of the time."""
        gc.unfreeze()
        gc.collect()
        gc.freeze()

    def employ(self, rules: RuleSet) -> None:
        """Let the pipeline work with these rules from its next batch on; until then it goes on with those before."""
        crew = self._crew()
        self.rules, self.detection = rules, self._engine_for(rules)
        self.pipeline.replace(self.detection, crew)
        # Once now, and once more when the plans of the new rules are made.
        self._is_settled = False
        self.settle()

    def _crew(self) -> Crew | None:
        """Return workers with the rules that were read last."""
        workers = self.settings.pipeline.processes
        if not workers:
            return None
        return Crew(
            workers,
            self._rule_paths(),
            self.path / RULE_CACHE,
            watched=self.reloader.watched,
            fingerprint=self.reloader.at_hand,
            **self._rule_additions(),
        )

    def _engine_for(self, rules: RuleSet) -> Engine:
        lateness = self.settings.pipeline.lateness_seconds
        return Engine(rules, shelf=self._rule_cache.shelf(rules), lateness_seconds=lateness)

    @cached_property
    def _rule_cache(self) -> RuleCache:
        return RuleCache(self.path / RULE_CACHE)

    def _rule_additions(self) -> RuleAdditions:
        content = self.settings.content
        return {"pipelines": content.pipelines, "placeholders": content.placeholders}

    def _rule_paths(self) -> Sequence[Path]:
        return self.settings.content.rules or [bundled.folder("rules")]

    @cached_property
    def services(self) -> Services:
        """Return what the web needs."""
        return Services(
            agencies=self.agencies,
            users=self.users,
            sign_in=self.sign_in,
            alerts=self.alerts,
            incidents=self.incidents,
            runs=self.runs,
            commands=self.commands,
            store=self.store,
            identities=self.identities,
            enrolment=self.enrolment,
            receiver=self.receiver,
            audit=self.audit,
            wake=self.wake_pipeline,
            wake_runs=self.wake_runs,
            bell=self.bell,
            rules=self._stocked_shelf(),
            rule_states=self.rule_states,
            rule_counters=self.rule_counters,
            hunting=self.hunting,
            ca_pem=self.keys.ca.read_bytes(),
            command_key=self.public_key(),
            display_zone=self.settings.display.zone,
        )

    def _stocked_shelf(self) -> Shelf:
        if not self.rules.rules:
            log.warning("There is no rule; nothing will raise an alert.")
        return self.shelf

    def respond(self, matches: Sequence[tuple[Match, Record]]) -> None:
        """Turn matches into alerts, incidents and runs; the same matches again change nothing."""
        raised = self.alerts.raise_from(matches)
        for incident, alert in self.incidents.consider(raised):
            self.runs.trigger(incident, alert)
        self.wake_runs.set()

    def public_key(self) -> bytes:
        """Return the raw Ed25519 key by which agents know our commands."""
        return self.keys.signing_key().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def close(self) -> None:
        """Release what was opened."""
        if "hunting" in self.__dict__:
            self.hunting.close()
        if "pipeline" in self.__dict__:
            self.pipeline.close()
            self.detection.shelf.save()
        for name in ("journal", "store"):
            if name in self.__dict__:
                getattr(self, name).close()
        if "engine" in self.__dict__:
            self.engine.dispose()

    def _place(self, url: str) -> Path:
        return self.path / url.partition(":")[2]


def open_home(path: Path) -> Home:
    """Return the home at `path`; raise `InputError` where there is none or its settings are wrong."""
    return Home(path)


def _backend(table: Mapping[str, T], setting: str, url: str) -> T:
    scheme = url.partition(":")[0]
    if scheme not in table:
        raise InputError(f"{setting}: unknown backend '{scheme}'; this version has: {', '.join(table)}")
    return table[scheme]
