"""Lets those matches through that operators shall see; the others are counted and go no further."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Engine

from sentinel.database.text import fit
from sentinel.model.match import Match
from sentinel.model.moment import now
from sentinel.model.record import Record
from sentinel.model.rule_state import RuleState
from sentinel.rulebook.counters import RuleCounters, tally
from sentinel.rulebook.states import RuleStates, effective

Found = tuple[Match, Record]


class Sieve:
    """Stands between detection and the alert queue."""

    def __init__(
        self,
        engine: Engine,
        states: RuleStates,
        counters: RuleCounters,
        *,
        partition: int = 0,
        clock: Callable[[], datetime] = now,
    ) -> None:
        """Count by the positions of one part of the journal."""
        self._engine = engine
        self._partition = partition
        self._states = states
        self._counters = counters
        self._clock = clock

    def sift(self, found: Sequence[Found], places: Sequence[int], upto: int) -> list[Found]:
        """Return the matches of rules that are enabled where they happened, in order, and count all of them.

        `places` are the journal positions of the matches' records, `upto` is the position after the batch. The same
        batch again is answered the same and not counted again.
        """
        with self._engine.begin() as connection:
            decisions = self._states.decided(connection, {fit(match.rule.id, 64) for match, _ in found})
            paths: dict[str, list[str]] = {}
            known: dict[tuple[str, str], RuleState] = {}
            verdicts: list[bool] = []
            for match, record in found:
                rule_id, agency = fit(match.rule.id, 64), agency_of(match, record)
                if (rule_id, agency) not in known:
                    path = paths.get(agency) or paths.setdefault(agency, self._states.path(agency))
                    known[rule_id, agency] = effective(match.rule, decisions.get(rule_id, {}), path)
                verdicts.append(known[rule_id, agency] is RuleState.ENABLED)
            counted = self._counters.position(connection, self._partition)
            news = [
                (fit(match.rule.id, 64), agency_of(match, record), match.at, not shown)
                for (match, record), shown, place in zip(found, verdicts, places, strict=True)
                if place >= counted
            ]
            if news:
                self._counters.add(connection, tally(news), max(upto, counted), self._clock(), self._partition)
        return [each for each, shown in zip(found, verdicts, strict=True) if shown]

    def rewind(self) -> None:
        """Count from the first journal position again: the journal is a new one."""
        self._counters.rewind(self._partition)


def agency_of(match: Match, record: Record) -> str:
    """Return the agency a match belongs to: that of its record, unless the rule looks across agencies."""
    return fit(str(match.agency or record.fields.get("organization.id", "")), 64)
