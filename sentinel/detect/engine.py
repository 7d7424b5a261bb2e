"""The detection engine: records in, matches with evidence out, correlations over time included."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from sentinel.detect.cache import Shelf, ids_of
from sentinel.detect.compile import holds
from sentinel.detect.correlate.correlator import Completed, Correlator
from sentinel.detect.correlate.hit import Hit, hit_of, microseconds
from sentinel.detect.explain import explain
from sentinel.detect.facts import Facts
from sentinel.detect.index.partition import Partition
from sentinel.detect.routing import Candidate, Route, Router
from sentinel.detect.rule import RuleSet
from sentinel.detect.taxonomy import Family
from sentinel.detect.why import Verdict, why
from sentinel.model.match import Evidence, Match, RuleInfo
from sentinel.model.record import Record


class Engine:
    """Matches records against a rule set. One thread at a time; records in the order they happened, or nearly."""

    def __init__(
        self,
        rule_set: RuleSet,
        families: Iterable[Family] | None = None,
        shelf: Shelf | None = None,
        lateness_seconds: float = 0.0,
        *,
        explains_all: bool = False,
    ) -> None:
        """Match by `rule_set`; correlations wait `lateness_seconds` for what is late, see `Correlator`.

        A hit that only correlations want has no evidence until it completes one, unless `explains_all`: for who has
        them judged elsewhere, or later, where the record is not at hand.
        """
        self._rule_set = rule_set
        self._places = {rule_id: place for place, rule_id in enumerate(ids_of(rule_set.rules))}
        self.shelf = shelf or Shelf(None)
        """Plans made so far; `save` keeps them for the next start."""
        self.router = Router(rule_set.rules, families, self.shelf)
        """Knows which rules see a record; for who sifts before making records."""
        self._correlator = Correlator(rule_set.correlations, lateness_seconds)
        self._explains_all = explains_all or lateness_seconds > 0

    @property
    def rules(self) -> list[RuleInfo]:
        """What people need to know of every rule and correlation."""
        plain = [rule.info for rule in self._rule_set.rules]
        return plain + [correlation.info for correlation in self._rule_set.correlations]

    @property
    def statistics(self) -> dict[str, int]:
        """What was given up: matches evicted from full windows, without the values to group by, judged too early."""
        correlator = self._correlator
        return {"evicted": correlator.evicted, "ungrouped": correlator.ungrouped, "hurried": correlator.hurried}

    def knows(self, dataset: str) -> bool:
        """Return whether rules can apply to records of `dataset` at all."""
        return self.router.knows(dataset)

    def match(self, records: Sequence[Record]) -> list[tuple[Match, Record]]:
        """Return every match with the record that completed it, in the order of the records."""
        return self.conclude(records, self.judge(records))

    def judge(self, records: Sequence[Record]) -> list[list[Hit]]:
        """Return for each record the hits of plain rules; any process may do it, because it needs no state."""
        hits: list[list[Hit]] = [[] for _ in records]
        for (route, partition), places in self.router.parted(records).items():
            found = partition.find_all([records[place].fields for place in places])
            for place, rules in zip(places, found, strict=True):
                if rules:
                    hits[place] = self._hits(records[place], route, partition, rules)
        return hits

    def conclude(self, records: Sequence[Record], hits: Sequence[Sequence[Hit]]) -> list[tuple[Match, Record]]:
        """Return what follows from the hits on `records`, in order: their own matches, and those of correlations."""
        matches: list[tuple[Match, Record]] = []
        for record, found in zip(records, hits, strict=True):
            for hit in found:
                rule = self._rule_set.rules[self._places[hit.rule]]
                if rule.is_output:
                    matches.append((Match(rule.info, record.id, record.at, hit.evidence), record))
                matches += self._explained(hit, record, self._correlator.feed(hit, record))
        if records:
            matches += self._correlator.advance(microseconds(str(records[-1].fields.get("event.ingested", ""))))
        self._correlator.expire()
        return matches

    def own(self, records: Sequence[Record], hits: Sequence[Sequence[Hit]]) -> list[tuple[Match, Record]]:
        """Return the matches of plain rules alone, for who has correlations judged elsewhere."""
        rules = self._rule_set.rules
        return [
            (Match(rules[place].info, record.id, record.at, hit.evidence), record)
            for record, found in zip(records, hits, strict=True)
            for hit in found
            if rules[place := self._places[hit.rule]].is_output
        ]

    def advance(self, received: int) -> list[tuple[Match, Record]]:
        """Return the correlation matches whose wait has ended by a time of the server, in microseconds; when idle."""
        return self._correlator.advance(received)

    def finish(self) -> list[tuple[Match, Record]]:
        """Return the correlation matches that still waited for late records: nothing more will come."""
        return self._correlator.finish()

    def _hits(self, record: Record, route: Route, partition: Partition, places: Sequence[int]) -> list[Hit]:
        facts = Facts(record.fields)
        found: dict[str, Hit] = {}
        for place in places:
            watched = partition.plan.rules[place]
            candidate = route.candidate(watched.rule, watched.source)
            rule, resolve = candidate.rule, candidate.names.resolve
            if rule.info.id not in found:
                evidence = _evidence(candidate, facts) if rule.is_output or self._explains_all else ()
                wanted = self._correlator.wanted(rule.info.id)
                found[rule.info.id] = hit_of(rule.info.id, record, wanted, facts, resolve, evidence)
        return list(found.values())

    def _explained(self, hit: Hit, record: Record, completed: list[Completed]) -> list[Completed]:
        """Return what a hit has completed, with the evidence for the hit itself where nobody has looked for it yet."""
        if not completed or hit.evidence or self._explains_all:
            return completed
        facts = Facts(record.fields)
        for candidate in self.router.candidates(record.fields, self._places[hit.rule]):
            if holds(candidate.rule.condition, facts, candidate.names.resolve, candidate.keywords):
                evidence = _evidence(candidate, facts)
                return [(replace(match, evidence=match.evidence + evidence), last) for match, last in completed]
        return completed

    def full_scan(self, record: Record) -> set[str]:
        """Return the ids of the plain rules that hold, by reading every candidate item by item: slow, and right."""
        facts = Facts(record.fields)
        return {
            candidate.rule.info.id
            for candidate in self.router.candidates(record.fields)
            if holds(candidate.rule.condition, facts, candidate.names.resolve, candidate.keywords)
        }

    def why(self, rule_id: str, record: Record) -> list[Verdict]:
        """Return why a plain rule holds or not, once per reading of its fields; empty where it never looks."""
        facts = Facts(record.fields)
        return [
            why(candidate.rule.condition, facts, candidate.names.resolve, candidate.keywords)
            for candidate in self.router.candidates(record.fields, self._places.get(rule_id, -1))
        ]

    def checkpoint(self) -> bytes:
        """Return the state of the correlations."""
        return self._correlator.dump()

    def changes(self) -> bytes | None:
        """Return what to put behind the last checkpoint and its changes since; None where a checkpoint is due."""
        return self._correlator.changes()

    def restore(self, state: bytes) -> None:
        """Go on from a checkpoint and its changes; from nothing, start anew. Raises InputError where it is damaged."""
        self._correlator.load(state)


def _evidence(candidate: Candidate, facts: Facts) -> tuple[Evidence, ...]:
    return explain(candidate.rule.condition, facts, candidate.names.resolve, candidate.keywords)
