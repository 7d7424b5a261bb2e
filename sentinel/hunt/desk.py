"""Where people ask for hunts: begins them, lets them go on, stops them, and makes alerts of what they found."""

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta

from sentinel.alerts.queue import Alerts, check_operator
from sentinel.audit import Audit
from sentinel.detect.rule import RuleSet
from sentinel.errors import ConflictError, InputError, SentinelError
from sentinel.hunt.hunter import Hunter, OnProgress, chosen, question_for
from sentinel.hunt.rows import Hunt, Hunts, HuntState, Question
from sentinel.incidents.book import Incidents
from sentinel.model.agency import Scope
from sentinel.model.match import Match
from sentinel.model.moment import from_text, now
from sentinel.model.principal import Principal
from sentinel.model.record import Record
from sentinel.store import Store
from sentinel.store.query import parse

log = logging.getLogger(__name__)

ALIVE = timedelta(minutes=2)
"""A hunt that has moved on so lately is at work in some process."""
PAGE = 500
MAX_ALERTS = 10_000
"""Matches of one hunt that become alerts at a time; more is a rule to mend, not a queue to read."""
Rules = Callable[[Sequence[str]], RuleSet]
"""Reads the rules of some folders; the server's own for none."""


class HuntDesk:
    """Hunts of one home; in the background one at a time."""

    def __init__(
        self, *, store: Store, hunts: Hunts, rules: Rules, alerts: Alerts, incidents: Incidents, audit: Audit
    ) -> None:
        self._store = store
        self.hunts = hunts
        self._rules = rules
        self._alerts = alerts
        self._incidents = incidents
        self._audit = audit
        self._busy = threading.Lock()
        self._stops: dict[str, threading.Event] = {}
        """By id: what ends the hunt in the background at once."""

    def begin(self, who: Principal, question: Question) -> Hunt:
        """Keep a new hunt, not begun yet; raise `RefusedError` or `InputError` for one that cannot be."""
        check_operator(who)
        parse(question.query)
        rules = self._rules(question.folders)
        if not chosen(rules, question.rules).rules:
            raise InputError("there is no rule to hunt with; `sentinel rules check` says why")
        hunt = self.hunts.begin(question, who.agency, who.name, now())
        self._note(who, hunt, "hunt.started")
        return hunt

    def asks(self, question: Question, scope: Scope) -> str:
        """Return what the store is asked before the engine decides, in Lucene syntax."""
        return question_for(question, chosen(self._rules(question.folders), question.rules), scope).query

    def go_on(
        self, who: Principal, hunt_id: str, stop: threading.Event, on_progress: OnProgress = lambda _: None
    ) -> Hunt:
        """Run a hunt from where it stands, to its end or until `stop` is set; return where it stands then.

        Raises `ConflictError` where it is done, or at work already.
        """
        check_operator(who)
        hunt = self.hunts.get(who.scope, hunt_id)
        is_fresh = not hunt.progress.at and not hunt.progress.total
        if hunt.state is HuntState.DONE:
            raise ConflictError(f"hunt {hunt.id} is done; begin another")
        if hunt.state is HuntState.RUNNING and not is_fresh and now() - from_text(hunt.changed_at) < ALIVE:
            raise ConflictError(f"hunt {hunt.id} is at work since {hunt.changed_at}; stop it first")
        self.hunts.set_state(hunt.id, HuntState.RUNNING, now())
        hunter = Hunter(self._store, self.hunts, self._rules(hunt.question.folders))
        return hunter.run(hunt, who.scope, stop, on_progress)

    def in_background(self, who: Principal, hunt_id: str) -> None:
        """Run a hunt in a thread of its own; raise `ConflictError` where another one runs here."""
        if not self._busy.acquire(blocking=False):
            raise ConflictError("another hunt is at work on this server; wait for its end, or stop it")
        stop = self._stops[hunt_id] = threading.Event()
        threading.Thread(target=self._run, args=(who, hunt_id, stop), name="hunt", daemon=True).start()

    def cancel(self, who: Principal, hunt_id: str) -> Hunt:
        """Let a hunt stop, in another process after the page it is at; what it found stays, and it can go on."""
        check_operator(who)
        hunt = self.hunts.get(who.scope, hunt_id)
        if hunt.state is HuntState.RUNNING:
            self.hunts.set_state(hunt.id, HuntState.STOPPED, now())
            self._note(who, hunt, "hunt.stopped")
            if (stop := self._stops.get(hunt.id)) is not None:
                stop.set()
        return self.hunts.get(who.scope, hunt_id)

    def raise_alerts(self, who: Principal, hunt_id: str) -> int:
        """Make alerts of what a hunt found and return how many; no playbook is started by them.

        The same again changes nothing. Raises `InputError` where a hunt found more than an operator can read.
        """
        check_operator(who)
        hunt = self.hunts.get(who.scope, hunt_id)
        if hunt.progress.hits > MAX_ALERTS:
            raise InputError(
                f"hunt {hunt.id} has {hunt.progress.hits} hits, more than {MAX_ALERTS}; hunt more narrowly"
            )
        raised = set[str]()
        found = self.hunts.matches(hunt.id, MAX_ALERTS)
        for first in range(0, len(found), PAGE):
            pairs = self._with_records(found[first : first + PAGE], who.scope)
            alerts = self._alerts.raise_from(pairs)
            self._incidents.consider(alerts)
            raised |= {each.alert.id for each in alerts}
        self._note(who, hunt, "hunt.alerts_raised", alerts=len(raised))
        return len(raised)

    def close(self) -> None:
        """Stop the hunt in the background; it can go on after the next start."""
        for stop in list(self._stops.values()):
            stop.set()

    def _run(self, who: Principal, hunt_id: str, stop: threading.Event) -> None:
        try:
            self.go_on(who, hunt_id, stop)
        except SentinelError as error:
            log.error("A hunt has failed; it can go on.", extra={"hunt": hunt_id, "reason": str(error)})  # noqa: TRY400
        finally:
            del self._stops[hunt_id]
            self._busy.release()

    def _with_records(self, matches: Sequence[Match], scope: Scope) -> list[tuple[Match, Record]]:
        found = [(match, self._store.get(match.record_id, scope)) for match in matches]
        # Deleted since by age: there is no evidence any more to show.
        return [(match, record) for match, record in found if record is not None]

    def _note(self, who: Principal, hunt: Hunt, action: str, **detail: object) -> None:
        asked = hunt.question
        facts = {"query": asked.query, "start": asked.start, "end": asked.end, "rules": len(asked.rules), **detail}
        self._audit.record(actor=who.name, agency=hunt.agency, action=action, object=hunt.id, detail=facts)
