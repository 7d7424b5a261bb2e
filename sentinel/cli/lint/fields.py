"""Fields that no log of a rule's log source has."""

from collections.abc import Iterable, Iterator, Sequence

from sentinel.cli.lint.issue import Issue
from sentinel.cli.lint.lines import line_of
from sentinel.detect.rule import Correlation, LogSource, Rule, RuleSet
from sentinel.detect.taxonomy import Source
from sentinel.detect.tree import Group, Item, Negation, Node, Selection
from sentinel.detect.values import Reference
from sentinel.model.ecs import FIELDS


def unmapped(rule: Rule, sources: Sequence[Source]) -> Iterator[Issue]:
    """Yield a fault for each field that none of the rule's log sources has, a hint where no log is for it at all."""
    if not sources:
        yield Issue(
            path=rule.path,
            check="no-log-source",
            message=f"no dataset of ours is of its log source ({said(rule.log_source)}), so it never sees an event",
            remedy="see sentinel/detect/taxonomy for those there are",
            line=line_of(rule.path, rule.info.title, "logsource"),
            rule=rule.info.title,
            is_grave=False,
        )
        return
    for name in sorted(fields_of(rule.condition)):
        if not any(is_known(name, source) for source in sources):
            yield _unknown(rule, name, f"field '{name}' is none of its log source ({said(rule.log_source)})")


def ungrouped(rule_set: RuleSet, offered: Iterable[Source]) -> Iterator[Issue]:
    """Yield a fault for each group-by field that the logs of a rule it listens to do not have."""
    everything = list(offered)
    rules = {rule.info.id: rule for rule in rule_set.rules}
    for correlation in rule_set.correlations:
        for rule in (rules[each] for each in correlation.rules if each in rules):
            sources = [source for source in everything if rule.log_source.fits(source.offered)]
            for name in correlation.group_by:
                field = correlation.aliases.get(name, {}).get(rule.info.id, name)
                if sources and not any(is_known(field, source) for source in sources):
                    message = f"group-by field '{field}' is none of the logs of '{rule.info.title}', so it never groups"
                    yield _unknown(correlation, field, message)


def _unknown(rule: Rule | Correlation, field: str, message: str) -> Issue:
    return Issue(
        path=rule.path,
        check="unmapped-field",
        message=message,
        remedy="name one that sentinel/detect/taxonomy maps there, or an ECS field",
        line=line_of(rule.path, rule.info.title, field),
        rule=rule.info.title,
    )


def said(log_source: LogSource) -> str:
    """Return a log source in words."""
    given = {"product": log_source.product, "category": log_source.category, "service": log_source.service}
    return ", ".join(f"{key} {value}" for key, value in given.items() if value) or "all logs"


def is_known(name: str, source: Source) -> bool:
    """Return whether records of a log source may have a field."""
    if source.names.prefix:
        return True  # Names below a prefix are the source's own and too many to list.
    return any(field in FIELDS for field in source.names.resolve(name))


def fields_of(node: Node) -> set[str]:
    """Return the fields a condition looks at."""
    match node:
        case Item():
            others = {value.field for choice in node.values for value in choice if isinstance(value, Reference)}
            return others if node.field is None else {node.field, *others}
        case Group():
            return {name for part in node.parts for name in fields_of(part)}
        case Selection() | Negation():
            return fields_of(node.part)
