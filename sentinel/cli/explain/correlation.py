"""A correlation on a file: which of its rules matched, in which groups, how far from its threshold."""

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace

from sentinel.cli.columns import printable
from sentinel.cli.explain.events import Events
from sentinel.detect.correlate.contribution import Contribution, Key
from sentinel.detect.correlate.desk import Desk
from sentinel.detect.correlate.hit import AGENCY, Hit, microseconds
from sentinel.detect.correlate.measure import MEASURES
from sentinel.detect.engine import Engine
from sentinel.detect.rule import Correlation, RuleSet
from sentinel.model.match import Match

BATCH = 500
MAX_HELD = 1_000_000
MAX_GROUPS_SHOWN = 10
_RISING = ("gt", "gte", "eq")


@dataclass(slots=True)
class _Group:
    """The window of a group that came nearest to the threshold."""

    group: dict[str, str]
    matches: int
    """All matches of the group, in the window or not."""
    value: float
    in_window: int
    first: str
    last: str
    missing: list[str] = field(default_factory=list)
    """Titles of the rules that a temporal correlation still waits for."""
    fired: int = 0
    """How many times the correlation fired for the group."""


@dataclass(slots=True)
class _Found:
    """What a file holds for a correlation."""

    events: int = 0
    hits: Counter[str] = field(default_factory=Counter)
    """Rule id to matches."""
    groups: dict[Key, list[tuple[Contribution, Hit]]] = field(default_factory=lambda: defaultdict(list))
    ungrouped: Counter[str] = field(default_factory=Counter)
    fired: list[Match] = field(default_factory=list)


def explain_correlation(rule_set: RuleSet, chosen: Correlation, events: Events, *, as_json: bool) -> bool:
    """Print what a file holds for a correlation; return whether it fires."""
    subset = _subset(rule_set, chosen)
    found = _read(subset, chosen, events)
    titles = {rule.info.id: rule.info.title for rule in subset.rules}
    titles |= {each.info.id: each.info.title for each in subset.correlations}
    groups = sorted(_groups(chosen, found, titles), key=lambda each: (-each.fired, -each.value * _sign(chosen)))
    if as_json:
        _print_json(chosen, found, groups, titles, events.name)
    else:
        lines = _lines(chosen, found, groups, titles, events.name)
        sys.stdout.write("".join(printable(line) + "\n" for line in lines))
    return bool(found.fired)


def _subset(rule_set: RuleSet, chosen: Correlation) -> RuleSet:
    """Return the correlation and all it listens to, each of them speaking."""
    correlations = {each.info.id: each for each in rule_set.correlations}
    wanted, waiting = {chosen.info.id}, [chosen]
    while waiting:
        for rule_id in waiting.pop().rules:
            if rule_id not in wanted:
                wanted.add(rule_id)
                waiting += [correlations[rule_id]] if rule_id in correlations else []
    return RuleSet(
        tuple(replace(rule, is_output=True) for rule in rule_set.rules if rule.info.id in wanted),
        tuple(replace(each, is_output=True) for each in rule_set.correlations if each.info.id in wanted),
        [],
    )


def _read(subset: RuleSet, chosen: Correlation, events: Events) -> _Found:
    engine, desk, found = Engine(subset), Desk(chosen, 1, 0, MAX_HELD), _Found()
    plain = {rule.info.id for rule in subset.rules}
    for _, record in events.read():
        found.events += 1
        [hits] = engine.judge([record])
        concluded = engine.conclude([record], [hits])
        found.fired += [match for match, _ in concluded if match.rule.id == chosen.info.id]
        below = [
            _hit(match, str(record.fields.get(AGENCY, ""))) for match, _ in concluded if match.rule.id not in plain
        ]
        for hit in (*hits, *below):
            if hit.rule in desk.names:
                found.hits[hit.rule] += 1
                _place(desk, hit, found)
    return found


def _place(desk: Desk, hit: Hit, found: _Found) -> None:
    read = desk.read(hit, sum(found.hits.values()))
    if read is None:
        found.ungrouped[hit.rule] += 1
    else:
        found.groups[read[0]].append((read[1], hit))


def _hit(match: Match, agency: str) -> Hit:
    """Return the match of a correlation as those above it see it."""
    at = microseconds(match.at)
    return Hit(match.rule.id, match.record_id, match.at, at, 0, agency, dict(match.group), (), match.contributing)


def _sign(chosen: Correlation) -> int:
    """Return 1 where more is nearer to the threshold, -1 where less is."""
    return 1 if not chosen.limits or chosen.limits[0][0] in _RISING else -1


def _groups(chosen: Correlation, found: _Found, titles: dict[str, str]) -> Iterator[_Group]:
    fired = Counter(match.group for match in found.fired)
    for key, contributions in found.groups.items():
        group = dict(zip(chosen.group_by, key[1:], strict=False))
        best = _best(chosen, contributions, titles)
        best.group = group
        best.fired = fired[tuple(group.items())]
        yield best


def _best(chosen: Correlation, found: list[tuple[Contribution, Hit]], titles: dict[str, str]) -> _Group:
    """Slide the correlation's window over a group and return where it came nearest to the threshold."""
    ordered = sorted(found, key=lambda each: (each[0].at, each[0].order))
    rules = list(dict.fromkeys(chosen.rules))
    listed = [rules.index(rule) for rule in chosen.rules]
    measure = MEASURES[chosen.kind](chosen, listed)
    best: _Group | None = None
    start = 0
    for end, (added, hit) in enumerate(ordered):
        measure.add(added)
        while ordered[end][0].at - ordered[start][0].at > chosen.span_seconds * 1_000_000:
            measure.remove(ordered[start][0])
            start += 1
        value = measure.value()
        if best is None or (value - best.value) * _sign(chosen) > 0:
            is_temporal = chosen.kind.startswith("temporal")
            missing = [titles[rule] for place, rule in enumerate(rules) if is_temporal and not measure.has(place)]
            first = ordered[start][1].when
            best = _Group({}, len(ordered), value, end - start + 1, first, hit.when, missing)
    return best or _Group({}, 0, 0.0, 0, "", "")


def _times(count: int, what: str = "match") -> str:
    plural = "es" if what.endswith("ch") else "s"
    return f"{count} {what}{'' if count == 1 else plural}"


def _wanted(chosen: Correlation) -> str:
    limits = " and ".join(f"{comparison} {limit:g}" for comparison, limit in chosen.limits)
    what = f" of {', '.join(chosen.fields)}" if chosen.fields else ""
    by = f", by {', '.join(chosen.group_by)}" if chosen.group_by else ""
    return f"{chosen.kind}{what} {limits or '(its own condition)'} within {chosen.span_seconds} s{by}"


def _distance(chosen: Correlation, value: float) -> str:
    """Return how far a value is from the first limit that it misses; empty where it misses none."""
    for comparison, limit in chosen.limits:
        lacks = {"gte": limit - value, "gt": limit - value + 1, "eq": abs(limit - value)}.get(comparison, 0.0)
        exceeds = {"lte": value - limit, "lt": value - limit + 1}.get(comparison, 0.0)
        if lacks > 0:
            return f", {lacks:g} short of {comparison} {limit:g}"
        if exceeds > 0:
            return f", {exceeds:g} above {comparison} {limit:g}"
    return ""


def _lines(
    chosen: Correlation, found: _Found, groups: list[_Group], titles: dict[str, str], name: str
) -> Iterator[str]:
    verdict = "MATCH" if found.fired else "NO MATCH"
    yield f"{verdict}: {chosen.info.title} ({chosen.info.id})"
    yield f"{name}: {found.events} events; it wants {_wanted(chosen)}"
    for rule in dict.fromkeys(chosen.rules):
        count = found.hits[rule]
        lost = found.ungrouped[rule]
        note = f"; {lost} of them without a field to group by or count" if lost else ""
        yield f"  {'PASS' if count else 'FAIL'} {titles[rule]}: {_times(count)}{note}"
    if not groups:
        yield "  no group: none of its rules matched with all that groups them"
    for group in groups[:MAX_GROUPS_SHOWN]:
        named = ", ".join(f"{key}={value}" for key, value in group.group.items()) or "all"
        verdict = f"PASS fired {_times(group.fired, 'time')}" if group.fired else "FAIL"
        yield f"  group {named}: {verdict}"
        yield (
            f"    nearest window: {group.value:g} from {group.in_window} of its {_times(group.matches)}, "
            f"{group.first} to {group.last}{'' if group.fired else _distance(chosen, group.value)}"
        )
        if group.missing and not group.fired:
            yield f"    still missing: {', '.join(group.missing)}"
    if len(groups) > MAX_GROUPS_SHOWN:
        yield f"  and {len(groups) - MAX_GROUPS_SHOWN} groups more"


def _print_json(chosen: Correlation, found: _Found, groups: list[_Group], titles: dict[str, str], name: str) -> None:
    told = {
        "rule": {"id": chosen.info.id, "title": chosen.info.title, "level": chosen.info.level},
        "events": {"file": name, "count": found.events},
        "matches": bool(found.fired),
        "wanted": _wanted(chosen),
        "rules": [
            {"id": rule, "title": titles[rule], "matches": found.hits[rule], "ungrouped": found.ungrouped[rule]}
            for rule in dict.fromkeys(chosen.rules)
        ],
        "groups": [asdict(group) for group in groups],
    }
    sys.stdout.write(json.dumps(told, ensure_ascii=False).encode("utf-8", "replace").decode() + "\n")
