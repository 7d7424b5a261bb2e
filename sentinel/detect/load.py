"""Rule files become a RuleSet: one broken rule never stops the others."""

import logging
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sigma.collection import SigmaCollection
from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaError
from sigma.filters import SigmaFilter
from sigma.rule import SigmaRule
from sigma.rule.attributes import SigmaStatus

from sentinel.detect.compile import prove
from sentinel.detect.correlate.define import resolve_correlations
from sentinel.detect.describe import describe
from sentinel.detect.documents import read_documents, rule_files
from sentinel.detect.lower import lower
from sentinel.detect.rewrite import rewrite
from sentinel.detect.rule import Fault, LogSource, Rule, RuleSet
from sentinel.errors import InputError

log = logging.getLogger(__name__)

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
Parsed = SigmaRule | SigmaCorrelationRule


def load_rules(paths: Sequence[Path]) -> RuleSet:
    """Return every rule below `paths`, with a Fault for each that cannot be used.

    Raises InputError only where a path does not exist.
    """
    loader = _Loader()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python warns of regular expressions that it reads unlike others.
        for path in rule_files(paths):
            loader.read(path)
        return loader.finish()


def parse_file(path: Path) -> tuple[list[Parsed], list[SigmaFilter], list[Fault]]:
    """Return what pySigma makes of a file: rules, filters, and faults; never raises for what is in it."""
    try:
        documents = read_documents(path)
    except InputError as error:
        return [], [], [Fault(path, None, str(error).removeprefix(f"{path}: "))]
    rules: list[Parsed] = []
    filters: list[SigmaFilter] = []
    faults: list[Fault] = []
    # Documents that say `action` change those after them, so such a file is read as a whole.
    together = any("action" in document for document in documents)
    for batch in [documents] if together else [[document] for document in documents]:
        try:
            found = _parse(batch)
        except PARSER_FAILURES as error:
            faults.append(Fault(path, _id_in(batch), message_of(error)))
            continue
        rules += [rule for rule in found.rules if not rule.errors]
        filters += [each for each in found.filters if not each.errors]
        broken = [each for each in [*found.rules, *found.filters] if each.errors]
        faults += [Fault(path, _id_of(each), "; ".join(map(message_of, each.errors))) for each in broken]
    return rules, filters, faults


def _parse(documents: list[dict[str, Any]]) -> SigmaCollection:
    rewritten = [rewrite(document) for document in documents]
    return SigmaCollection.from_dicts(rewritten, collect_errors=True, collect_filters=True, resolve_references=False)


def message_of(error: BaseException) -> str:
    """Return one line that says what is wrong."""
    text = " ".join(str(error).split()) or type(error).__name__
    is_meant = isinstance(error, SigmaError | InputError)
    return text if is_meant else f"not a Sigma rule ({type(error).__name__}: {text})"


class _Loader:
    """Gathers parsed rules until all are known, because filters and correlations name others."""

    def __init__(self) -> None:
        self._parsed: list[tuple[Path, Parsed]] = []
        self._filters: list[SigmaFilter] = []
        self._faults: list[Fault] = []
        self._paths: dict[str, tuple[Path, Parsed]] = {}

    def read(self, path: Path) -> None:
        """Take in one file."""
        rules, filters, faults = parse_file(path)
        self._filters += filters
        self._faults += faults
        for rule in rules:
            if rule.status in _SET_ASIDE:
                self._faults.append(Fault(path, _id_of(rule), _SET_ASIDE[rule.status], is_set_aside=True))
            else:
                self._parsed.append((path, rule))

    def finish(self) -> RuleSet:
        """Return the set: filters applied, correlations resolved, every rule compiled once to prove that it can be."""
        rules: list[Rule] = []
        correlations: list[tuple[Path, SigmaCorrelationRule]] = []
        for path, parsed in self._parsed:
            try:
                if not self._is_new(path, parsed):
                    continue
                if isinstance(parsed, SigmaCorrelationRule):
                    correlations.append((path, parsed))
                else:
                    rules.append(self._rule(path, parsed))
            except PARSER_FAILURES as error:
                self._faults.append(Fault(path, _id_of(parsed), message_of(error)))
        resolved, faults = resolve_correlations(correlations, rules)
        self._faults += faults
        silent = {rule for each in resolved if not each.generates for rule in each.rules}
        broken = sum(not fault.is_set_aside for fault in self._faults)
        log.info("Rules are loaded.", extra={"rules": len(rules), "correlations": len(resolved), "broken": broken})
        return RuleSet(
            tuple(replace(rule, is_output=rule.info.id not in silent) for rule in rules),
            tuple(replace(each, is_output=each.info.id not in silent) for each in resolved),
            self._faults,
        )

    def _is_new(self, path: Path, parsed: Parsed) -> bool:
        rule_id = describe(parsed).id
        first = self._paths.setdefault(rule_id, (path, parsed))
        if first[1] is not parsed:
            self._faults.append(
                Fault(path, rule_id, f"this id belongs to a rule in {first[0]} already; give it a new one")
            )
        return first[1] is parsed

    def _rule(self, path: Path, parsed: SigmaRule) -> Rule:
        for each in self._filters:
            each.apply_on_rule(parsed)
        source = parsed.logsource
        rule = Rule(
            info=describe(parsed),
            name=parsed.name or "",
            path=path,
            log_source=LogSource(source.product, source.category, source.service),
            condition=lower(parsed.detection),
        )
        prove(rule.condition)
        return rule


def _id_of(rule: Parsed | SigmaFilter) -> str | None:
    return None if rule.id is None else str(rule.id)


def _id_in(documents: Iterable[dict[str, Any]]) -> str | None:
    for document in documents:
        if isinstance(document.get("id"), str):
            return str(document["id"])[:100]
    return None
