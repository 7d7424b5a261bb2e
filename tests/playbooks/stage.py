"""A small stage for runs: a database with an incident and collectors, people, playbooks given as text."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, insert, select

from sentinel.audit import Audit
from sentinel.database.tables import collectors, commands, incidents
from sentinel.incidents.book import Incidents
from sentinel.model.alert import Alert, AlertState
from sentinel.model.incident import Incident
from sentinel.model.match import Level
from sentinel.model.moment import to_text
from sentinel.model.principal import Principal, Role
from sentinel.model.run import Run
from sentinel.playbooks.commands import Commands
from sentinel.playbooks.language import parse
from sentinel.playbooks.library import Library
from sentinel.playbooks.run import Runs

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SCOPE = frozenset({"dept-a"})
SHA = "ab" * 32

BLOCK = """
playbook: block
version: 1
title: Block
title-vi: Chặn
summary: Block an address.
summary-vi: Chặn một địa chỉ.
impact: 10
inputs:
  collector: {type: collector, from: alert.agent.id, required: true}
  source: {type: ip, from: alert.source.ip, required: true}
triggers:
  - alert: {tags: [test.block]}
  - manual: {roles: [operator]}
steps:
  - id: decide
    approve: {ask: "Block {{ inputs.source }}?", ask-vi: "Chặn {{ inputs.source }}?", from: responder, expires: 30m}
  - id: block
    do: block_ip
    with: {collector: "{{ inputs.collector }}", address: "{{ inputs.source }}"}
    ttl: 4h
    timeout: 10m
  - note: "Blocked {{ inputs.source }}: {{ block.state }}"
    note-vi: "Đã chặn {{ inputs.source }}: {{ block.state }}"
"""


def alert(fields: Mapping[str, object] | None = None, *, tags: Sequence[str] = ("test.block",)) -> Alert:
    at = to_text(START)
    given = {"agent.id": "agent-1", "source.ip": "203.0.113.9"} if fields is None else fields
    return Alert(
        id="alert-1",
        fingerprint="f",
        rule_id="rule-1",
        title="t",
        title_vi="t",
        level=Level.HIGH,
        tags=tuple(tags),
        agency="dept-a",
        host="h",
        state=AlertState.NEW,
        reason=None,
        note="",
        assignee=None,
        count=1,
        first_at=at,
        last_at=at,
        raised_at=at,
        changed_at=at,
        evidence=(),
        record_id="r",
        contributing=(),
        fields=given,
        incident="incident-1",
    )


def person(role: Role = Role.RESPONDER, *, scope: frozenset[str] = SCOPE) -> Principal:
    return Principal(id=role.value, name=f"a-{role.value}", role=role, agency="dept-a", scope=scope)


@dataclass
class Stage:
    """Everything a test of runs needs."""

    engine: Engine
    playbooks: Sequence[str] = (BLOCK,)
    never_touch: Sequence[str] = ()
    now: datetime = field(default=START)

    def __post_init__(self) -> None:
        loaded = [parse(text, "playbook.yml") for text in self.playbooks]
        self.audit = Audit(self.engine)
        self.incidents = Incidents(self.engine, self.audit)
        self.commands = Commands(self.engine, KEY)
        library = Library({item.playbook.playbook: item for item in loaded})
        self.runs = Runs(self.engine, self.audit, self.incidents, library, self.commands, never_touch=self.never_touch)

    def furnish(self) -> "Stage":
        """Put collectors and one incident into the database."""
        at = to_text(START)
        facts = {"version": "1", "enrolled_at": at, "status": {}}
        people = [
            ("agent-1", "dept-a", True, False),
            ("agent-2", "dept-a", True, False),
            ("watcher", "dept-a", False, False),
            ("revoked", "dept-a", True, True),
            ("foreign", "dept-b", True, False),
        ]
        with self.engine.begin() as connection:
            for name, agency, can_respond, revoked in people:
                row = {"id": name, "name": name, "agency": agency, "secret_hash": name, "host": "h"}
                connection.execute(
                    insert(collectors).values(row | facts | {"can_respond": can_respond, "revoked": revoked})
                )
            for name, agency in (("incident-1", "dept-a"), ("incident-b", "dept-b")):
                row = {"id": name, "group_key": name, "title": "t", "title_vi": "t", "agency": agency, "host": "h"}
                row |= {"priority": "P2", "state": "open", "note": "", "opened_at": at, "changed_at": at}
                connection.execute(insert(incidents).values(row))
        return self

    def incident(self) -> Incident:
        found = self.incidents.get(SCOPE, "incident-1")
        assert found is not None
        return found

    def begin(self, fields: Mapping[str, object] | None = None) -> str:
        """Start the run of an alert and take it as far as it goes."""
        run_id = self.runs.trigger(self.incident(), alert(fields), self.now)[0]
        self.work()
        return run_id

    def work(self, **later: float) -> int:
        """Let time pass and runs move."""
        self.now += timedelta(**later)
        return self.runs.work(self.now)

    def run(self, run_id: str) -> Run:
        found = self.runs.get(SCOPE, run_id)
        assert found is not None
        return found

    def decide(self, *, approved: bool = True, role: Role = Role.RESPONDER) -> None:
        approval, _ = self.runs.waiting(SCOPE, self.now)[0]
        self.runs.decide(person(role), approval.id, approved=approved, note="because", now=self.now)
        self.work()

    def fetch(self, collector: str = "agent-1") -> list[dict[str, object]]:
        """Return the bodies of pending commands, as a collector would read them."""
        found = self.commands.pending(collector, self.now)
        return [json.loads(base64.b64decode(item["payload"])) for item in found]

    def answer(self, command: Mapping[str, object], state: str, collector: str = "agent-1", **more: object) -> None:
        body = {"state": state, "at": to_text(self.now), **more}
        self.commands.answer(collector, str(command["id"]), body, self.now)
        self.work()

    def timeline(self) -> list[str]:
        return [entry.code for entry in self.incidents.timeline(SCOPE, "incident-1")]

    def command_states(self) -> list[str]:
        with self.engine.connect() as connection:
            return list(connection.execute(select(commands.c.state).order_by(commands.c.created_at)).scalars())


def path_of(engine: Engine) -> Path:
    """Return the file of a SQLite engine."""
    assert engine.url.database is not None
    return Path(engine.url.database)
