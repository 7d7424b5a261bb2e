"""What the web asks to have its work done: one value, made by the composition root."""

import threading
from dataclasses import dataclass, field

from sentinel.accounts.agencies import Agencies
from sentinel.accounts.sign_in import SignIn
from sentinel.accounts.users import Users
from sentinel.alerts.queue import Alerts
from sentinel.audit import Audit
from sentinel.hunt.desk import HuntDesk
from sentinel.incidents.book import Incidents
from sentinel.intake.acks import Acks
from sentinel.intake.doorway import Doorway
from sentinel.intake.enrolment import Enrolment
from sentinel.intake.identity import Identities
from sentinel.intake.receiver import Receiver
from sentinel.intake.senders import Senders
from sentinel.playbooks.commands import Commands
from sentinel.playbooks.run import Runs
from sentinel.rulebook.counters import RuleCounters
from sentinel.rulebook.shelf import Shelf
from sentinel.rulebook.states import RuleStates
from sentinel.selfwatch.metrics import Metrics
from sentinel.selfwatch.readiness import Readiness
from sentinel.store import Store
from sentinel.web.bell import Bell
from sentinel.web.bodies import Bodies
from sentinel.web.exports import Exports


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Everything behind the pages and the API."""

    agencies: Agencies
    users: Users
    sign_in: SignIn
    alerts: Alerts
    incidents: Incidents
    runs: Runs
    commands: Commands
    store: Store
    identities: Identities
    enrolment: Enrolment
    receiver: Receiver
    senders: Senders
    doorway: Doorway
    doors: frozenset[str] = frozenset()
    """Which doors of others are switched on."""
    doors_zone: str = "Asia/Ho_Chi_Minh"
    """Of times in what they take that name none."""
    bodies: Bodies = field(default_factory=Bodies)
    exports: Exports = field(default_factory=Exports)
    acks: Acks = field(default_factory=Acks)
    audit: Audit
    wake: threading.Event
    """Set when a batch was received: the pipeline has work."""
    wake_runs: threading.Event = field(default_factory=threading.Event)
    """Set when somebody decided or an agent answered: runs can move."""
    bell: Bell = field(default_factory=Bell)
    """Rung by whoever made commands: collectors that wait for some look again."""
    rules: Shelf
    """The rules in force."""
    rule_states: RuleStates
    rule_counters: RuleCounters
    hunting: HuntDesk
    readiness: Readiness
    metrics: Metrics
    metrics_token: str
    """Whoever knows it may read the metrics."""
    ca_pem: bytes
    """Certificate of the authority that signed the server's own."""
    command_key: bytes
    """Raw Ed25519 public key with which collectors check commands."""
    display_zone: str = "Asia/Ho_Chi_Minh"
