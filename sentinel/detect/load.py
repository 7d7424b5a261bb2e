"""Rule files become a RuleSet: one broken rule never stops the others."""

import gc
import logging
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy, deepcopy
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaError
from sigma.filters import SigmaFilter
from sigma.modifiers import modifier_mapping
from sigma.processing.pipeline import ProcessingPipeline
from sigma.rule import SigmaLogSource, SigmaRule
from sigma.rule.attributes import SigmaStatus

from sentinel.detect.collection import complete
from sentinel.detect.compile import prove
from sentinel.detect.correlate.define import resolve_correlations
from sentinel.detect.describe import describe
from sentinel.detect.documents import read_documents, rule_files
from sentinel.detect.filters import Filter, doubts_about, filter_of
from sentinel.detect.lower import lower
from sentinel.detect.modifiers import allowance, expanding, name_as_theirs
from sentinel.detect.pipelines import Pipeline, combine
from sentinel.detect.placeholders import Placeholders
from sentinel.detect.rewrite import rewrite
from sentinel.detect.rewritten import field_after, rewritten
from sentinel.detect.rule import Correlation, Fault, LogSource, Rule, RuleSet
from sentinel.detect.tree import Node, Selection, all_of
from sentinel.errors import InputError

log = logging.getLogger(__name__)

MAX_MESSAGE_CHARACTERS = 600
"""What is wrong with a rule may quote it, and a rule may be long."""
PARSER_FAILURES = (
    SigmaError,
    InputError,
    TypeError,
    ValueError,
    AttributeError,
    LookupError,
    NameError,
    OverflowError,
    RuntimeError,
)
"""What pySigma raises on rules that are not rules; some of it it does not mean to."""
_SET_ASIDE = {
    SigmaStatus.DEPRECATED: "deprecated: another rule has taken its place; change its status to use it all the same",
    SigmaStatus.UNSUPPORTED: "unsupported: it needs what no Sigma engine offers; rewrite it as a correlation rule",
}
_UNKNOWN_MODIFIER = re.compile(r"Unknown modifier '([^']{1,40})'")
Parsed = SigmaRule | SigmaCorrelationRule


def load_rules(
    paths: Sequence[Path],
    *,
    placeholders: Placeholders | None = None,
    pipelines: Sequence[Pipeline] = (),
    known: Mapping[str, Sequence[Rule]] | None = None,
) -> RuleSet:
    """Return every rule below `paths`, with a Fault for each that cannot be used.

    `placeholders` gives modifier `expand` its values; `pipelines` rewrite the rules before they are compiled.
    `known` has by path the rules of files that are known to be as they were, and to hold nothing else.
    Raises InputError only where a path does not exist, or a pipeline cannot be used at all.
    """
    loader = _Loader(combine(pipelines))
    with warnings.catch_warnings(), expanding(placeholders or {}), _without_collector():
        warnings.simplefilter("ignore")  # Python warns of regular expressions that it reads unlike others.
        for path in rule_files(paths):
            loader.read(path, (known or {}).get(str(path)))
        if known and loader.has_filters:
            # A filter may narrow any rule, so all are made anew.
            return load_rules(paths, placeholders=placeholders, pipelines=pipelines)
        return loader.finish()


@contextmanager
def _without_collector() -> Iterator[None]:
    """Let no cycles be looked for meanwhile: nearly all that loading makes stays, and looking costs a third of it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def parse_file(path: Path) -> tuple[list[Parsed], list[SigmaFilter], list[Fault]]:
    """Return what pySigma makes of a file: rules, filters, and faults; never raises for what is in it."""
    try:
        documents = read_documents(path)
    except InputError as error:
        return [], [], [Fault(path, None, str(error).removeprefix(f"{path}: "))]
    rules: list[Parsed] = []
    filters: list[SigmaFilter] = []
    faults: list[Fault] = []
    for document in complete(documents):
        try:
            found = _parse(document)
        except PARSER_FAILURES as error:
            faults.append(Fault(path, _id_in(document), message_of(error)))
            continue
        rules += [rule for rule in found.rules if not rule.errors]
        filters += [each for each in found.filters if not each.errors]
        broken = [each for each in [*found.rules, *found.filters] if each.errors]
        faults += [Fault(path, _id_of(each), "; ".join(map(message_of, each.errors))) for each in broken]
    return rules, filters, faults


def _parse(document: dict[str, Any]) -> SigmaCollection:
    with allowance():
        found = SigmaCollection.from_dicts(
            [rewrite(document)], collect_errors=True, collect_filters=True, resolve_references=False
        )
    for rule in found.rules:
        if isinstance(rule, SigmaRule):
            for detection in rule.detection.detections.values():
                name_as_theirs(detection)
    return found


def message_of(error: BaseException) -> str:
    """Return one line that says what is wrong."""
    text = " ".join(str(error)[: 2 * MAX_MESSAGE_CHARACTERS].split()) or type(error).__name__
    text += _nearest_modifier(text)
    text = text if len(text) <= MAX_MESSAGE_CHARACTERS else f"{text[:MAX_MESSAGE_CHARACTERS]}..."
    is_meant = isinstance(error, SigmaError | InputError)
    return text if is_meant else f"not a Sigma rule ({type(error).__name__}: {text})"


def _nearest_modifier(text: str) -> str:
    found = _UNKNOWN_MODIFIER.fullmatch(text)
    names = [name for name in modifier_mapping if not name.startswith("sentinel-")]
    near = get_close_matches(found[1].lower(), names, n=1) if found else []
    return f"; did you mean '{near[0]}'?" if near else ""


class _Loader:
    """Gathers parsed rules until all are known, because filters and correlations name others."""

    def __init__(self, pipeline: ProcessingPipeline | None) -> None:
        self._pipeline = pipeline
        self._parsed: list[tuple[Path, Parsed | Rule]] = []
        self._filters: list[tuple[Filter, Node]] = []
        self._faults: list[Fault] = []
        self._paths: dict[str, tuple[Path, Parsed | Rule]] = {}
        self._plain: list[tuple[str, str, LogSource]] = []
        self._log_sources: dict[str, SigmaLogSource] = {}
        """As they were before any pipeline."""

    @property
    def has_filters(self) -> bool:
        """Whether any filter was read."""
        return bool(self._filters)

    def read(self, path: Path, known: Sequence[Rule] | None) -> None:
        """Take in one file, or the rules it is known to hold."""
        if known is not None:
            self._parsed += [(path, rule) for rule in known]
            return
        rules, filters, faults = parse_file(path)
        self._faults += faults
        for each in filters:
            try:
                self._filters.append((filter_of(each, path, _log_source(each)), lower(deepcopy(each.filter))))
            except PARSER_FAILURES as error:
                self._faults.append(Fault(path, _id_of(each), message_of(error)))
        for rule in rules:
            if rule.status in _SET_ASIDE:
                self._faults.append(Fault(path, _id_of(rule), _SET_ASIDE[rule.status], is_set_aside=True))
            else:
                self._parsed.append((path, rule))

    def finish(self) -> RuleSet:
        """Return the set: filters applied, correlations resolved, every rule lowered and proved testable."""
        rules: list[Rule] = []
        correlations: list[tuple[Path, SigmaCorrelationRule]] = []
        for path, parsed in self._parsed:
            try:
                if not self._is_new(path, parsed):
                    continue
                if isinstance(parsed, Rule):
                    rules.append(parsed)
                elif isinstance(parsed, SigmaCorrelationRule):
                    correlations.append((path, parsed))
                else:
                    rules.append(self._rule(path, parsed))
            except PARSER_FAILURES as error:
                self._faults.append(Fault(path, _any_id(parsed), message_of(error)))
        resolved, faults = resolve_correlations(correlations, rules)
        self._faults += faults
        silent = {rule for each in resolved if not each.generates for rule in each.rules}
        broken = sum(not fault.is_set_aside for fault in self._faults)
        log.info("Rules are loaded.", extra={"rules": len(rules), "correlations": len(resolved), "broken": broken})
        doubts = [doubt for each, condition in self._filters for doubt in doubts_about(each, condition, self._plain)]
        return RuleSet(
            tuple(replace(rule, is_output=rule.info.id not in silent) for rule in rules),
            tuple(replace(self._renamed(each), is_output=each.info.id not in silent) for each in resolved),
            self._faults,
            tuple(doubts),
            self.has_filters,
        )

    def _is_new(self, path: Path, parsed: Parsed | Rule) -> bool:
        rule_id = parsed.info.id if isinstance(parsed, Rule) else describe(parsed).id
        first = self._paths.setdefault(rule_id, (path, parsed))
        if first[1] is not parsed:
            self._faults.append(
                Fault(path, rule_id, f"this id belongs to a rule in {first[0]} already; give it a new one")
            )
        return first[1] is parsed

    def _rule(self, path: Path, parsed: SigmaRule) -> Rule:
        info, name, log_source = describe(parsed), parsed.name or "", _log_source(parsed)
        self._plain.append((info.id, name, log_source))
        self._log_sources[info.id] = parsed.logsource
        narrowing = [(each, copy(parsed)) for each, _ in self._filters if each.narrows(info.id, name, log_source)]
        condition = self._lowered(parsed)
        for each, narrowed in narrowing:
            narrowed.detection = each.copy()
            condition = all_of((condition, Selection(f"filter: {each.title}", self._lowered(narrowed))))
        prove(condition)
        return Rule(info=info, name=name, path=path, log_source=_log_source(parsed), condition=condition)

    def _lowered(self, parsed: SigmaRule) -> Node:
        """Return the tree of a rule after the pipelines have changed it."""
        if self._pipeline is None:
            return lower(parsed.detection)
        self._pipeline.apply(parsed)
        return rewritten(lower(parsed.detection))

    def _renamed(self, correlation: Correlation) -> Correlation:
        """Return the correlation with the names that the pipelines gave the fields it looks at, rule by rule."""
        if self._pipeline is None:
            return correlation
        aliases = {alias: dict(meant) for alias, meant in correlation.aliases.items()}
        for name in {*correlation.group_by, *correlation.fields}:
            for rule_id in correlation.rules:
                source = self._log_sources.get(rule_id)
                if source is not None and (field := field_after(self._pipeline, source, name)) != name:
                    aliases.setdefault(name, {}).setdefault(rule_id, field)
        return replace(correlation, aliases=aliases)


def _log_source(parsed: SigmaRule | SigmaFilter) -> LogSource:
    source = parsed.logsource
    return LogSource(
        *(None if key is None else key.lower() for key in (source.product, source.category, source.service))
    )


def _any_id(rule: Parsed | Rule) -> str | None:
    return rule.info.id if isinstance(rule, Rule) else _id_of(rule)


def _id_of(rule: Parsed | SigmaFilter) -> str | None:
    return None if rule.id is None else str(rule.id)


def _id_in(document: dict[str, Any]) -> str | None:
    written = document.get("id")
    return written[:100] if isinstance(written, str) else None
