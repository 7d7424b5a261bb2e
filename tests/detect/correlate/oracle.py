"""What correlations mean, said as plainly as possible: all at once, in order, every window looked at from scratch."""

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from sentinel.detect.correlate.expression import Combined, Excluded, Expression
from sentinel.detect.correlate.hit import Hit
from sentinel.detect.rule import Correlation
from sentinel.model.match import Level, Match, RuleInfo

Answer = tuple[str, str, tuple[str, ...]]
"""Correlation, record that completed it, records behind it."""
COMPARE = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "eq": operator.eq,
    "neq": operator.ne,
}


@dataclass(frozen=True)
class Seen:
    """A hit as the oracle keeps it."""

    at: int
    rule: str
    records: tuple[str, ...]
    texts: tuple[str, ...]


def made(rule_id: str, kind: str, rules: Sequence[str], **options: object) -> Correlation:
    """Return a correlation by `ip` within ten seconds, as loading would make it."""
    across = bool(options.pop("across", False))
    given: dict[str, object] = {
        "info": RuleInfo(rule_id, rule_id, Level.HIGH, across_agencies=across),
        "name": rule_id,
        "path": Path("rule.yml"),
        "kind": kind,
        "rules": tuple(rules),
        "span_seconds": 10,
        "group_by": ("ip",),
        "aliases": {},
        "limits": (("gte", float(len(rules))),),
    }
    return Correlation(**{**given, **options})  # type: ignore[arg-type]


def answers(matches: Sequence[Match]) -> list[Answer]:
    """Return what of the matches the oracle says too, sorted."""
    return sorted((match.rule.id, match.record_id, match.contributing) for match in matches)


def oracle(correlations: Sequence[Correlation], hits: Sequence[Hit]) -> list[Answer]:
    """Return what correlations, those that others listen to first, make of hits in the order they arrived."""
    ordered = sorted(hits, key=lambda hit: hit.at)
    found: list[Answer] = []
    for correlation in correlations:
        groups: dict[tuple[str, ...], list[Seen]] = {}
        following: list[Hit] = []
        for hit in ordered:
            following.append(hit)
            if hit.rule not in correlation.rules:
                continue
            texts = tuple(hit.fields.get(name, "") for name in correlation.fields)
            seen = Seen(hit.at, hit.rule, hit.records or (hit.record,), texts)
            waiting = groups.setdefault(tuple(hit.fields.get(name, "") for name in correlation.group_by), [])
            part = step(correlation, waiting, seen)
            if part:
                records = tuple(dict.fromkeys(record for each in part for record in each.records))
                found.append((correlation.info.id, hit.record, records))
                following.append(
                    Hit(
                        rule=correlation.info.id, record=hit.record, when="", at=hit.at, received=hit.received,
                        agency="", fields=hit.fields, records=records,
                    )
                )  # fmt: skip
        ordered = following
    return sorted(found)


def step(correlation: Correlation, waiting: list[Seen], seen: Seen) -> list[Seen]:
    """Return the part of the window that ends at `seen` and meets the condition, taken out of `waiting`; else none."""
    if correlation.kind == "value_count":
        waiting[:] = [each for each in waiting if each.texts != seen.texts]
    if correlation.kind == "temporal":
        waiting[:] = [each for each in waiting if each.rule != seen.rule]
    is_simple = len(set(correlation.rules)) == len(correlation.rules)
    if correlation.kind == "temporal_ordered" and is_simple and waiting and waiting[-1].rule == seen.rule:
        waiting.pop()
    waiting.append(seen)
    window = [each for each in waiting if each.at >= seen.at - correlation.span_seconds * 1_000_000]
    if not holds(correlation, window):
        return []
    part = part_of(correlation, window)
    waiting[:] = [each for each in waiting if not any(each is used for used in part)]
    return part


def oracle_of_arrival(correlation: Correlation, hits: Sequence[Hit]) -> list[Answer]:
    """Return what a correlation makes of hits judged one by one as they arrive, each placed where its time says."""
    span = correlation.span_seconds * 1_000_000
    groups: dict[str, list[Seen]] = {}
    found: list[Answer] = []
    for hit in hits:
        if hit.rule not in correlation.rules:
            continue
        seen = Seen(hit.at, hit.rule, (hit.record,), tuple(hit.fields.get(name, "") for name in correlation.fields))
        waiting = groups.setdefault(hit.fields["ip"], [])
        waiting[:] = [each for each in waiting if each.at >= hit.at - 2 * span]
        forget_needless(correlation, waiting, seen)
        waiting.append(seen)
        waiting.sort(key=lambda each: each.at)
        for end in waiting[[each is seen for each in waiting].index(True) :]:
            before = waiting[: [each is end for each in waiting].index(True) + 1]
            window = [each for each in before if each.at >= end.at - span]
            if end.at - span <= seen.at and holds(correlation, window):
                part = part_of(correlation, window)
                waiting[:] = [each for each in waiting if not any(each is used for used in part)]
                found.append((correlation.info.id, hit.record, tuple(each.records[0] for each in part)))
                break
    return sorted(found)


def forget_needless(correlation: Correlation, waiting: list[Seen], seen: Seen) -> None:
    """Take out the newest of those before `seen` that it makes needless."""
    older = [each for each in waiting if each.at <= seen.at]
    if correlation.kind == "value_count":
        older = [each for each in older if each.texts == seen.texts]
    elif correlation.kind == "temporal":
        older = [each for each in older if each.rule == seen.rule]
    elif correlation.kind == "temporal_ordered" and len(set(correlation.rules)) == len(correlation.rules):
        older = [each for each in older[-1:] if each.rule == seen.rule]
    else:
        return
    if older:
        waiting[:] = [each for each in waiting if each is not older[-1]]


def part_of(correlation: Correlation, window: list[Seen]) -> list[Seen]:
    """Return the part of a window that makes the match: of an order nothing before its first rule."""
    if correlation.kind != "temporal_ordered":
        return window
    first = next(rule for rule in correlation.rules if any(each.rule == rule for each in window))
    return window[[each.rule for each in window].index(first) :]


def holds(correlation: Correlation, window: list[Seen]) -> bool:
    """Return whether a window meets the condition."""
    if correlation.expression is not None:
        present = {each.rule for each in window}
        if not is_true(correlation.expression, present):
            return False
        wanted = [rule for rule in correlation.rules if rule in present]
        return correlation.kind == "temporal" or in_order(wanted, window) == len(wanted)
    measured = measure(correlation, window)
    return all(COMPARE[comparison](measured, limit) for comparison, limit in correlation.limits)


def is_true(expression: Expression, present: set[str]) -> bool:
    """Return whether an extended condition holds of the rules that matched."""
    if isinstance(expression, Excluded):
        return not is_true(expression.part, present)
    if isinstance(expression, Combined):
        parts = [is_true(part, present) for part in expression.parts]
        return all(parts) if expression.needs_all else any(parts)
    return expression in present


def in_order(rules: Sequence[str], window: list[Seen]) -> int:
    """Return how many of the rules, from the first on, are found one after another."""
    found = 0
    for each in window:
        if found < len(rules) and each.rule == rules[found]:
            found += 1
    return found


def measure(correlation: Correlation, window: list[Seen]) -> float:
    """Return what a kind measures, from nothing but the window."""
    match correlation.kind:
        case "event_count":
            return len(window)
        case "value_count":
            return len({each.texts for each in window})
        case "temporal":
            return sum(any(each.rule == rule for each in window) for rule in correlation.rules)
        case "temporal_ordered":
            return in_order(correlation.rules, window)
    numbers = [Fraction(float(each.texts[0])) for each in window]
    match correlation.kind:
        case "value_sum":
            return float(sum(numbers))
        case "value_avg":
            return float(sum(numbers) / len(numbers))
    ranked = sorted(float(number) for number in numbers)
    place = (len(ranked) - 1) * (50 if correlation.kind == "value_median" else correlation.percentile) / 100
    low = int(place)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (place - low)


def late(hits: Sequence[Hit], delays: Sequence[int]) -> list[Hit]:
    """Return hits as they arrive when each is delayed by so many microseconds after it happened."""
    delayed = [replace_received(hit, hit.at + delay) for hit, delay in zip(hits, delays, strict=True)]
    return sorted(delayed, key=lambda hit: hit.received)


def replace_received(hit: Hit, received: int) -> Hit:
    """Return a hit that the server received at another time."""
    return Hit(hit.rule, hit.record, hit.when, hit.at, received, hit.agency, hit.fields, hit.evidence, hit.records)
