"""What is questionable in rules: pySigma's validators, and what only Sentinel can know."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sigma.rule import SigmaRuleBase
from sigma.validation import SigmaValidator
from sigma.validators.base import SigmaValidationIssue, SigmaValidationIssueSeverity
from sigma.validators.core import validators
from sigma.validators.core.tags import NamespaceTagValidator

from sentinel.cli.samples import samples_of
from sentinel.detect.load import parse_file
from sentinel.detect.rule import Rule, RuleSet
from sentinel.detect.taxonomy import Source, bundled
from sentinel.detect.tree import Group, Item, Negation, Node, Selection
from sentinel.model.ecs import FIELDS

LEFT_OUT = frozenset({"attacktag", "d3_fendtag", "custom_attributes", "namespace_tag"})
"""Validators that download lists from the internet, and those that refuse attributes and tags of our own."""
_ATTACK = re.compile(r"attack\.(?:t\d{4}(?:\.\d{3})?|[a-z][a-z-]+|[gs]\d{4}|ds\d{4}|m\d{4})")


@dataclass(frozen=True, slots=True)
class Issue:
    """Something to look at in a rule."""

    path: Path
    message: str
    is_grave: bool
    """False for a matter of taste, which fails no check."""


class _NamespaceValidator(NamespaceTagValidator):
    """Knows our own tags too, such as `sentinel.incident`."""

    allowed_namespace = NamespaceTagValidator.allowed_namespace | {"sentinel"}


def lint(rule_files: Iterable[Path], rule_set: RuleSet, *, wants_samples: bool) -> list[Issue]:
    """Return all issues of the rules in `rule_files`, which `rule_set` was loaded from."""
    files = list(rule_files)
    issues = list(_validator_issues(files))
    for rule in rule_set.rules:
        issues += _own_issues(rule)
    if wants_samples:
        for path in files:
            issues += [Issue(path, f"there is no sample {missing.name}", True) for missing in samples_of(path).missing]
    return sorted(issues, key=lambda issue: (str(issue.path), not issue.is_grave, issue.message))


def _validator_issues(files: Iterable[Path]) -> Iterator[Issue]:
    chosen = [kind for name, kind in validators.items() if name not in LEFT_OUT]
    validator = SigmaValidator([*chosen, _NamespaceValidator])
    parsed: list[SigmaRuleBase] = []
    paths: dict[int, Path] = {}
    for path in files:
        for rule in parse_file(path)[0]:
            parsed.append(rule)
            paths[id(rule)] = path
    for found in validator.validate_rules(iter(parsed)):  # type: ignore[arg-type]
        for rule in found.rules:
            is_grave = found.severity is not SigmaValidationIssueSeverity.LOW
            yield Issue(paths.get(id(rule), Path()), _words(found), is_grave)


def _words(issue: SigmaValidationIssue) -> str:
    known = {"rules", "severity", "description"}
    detail = ", ".join(f"{name} {value}" for name, value in vars(issue).items() if name not in known and value)
    return f"{issue.description}{f' ({detail})' if detail else ''}"


def _own_issues(rule: Rule) -> Iterator[Issue]:
    if not any(tag.startswith("attack.") for tag in rule.info.tags):
        yield Issue(rule.path, "no ATT&CK tag, such as attack.t1110", False)
    for tag in rule.info.tags:
        if tag.startswith("attack.") and not _ATTACK.fullmatch(tag):
            yield Issue(rule.path, f"tag '{tag}' is no ATT&CK tactic, technique, group or software", True)
    sources = [source for family in bundled() for source in family.sources if rule.log_source.fits(source.offered)]
    if not sources:
        yield Issue(rule.path, "no dataset of ours belongs to its log source, so it never sees an event", False)
        return
    for name in sorted(_fields(rule.condition)):
        if not any(_is_known(name, source) for source in sources):
            yield Issue(rule.path, f"field '{name}' is none of its log source; see sentinel/detect/taxonomy", True)


def _is_known(name: str, source: Source) -> bool:
    if source.names.prefix:
        return True  # Names below a prefix are the source's own and too many to list.
    return any(field in FIELDS for field in source.names.resolve(name))


def _fields(node: Node) -> set[str]:
    match node:
        case Item():
            return set() if node.field is None else {node.field}
        case Group():
            return {name for part in node.parts for name in _fields(part)}
        case Selection() | Negation():
            return _fields(node.part)
