"""The loop that puts Sentinel's own events into the journal: audit entries at once, findings once a minute."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from sentinel.accounts.agencies import Agencies
from sentinel.audit import FIRST, Audit
from sentinel.errors import ConflictError
from sentinel.intake.identity import Identities
from sentinel.intake.senders import Senders
from sentinel.journal import Journal
from sentinel.model.collector import Collector
from sentinel.model.moment import now, to_text
from sentinel.selfwatch import checks
from sentinel.selfwatch.checks import Limits
from sentinel.selfwatch.disk import DiskHistory
from sentinel.selfwatch.door import Door, Own
from sentinel.selfwatch.findings import Finding, Findings
from sentinel.selfwatch.sources import Sources
from sentinel.selfwatch.told import told
from sentinel.store import Store

log = logging.getLogger(__name__)

CHECK_EVERY = timedelta(minutes=1)
VERIFY_EVERY = timedelta(hours=6)
PAGE = 500
EPOCH_CHARACTERS = 32


class Watch:
    """Everything Sentinel says of itself. One thread calls `look`."""

    def __init__(
        self,
        *,
        audit: Audit,
        door: Door,
        sources: Sources,
        identities: Identities,
        senders: Senders,
        agencies: Agencies,
        journal: Journal,
        store: Store,
        home: Path,
        limits: Limits,
        trouble: Callable[[], str] = str,
        leads: Callable[[], bool] | None = None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        """Watch over the home in folder `home`; `trouble` says why the pipeline stands still, or nothing.

        Where several processes serve, each tells of itself, and the one that `leads` of what all have in common.
        """
        self._audit = audit
        self._door = door
        self._sources = sources
        self._identities = identities
        self._senders = senders
        self._agencies = agencies
        self._journal = journal
        self._store = store
        self._home = home
        self._limits = limits
        self._trouble = trouble
        self._clock = clock
        self._findings = Findings()
        self._shared_findings = Findings()
        self._leads = leads
        self._disk = DiskHistory(home)
        self._drops: dict[str, int] = {}
        self._begun = clock()
        self._checked: datetime | None = None
        self._verified: datetime | None = None
        self._broken_chain = ""

    def look(self) -> None:
        """Tell what has been written to the audit log since, and check health where it is time to."""
        leads = self._leads is None or self._leads()
        if leads:
            self.tell_audit()
        at = self._clock()
        if leads and (self._verified is None or at - self._verified >= VERIFY_EVERY):
            self._verify(at)
        if self._checked is None or at - self._checked >= CHECK_EVERY:
            self._checked = at
            self._disk.note(at)
            self._sources.flush()
            if self._leads is not None:
                self._sources.refresh()
            self._check(at, leads=leads)

    def _check(self, at: datetime, *, leads: bool) -> None:
        """Look at everything, and tell what is new."""
        listed = self._identities.find(frozenset(agency.id for agency in self._agencies.all()))
        events, shared = self._findings.news(self._own(listed, at), at), []
        if leads:
            shared += [finding.event(at) for finding in checks.losses(listed, self._drops)]
            shared += self._shared_findings.news(self._shared(listed, at), at)
            if shared and self._leads is not None:
                # This process may have been stopped since it was asked: then another one has told it.
                leads = self._leads()
        if leads:
            events += shared
        else:
            # Whoever leads now says what has ended; what we had found is no news when we lead again.
            self._shared_findings = Findings()
        if events:
            self._door.put(events)

    def tell_audit(self) -> int:
        """Put the audit entries that are not there yet into the journal, each once; return how many.

        An entry's sequence is its event's too, in an epoch named by the digest of the first entry: so the journal
        itself knows what it has, whatever is killed when, and another audit log begins another epoch.
        """
        first = self._audit.entries(0, 1)
        epoch = (first[0].digest if first else FIRST)[:EPOCH_CHARACTERS]
        last = self._door.last(epoch) if first else 0
        entries = self._audit.entries(last, PAGE) if first else []
        if entries:
            self._door.number(epoch, last + 1, [told(entry) for entry in entries])
        return len(entries)

    def _own(self, listed: list[Collector], at: datetime) -> list[Finding]:
        """Return what is not as it should be with this process, its machine, and the events that it sees."""
        return [
            *checks.clocks(self._sources, listed),
            *checks.disk(self._home, self._limits),
            *checks.filling(self._home, self._disk.full_on(at), self._limits, at),
            *checks.broken_lines(self._sources, at),
            *checks.standstill(self._trouble()),
        ]

    def _shared(self, listed: list[Collector], at: datetime) -> list[Finding]:
        """Return what is not as it should be with what all processes have in common."""
        found = [*checks.backlog(self._journal, self._store, at), *self._chain()]
        # Of what happened while we were away nobody can say who was silent.
        if at - self._begun > max(self._limits.collector_silent, self._limits.source_silent):
            found += checks.collectors(listed, self._limits, at)
            found += checks.silences(self._sources, listed, self._limits, at)
            known = self._senders.find(frozenset(agency.id for agency in self._agencies.all()))
            found += checks.sender_silences(self._sources, known, self._limits, at)
        return found

    def _verify(self, at: datetime) -> None:
        """Check the audit log's chain and tell how it went."""
        self._verified = at
        try:
            count = self._audit.verify()
        except ConflictError as error:
            self._broken_chain = str(error)
            log.error("The audit log was changed.", extra={"reason": str(error)})  # noqa: TRY400 - it says it all
            return
        self._broken_chain = ""
        body = {"time": to_text(at), "action": "audit.verified", "outcome": "success", "user": "system", "value": count}
        self._door.put([Own("sentinel.audit", "city", {**body, "unit": "entries", "object_kind": "audit"})])

    def _chain(self) -> list[Finding]:
        if not self._broken_chain:
            return []
        facts = {"object_kind": "audit", "reason": self._broken_chain}
        return [Finding("audit.chain_broken", _entry_named(self._broken_chain), facts=facts)]


def _entry_named(sentence: str) -> str:
    """Return the number of the entry that `Audit.verify` names."""
    numbers = [word for word in sentence.replace(",", " ").split() if word.isdigit()]
    return numbers[0] if numbers else "unknown"
