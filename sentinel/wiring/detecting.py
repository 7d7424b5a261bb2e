"""From rule files to what judges events by them, again whenever the files change."""

import logging
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from sentinel import bundled
from sentinel.crew.crew import Crew
from sentinel.crew.garbage import settle
from sentinel.detect.cache import RuleCache
from sentinel.detect.engine import Engine
from sentinel.detect.ready import RuleAdditions, read_ready
from sentinel.detect.rule import RuleSet
from sentinel.intake.ledger import Ledger
from sentinel.journal import Entry
from sentinel.model.match import Match
from sentinel.model.record import Record
from sentinel.normalise import normalise
from sentinel.pipeline import Pipeline
from sentinel.rulebook.costs import Costs
from sentinel.rulebook.counters import RuleCounters
from sentinel.rulebook.reload import Reloader
from sentinel.rulebook.shelf import Shelf
from sentinel.rulebook.sieve import Sieve
from sentinel.rulebook.states import RuleStates
from sentinel.selfwatch.sources import Sources
from sentinel.wiring.backends import COLUMN_STORES
from sentinel.wiring.foundation import Foundation

if TYPE_CHECKING:
    from sentinel.wiring.sharing import Sharing

log = logging.getLogger(__name__)
RULE_CACHE = "rules-compiled"
"""Folder of a home where compiled rules are kept; what is deleted there is made anew."""


class Detecting(Foundation):
    """The rules of a home and the pipeline that works with them."""

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
    def sharing(self) -> "Sharing":
        """Return the lanes of this process, where several processes share the work."""
        from sentinel.wiring.sharing import Sharing  # The client of the brokers is an extra.

        made = Sharing(
            self.brokers,
            self.store,
            lambda partition: Sieve(self.engine, self.rule_states, self.rule_counters, partition=partition),
            on_matches=self.respond,
            on_faults=Ledger(self.engine).count,
            on_stored=self._note,
            lateness_seconds=self.settings.lateness_seconds,
            lock=self._engine_lock,
        )
        made.employ(self.rules, self.detection, self._crew())
        return made

    def trouble(self) -> str:
        """Return why the events of this process stand still; empty while they do not."""
        if "sharing" in self.__dict__:
            return self.sharing.lanes.trouble
        return self.pipeline.trouble if "pipeline" in self.__dict__ else ""

    def done(self) -> Mapping[str, int]:
        """Return what this process has done with events since the start."""
        if "sharing" in self.__dict__:
            return self.sharing.done()
        found = self.pipeline.statistics if "pipeline" in self.__dict__ else {}
        return {name: value for name, value in found.items() if isinstance(value, int)}

    @cached_property
    def sources(self) -> Sources:
        """Return what is known of every source: when it was heard last, and how silent it usually is."""
        return Sources(self.engine)

    @cached_property
    def costs(self) -> Costs:
        """Return what measures the cost of rules now and then."""
        return Costs(self.rule_counters)

    def _note(self, entries: Sequence[Entry], records: Sequence[Record]) -> None:
        self.sources.see(entries, records)
        with self._engine_lock:
            if self.costs.see(self.detection.router, records):
                # Once a minute, and while nobody else makes plans.
                self.detection.shelf.save()
                if not self._is_settled:
                    settle()
                    self._is_settled = True

    def employ(self, rules: RuleSet) -> None:
        """Let the pipeline work with these rules from its next batch on; until then it goes on with those before."""
        works = {"sharing", "pipeline"} & set(self.__dict__)
        crew = self._crew() if works else None
        self.rules, self.detection = rules, self._engine_for(rules)
        if "sharing" in works:
            self.sharing.employ(rules, self.detection, crew)
        elif works:
            self.pipeline.replace(self.detection, crew)
        # Once now, and once more when the plans of the new rules are made.
        self._is_settled = False
        settle(anew=True)

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
            in_columns=self.settings.store.url.partition(":")[0] in COLUMN_STORES,
            explains_all=self.settings.judges_apart,
            **self._rule_additions(),
        )

    def _engine_for(self, rules: RuleSet) -> Engine:
        return Engine(
            rules,
            shelf=self._rule_cache.shelf(rules),
            lateness_seconds=self.settings.lateness_seconds,
            explains_all=self.settings.judges_apart,
        )

    @cached_property
    def _rule_cache(self) -> RuleCache:
        return RuleCache(self.path / RULE_CACHE)

    def _rule_additions(self) -> RuleAdditions:
        content = self.settings.content
        return {"pipelines": content.pipelines, "placeholders": content.placeholders}

    def _rule_paths(self) -> Sequence[Path]:
        return self.settings.content.rules or [bundled.folder("rules")]

    def _rules_in(self, folders: Sequence[str]) -> RuleSet:
        paths = [Path(each) for each in folders] or self._rule_paths()
        return read_ready(paths, self._rule_cache, **self._rule_additions())

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
