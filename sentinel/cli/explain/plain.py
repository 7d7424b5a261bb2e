"""A rule on one event: its condition as a tree of verdicts."""

import json
import sys
from dataclasses import replace

from sentinel.cli.columns import printable
from sentinel.cli.explain.events import Events
from sentinel.detect.engine import Engine
from sentinel.detect.rule import LogSource, Rule, RuleSet
from sentinel.detect.taxonomy import bundled
from sentinel.detect.why import Verdict
from sentinel.model.record import Record


def explain_rule(rule_set: RuleSet, rule: Rule, events: Events, number: int | None, *, as_json: bool) -> bool:
    """Print why `rule` holds or not on a record, or on the one that shows most; return whether it holds."""
    del rule_set
    engine = Engine(RuleSet((replace(rule, is_output=True),), (), []))
    number, record = (number, events.record(number)) if number is not None else _choose(engine, rule, events)
    verdicts = engine.why(rule.info.id, record)
    matches = any(verdict.holds for verdict in verdicts)
    if as_json:
        _print_json(rule, record, f"{events.name}:{number}", verdicts, matches=matches)
    else:
        _print(rule, record, f"{events.name}:{number}", verdicts, matches=matches)
    return matches


def _choose(engine: Engine, rule: Rule, events: Events) -> tuple[int, Record]:
    """Return the first record that matches; else the one of which most lines hold; else the first of all."""
    best: tuple[int, int, Record] | None = None
    for number, record in events.read():
        verdicts = engine.why(rule.info.id, record)
        if any(verdict.holds for verdict in verdicts):
            return number, record
        score = max((1 + _holding(verdict) for verdict in verdicts), default=0)
        if best is None or score > best[0]:
            best = (score, number, record)
    if best is None:
        return 1, events.record(1)
    return best[1], best[2]


def _holding(verdict: Verdict) -> int:
    """Return how many lines of a verdict hold; what is negated counts for nothing."""
    if verdict.what == "not":
        return 0
    return sum(map(_holding, verdict.parts)) if verdict.parts else int(verdict.holds)


def _print(rule: Rule, record: Record, place: str, verdicts: list[Verdict], *, matches: bool) -> None:
    source = rule.log_source
    lines = [
        f"{'MATCH' if matches else 'NO MATCH'}: {rule.info.title} ({rule.info.id})",
        f"{place}: {record.fields['event.dataset']}, {record.at}",
    ]
    if record.fields["event.kind"] == "pipeline_error":
        lines.append(f"the record cannot be read: {record.fields.get('error.message', '')}")
    if not verdicts:
        lines.append(
            f"FAIL the event belongs to no log source of the rule ({_said(source)}); it is of "
            f"{' or '.join(_log_sources(record)) or 'none that rules can speak of'}; see sentinel/detect/taxonomy"
        )
    if len(verdicts) > 1:
        lines.append(f"the log sources it belongs to read the rule's fields in {len(verdicts)} ways; one is enough")
    lines += [line for verdict in verdicts for line in verdict.lines()]
    sys.stdout.write("".join(printable(line) + "\n" for line in lines))


def _said(source: LogSource) -> str:
    given = (("product", source.product), ("category", source.category), ("service", source.service))
    return ", ".join(f"{key} {value}" for key, value in given if value) or "all logs"


def _log_sources(record: Record) -> list[str]:
    """Return the log sources a record belongs to, as rules name them."""
    found: dict[str, None] = {}
    for family in bundled():
        if family.speaks_for(str(record.fields["event.dataset"])):
            said = family.said(record.fields)
            found |= dict.fromkeys(_said(source.offered) for source in family.sources if source.takes(said))
    return list(found)


def _print_json(rule: Rule, record: Record, place: str, verdicts: list[Verdict], *, matches: bool) -> None:
    told = {
        "rule": {"id": rule.info.id, "title": rule.info.title, "level": rule.info.level},
        "event": {"place": place, "dataset": record.fields["event.dataset"], "at": record.at},
        "matches": matches,
        "belongs_to_log_source": bool(verdicts),
        "log_sources": _log_sources(record),
        "readings": [verdict.as_dict() for verdict in verdicts],
    }
    sys.stdout.write(json.dumps(told, ensure_ascii=False).encode("utf-8", "replace").decode() + "\n")
