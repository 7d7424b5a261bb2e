"""Correlation rules as written become Correlations whose references are all known and free of cycles."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from sigma.correlations import SigmaCorrelationRule

from sentinel.detect.correlate.contribution import MAX_DEPTH
from sentinel.detect.correlate.expression import Combined, Expression, parse
from sentinel.detect.correlate.measure import NUMERIC
from sentinel.detect.describe import describe
from sentinel.detect.rewrite import EXPRESSION, LIMITS
from sentinel.detect.rule import Correlation, Fault, Rule
from sentinel.errors import InputError

MAX_THRESHOLD = 10_000
"""A count above this would need more memory per group than we give it."""
MAX_SPAN_SECONDS = 400 * 86_400
Written = tuple[Path, SigmaCorrelationRule]


def resolve_correlations(written: Sequence[Written], rules: Iterable[Rule]) -> tuple[list[Correlation], list[Fault]]:
    """Return the usable correlations, and a fault for each that is wrong or leans on one that is."""
    index = _Index()
    for rule in rules:
        index.add(rule.info.id, rule.name, rule.path)
    for path, each in written:
        index.add(describe(each).id, each.name or "", path)
    good: dict[str, Correlation] = {}
    faults: list[Fault] = []
    for path, each in written:
        try:
            defined = _define(path, each, index)
        except InputError as error:
            faults.append(Fault(path, describe(each).id, str(error)))
            continue
        good[defined.info.id] = defined
    usable = _usable(good, index.plain_ids(good, written))
    message = f"its rules lead back to itself, to a broken correlation, or over more than {MAX_DEPTH} others"
    faults += [Fault(bad.path, rule_id, message) for rule_id, bad in good.items() if rule_id not in usable]
    return [sound for rule_id, sound in good.items() if rule_id in usable], faults


class _Index:
    """Who is meant by an id or a name; a name that several bear means the one in the same file."""

    def __init__(self) -> None:
        self._ids: set[str] = set()
        self._names: defaultdict[str, list[tuple[str, Path]]] = defaultdict(list)

    def add(self, rule_id: str, name: str, path: Path) -> None:
        """Make a rule known."""
        self._ids.add(rule_id)
        if name:
            self._names[name].append((rule_id, path))

    def find(self, reference: str, path: Path) -> str:
        """Return the id meant by `reference` in the file `path`; raise InputError for none, or more than one."""
        if reference.lower() in self._ids:
            return reference.lower()
        bearers = self._names.get(reference, [])
        near = [bearer for bearer in bearers if bearer[1] == path] or bearers
        if not near:
            raise InputError(f"no rule has the id or name '{reference}', or that rule is broken")
        if len(near) > 1:
            raise InputError(f"{len(near)} rules have the name '{reference}'; refer to one by its id")
        return near[0][0]

    def plain_ids(self, good: Mapping[str, Correlation], written: Sequence[Written]) -> set[str]:
        """Return the ids of all rules that are no correlations."""
        correlations = {describe(each).id for _, each in written} | set(good)
        return self._ids - correlations


def _define(path: Path, rule: SigmaCorrelationRule, index: _Index) -> Correlation:
    written = [each.reference for each in rule.rules or ()]
    if not written or any(not isinstance(each, str) for each in written):
        raise InputError("correlation names no rules; list their ids or names under 'rules'")
    references = {each: index.find(each, path) for each in written}
    if rule.timespan.seconds > MAX_SPAN_SECONDS:
        raise InputError(f"timespan {rule.timespan.spec} is longer than {MAX_SPAN_SECONDS // 86_400} days")
    return Correlation(
        info=describe(rule),
        name=rule.name or "",
        path=path,
        kind=rule.type.name.lower(),
        rules=tuple(references[each] for each in written),
        span_seconds=rule.timespan.seconds,
        group_by=tuple(rule.group_by or ()),
        aliases={
            alias.alias: {index.find(each.reference, path): str(field) for each, field in alias.mapping.items()}
            for alias in rule.aliases
        },
        limits=_limits(rule, len(written)),
        fields=_fields(rule),
        percentile=_percentile(rule),
        expression=_expression(rule, set(references.values()), lambda name: index.find(name, path)),
        generates=bool(rule.generate),
    )


def _expression(rule: SigmaCorrelationRule, listed: set[str], find: Callable[[str], str]) -> Expression | None:
    text = rule.custom_attributes.get(EXPRESSION)
    if text is None:
        return None
    found = parse(str(text), find)
    named = set(_rules_in(found))
    if named != listed:
        raise InputError("correlation condition and 'rules' must name the same rules; leave 'rules' out where all are")
    return found


def _rules_in(expression: Expression) -> Iterator[str]:
    if isinstance(expression, str):
        yield expression
        return
    for part in expression.parts if isinstance(expression, Combined) else (expression.part,):
        yield from _rules_in(part)


def _limits(rule: SigmaCorrelationRule, count: int) -> tuple[tuple[str, float], ...]:
    if EXPRESSION in rule.custom_attributes:
        return ()
    given = rule.custom_attributes.get(LIMITS) or {"gte": count}
    limits = tuple((comparison, float(limit)) for comparison, limit in given.items() if comparison != "percentile")
    for comparison, limit in limits:
        if rule.type.name.endswith("COUNT") and not 0 <= limit <= MAX_THRESHOLD:
            raise InputError(f"correlation condition '{comparison}: {limit:g}' must lie in 0 to {MAX_THRESHOLD}")
    return limits


def _fields(rule: SigmaCorrelationRule) -> tuple[str, ...]:
    given = getattr(rule.condition, "fieldref", None)
    if given is None:
        return ()
    fields = tuple(given) if isinstance(given, list) else (given,)
    if not fields or not all(isinstance(field, str) for field in fields):
        raise InputError("correlation condition 'field' must be a name or a list of names")
    if len(fields) > 1 and rule.type.name.lower() in NUMERIC:
        raise InputError(f"correlation of type {rule.type.name.lower()} reads one field, not {len(fields)}")
    return fields


def _percentile(rule: SigmaCorrelationRule) -> float:
    percentile = float((rule.custom_attributes.get(LIMITS) or {}).get("percentile", 50))
    if not 0 <= percentile <= 100:
        raise InputError(f"percentile {percentile:g} must lie in 0 to 100")
    return percentile


def _usable(correlations: Mapping[str, Correlation], plain: set[str]) -> set[str]:
    """Return the ids whose references all lead to plain rules in the end, over at most `MAX_DEPTH` steps."""
    usable: set[str] = set()
    for _ in range(MAX_DEPTH):
        known = usable | plain
        more = {rule_id for rule_id, each in correlations.items() if known.issuperset(each.rules)}
        if more == usable:
            break
        usable = more
    return usable
