"""Runs a hunt: page after page of what the store finds, each judged and kept before the next, so that it can go on."""

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from itertools import islice

from sentinel.detect.engine import Engine
from sentinel.detect.rule import RuleSet
from sentinel.detect.taxonomy import bundled
from sentinel.errors import InputError
from sentinel.hunt.prefilter import prefilter
from sentinel.hunt.rows import Hunt, Hunts, HuntState, Progress, Question
from sentinel.model.agency import Scope
from sentinel.model.moment import now
from sentinel.model.record import Record
from sentinel.model.search import Search
from sentinel.store import StoppedError, Store

log = logging.getLogger(__name__)

PAGE = 2_000
OnProgress = Callable[[Progress], None]


class Hunter:
    """Hunts with one rule set in one store."""

    def __init__(self, store: Store, hunts: Hunts, rule_set: RuleSet, clock: Callable[[], datetime] = now) -> None:
        self._store = store
        self._hunts = hunts
        self._rule_set = rule_set
        self._clock = clock

    def run(self, hunt: Hunt, scope: Scope, stop: threading.Event, on_progress: OnProgress = lambda _: None) -> Hunt:
        """Go on with `hunt` to its end, until `stop` is set or somebody stops it; return where it then stands.

        Raises `InputError` where its rules or its query are wrong, `UnavailableError` where the store cannot be read;
        what was found by then is kept, and the hunt can go on from there.
        """
        state = HuntState.FAILED
        try:
            state = self._search(hunt, scope, stop, on_progress)
        except StoppedError:
            # In the middle of a page too, which is then read again.
            state = HuntState.STOPPED
            self._hunts.set_state(hunt.id, state, self._clock())
        finally:
            if state is not HuntState.STOPPED:
                self._hunts.set_state(hunt.id, state, self._clock())
        return self._hunts.get(scope, hunt.id)

    def _search(self, hunt: Hunt, scope: Scope, stop: threading.Event, on_progress: OnProgress) -> HuntState:
        rules = chosen(self._rule_set, hunt.question.rules)
        engine = Engine(rules)
        engine.restore(hunt.progress.checkpoint)
        search = question_for(hunt.question, rules, scope)
        progress = hunt.progress
        if not progress.total:
            progress = replace(progress, total=self._store.search(replace(search, limit=0), stop).total)
        on_progress(progress)
        records = _behind(self._store.scan(replace(search, start=progress.at or search.start), stop), progress)
        while page := list(islice(records, PAGE)):
            matches = [match for match, _ in engine.match(page)]
            last = page[-1]
            progress = progress.moved(len(page), len(matches), last.at, last.id, engine.checkpoint())
            wanted = self._hunts.advance(hunt.id, progress, matches, self._clock())
            on_progress(progress)
            if stop.is_set():
                raise StoppedError("the hunt was stopped")
            if wanted is HuntState.STOPPED:
                return HuntState.STOPPED
        return HuntState.DONE


def chosen(rule_set: RuleSet, ids: tuple[str, ...]) -> RuleSet:
    """Return the rules named, with those that correlations among them listen to; all where none is named.

    Raises `InputError` for an id that the rule set does not have.
    """
    if not ids:
        return rule_set
    correlations = {each.info.id: each for each in rule_set.correlations}
    known = {rule.info.id for rule in rule_set.rules} | set(correlations)
    if missing := sorted(set(ids) - known):
        raise InputError(f"there is no rule with id '{missing[0][:64]}' among the {len(known)} rules read")
    wanted, found = list(ids), set[str]()
    while wanted:
        each = wanted.pop()
        if each not in found:
            found.add(each)
            wanted += correlations[each].rules if each in correlations else ()
    return replace(
        rule_set,
        # Those that were not named serve the correlations only.
        rules=tuple(
            replace(rule, is_output=rule.is_output if rule.info.id in ids else False)
            for rule in rule_set.rules
            if rule.info.id in found
        ),
        correlations=tuple(each for each in rule_set.correlations if each.info.id in found),
        digest="",
    )


def question_for(question: Question, rules: RuleSet, scope: Scope) -> Search:
    """Return what the store is asked."""
    query = question.query if question.exhaustive else prefilter(rules.rules, bundled(), question.query)
    return Search(scope=scope, query=query, start=question.start, end=question.end)


def _behind(records: Iterator[Record], progress: Progress) -> Iterator[Record]:
    """Yield the records after the last that was judged; they come in order of time and id."""
    place = (progress.at, progress.record)
    return (record for record in records if (record.at, record.id) > place)
