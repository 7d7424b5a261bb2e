"""Rules that have to be looked at with every event of their log source, because nothing in them is sure to be there."""

from collections.abc import Iterator, Sequence

from sentinel.cli.lint.issue import Issue
from sentinel.cli.lint.lines import line_of
from sentinel.detect.index.literal import of_expression, of_text
from sentinel.detect.rule import Rule
from sentinel.detect.taxonomy import Source
from sentinel.detect.tree import Group, Item, Negation, Node, Selection
from sentinel.detect.values import Boolean, Comparison, Exists, Expression, Network, Null, Number, Text, TimePart, Value


def expensive(rule: Rule, sources: Sequence[Source]) -> Iterator[Issue]:
    """Yield hints on what makes a rule slow; `sources` is not asked."""
    del sources
    if not _has_witness(rule.condition):
        yield _hint(
            rule,
            "nothing that it asks for is sure to be in every match, so each event of its log source has to be tried",
            "ask for a text, a value or a number that every match holds",
        )
    if _has_keywords(rule.condition) and rule.log_source.category is None and rule.log_source.service is None:
        yield _hint(
            rule,
            "keywords are searched in every text of every log of a whole product",
            "name a service or a category, or the field that holds the words",
        )


def _hint(rule: Rule, message: str, remedy: str) -> Issue:
    return Issue(
        path=rule.path,
        check="expensive",
        message=message,
        remedy=remedy,
        line=line_of(rule.path, rule.info.title, "detection"),
        rule=rule.info.title,
        is_grave=False,
    )


def _has_witness(node: Node) -> bool:
    """Return whether every match holds something that an index can find."""
    match node:
        case Selection():
            return _has_witness(node.part)
        case Negation():
            return False
        case Group():
            sure = sum(_has_witness(part) for part in node.parts)
            return sure > len(node.parts) - node.at_least
        case Item():
            if node.is_negated:
                return False
            choices = [all(_is_found(value) for value in choice) for choice in node.values]
            return any(choices) if node.needs_all else all(choices)


def _is_found(value: Value) -> bool:
    match value:
        case Text():
            is_exact = len(value.pieces) == 1 and None not in value.pieces[0]
            return is_exact or bool(of_text(value))
        case Expression():
            return bool(of_expression(value))
        case Null() | Exists():
            return False
        case Number() | Boolean() | Network() | Comparison() | TimePart():
            return True
    return True


def _has_keywords(node: Node) -> bool:
    match node:
        case Item():
            return node.field is None
        case Group():
            return any(_has_keywords(part) for part in node.parts)
        case Selection() | Negation():
            return _has_keywords(node.part)
