"""pySigma's validators, on rules as Sentinel reads them, so that each finding has its file."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from sigma.rule import SigmaRuleBase
from sigma.validation import SigmaValidator
from sigma.validators.base import SigmaValidationIssue, SigmaValidationIssueSeverity
from sigma.validators.core import validators
from sigma.validators.core.tags import NamespaceTagValidator

from sentinel.cli.lint.issue import Issue
from sentinel.cli.lint.lines import line_of
from sentinel.detect.load import PARSER_FAILURES, parse_file

LEFT_OUT = ("attacktag", "d3_fendtag", "custom_attributes", "namespace_tag")
"""Validators that download lists from the internet, and those that refuse attributes and tags of our own."""
NOT_USED = ("deprecated", "unsupported")
"""Rules of such a status are set aside; nobody mends them."""
_OWN_NAMES = {"rules", "severity", "description"}


class _NamespaceValidator(NamespaceTagValidator):
    """Knows our own tags too, such as `sentinel.incident`."""

    allowed_namespace = NamespaceTagValidator.allowed_namespace | {"sentinel"}


def issues(files: Sequence[Path]) -> Iterator[Issue]:
    """Yield what pySigma's validators find; what they call low is a hint."""
    chosen = [kind for name, kind in validators.items() if name not in LEFT_OUT]
    validator = SigmaValidator([*chosen, _NamespaceValidator])
    parsed: list[SigmaRuleBase] = []
    paths: dict[int, Path] = {}
    for path in files:
        for rule in parse_file(path)[0]:
            if str(rule.status) in NOT_USED:
                continue
            parsed.append(rule)
            paths[id(rule)] = path
    for found in (*(issue for rule in parsed for issue in _validated(validator, rule)), *validator.finalize()):
        for rule in found.rules:
            yield _issue(found, rule, paths.get(id(rule), Path()))


def _validated(validator: SigmaValidator, rule: SigmaRuleBase) -> list[SigmaValidationIssue]:
    try:
        return validator.validate_rule(rule)  # type: ignore[arg-type]  # it takes correlations too
    except PARSER_FAILURES:
        return []  # Its condition cannot be read: the loader names the rule as broken, or it is set aside.


def _issue(found: SigmaValidationIssue, rule: SigmaRuleBase, path: Path) -> Issue:
    detail = ", ".join(f"{name} {value}" for name, value in vars(found).items() if name not in _OWN_NAMES and value)
    title = str(rule.title)
    return Issue(
        path=path,
        check=f"sigma:{type(found).__name__.removesuffix('Issue')}",
        message=f"{found.description}{f' ({detail})' if detail else ''}",
        line=line_of(path, title, "title:"),
        rule=title,
        is_grave=found.severity is not SigmaValidationIssueSeverity.LOW,
    )
