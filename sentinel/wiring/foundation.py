"""From settings to what everything else stands on: state, journal, store, alerts and runs."""

import logging
import threading
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import Engine as Database

from sentinel import bundled, config, home
from sentinel.accounts.agencies import Agencies
from sentinel.accounts.sign_in import SignIn
from sentinel.accounts.users import Users
from sentinel.alerts.queue import Alerts
from sentinel.audit import Audit
from sentinel.database.connect import connect, migrate
from sentinel.database.leader import Leader
from sentinel.incidents.book import Incidents
from sentinel.intake.enrolment import Enrolment
from sentinel.intake.identity import Identities
from sentinel.journal import Journal
from sentinel.playbooks.commands import Commands
from sentinel.playbooks.library import Library
from sentinel.playbooks.run import Runs
from sentinel.store import Store
from sentinel.web.bell import Bell
from sentinel.wiring.backends import JOURNALS, SHARED, STORES, backend

if TYPE_CHECKING:
    from sentinel.wiring.brokers import Brokers

log = logging.getLogger(__name__)


class Foundation:
    """A home folder with its settings, and what keeps state there; each part built when it is first asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.settings: config.Settings = config.load(path)
        self.keys = home.Keys(path / "keys")
        self.wake_runs = threading.Event()
        self.wake_pipeline = threading.Event()
        self.bell = Bell()
        self._is_settled = False
        self._engine_lock = threading.Lock()

    @cached_property
    def database(self) -> Database:
        """Return the database of all state as it is, of whatever version."""
        url = self.settings.database.url
        if url.startswith("sqlite:///") and not url.startswith("sqlite:////"):
            url = f"sqlite:///{self.path.absolute() / url.removeprefix('sqlite:///')}"
        secret = self.settings.database.password_file
        return connect(url, self.keys.folder / secret if secret else None)

    @cached_property
    def engine(self) -> Database:
        """Return the database of all state, migrated to this version."""
        migrate(self.database)
        return self.database

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
        return backend(JOURNALS, "journal.url", self.settings.journal.url)(self)

    @cached_property
    def brokers(self) -> "Brokers":
        """Return what is on Kafka, where the journal is."""
        from sentinel.wiring.brokers import Brokers  # Its client is an extra.

        return Brokers(self.settings.journal, self.path / "keys", self.engine)

    @property
    def is_shared(self) -> bool:
        """Return whether the journal is one that several processes work on, each on some of its parts."""
        return self.settings.journal.url.startswith("kafka:")

    @property
    def single(self) -> tuple[str, ...]:
        """Return the settings that name a backend which only one process may use."""
        urls = {each: getattr(self.settings, each).url for each in ("journal", "store", "database")}
        return tuple(f"{name}.url" for name, url in urls.items() if not url.startswith(SHARED))

    @cached_property
    def leader(self) -> Leader:
        """Return who of the processes on this database does what only one may do."""
        return Leader(self.engine)

    @cached_property
    def store(self) -> Store:
        """Return the event store."""
        return backend(STORES, "store.url", self.settings.store.url)(self)

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

    def public_key(self) -> bytes:
        """Return the raw Ed25519 key by which agents know our commands."""
        return self.keys.signing_key().public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def place(self, url: str) -> Path:
        """Return the path that a local URL names in this home."""
        return self.path / url.partition(":")[2]
