"""What is questionable in rules: pySigma's validators, sigma-cli, and what only Sentinel can know."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from sentinel.cli.lint import attributes, cost, fields, never, sigma_cli, validators
from sentinel.cli.lint.issue import Issue
from sentinel.cli.lint.lines import line_of
from sentinel.cli.samples import samples_of
from sentinel.detect.rule import Rule, RuleSet
from sentinel.detect.taxonomy import Source, bundled

CHECKS: tuple[Callable[[Rule, Sequence[Source]], Iterator[Issue]], ...] = (
    fields.unmapped,
    never.contradictions,
    cost.expensive,
)
"""Checks of a usable rule, with the log sources of ours that it is for; none of them raises for what is in a rule."""


def lint(
    rule_files: Sequence[Path], rule_set: RuleSet, *, wants_samples: bool, runs_sigma_cli: bool = True
) -> list[Issue]:
    """Return all issues of the rules in `rule_files`, which `rule_set` was loaded from: each once, by place."""
    issues = [_broken(fault.path, fault.rule_id, fault.message) for fault in rule_set.faults if not fault.is_set_aside]
    issues += [_doubt(doubt.path, doubt.rule_id, doubt.message) for doubt in rule_set.doubts]
    issues += validators.issues(rule_files)
    for path in rule_files:
        issues += attributes.issues(path)
    offered = [source for family in bundled() for source in family.sources]
    for rule in rule_set.rules:
        sources = [source for source in offered if rule.log_source.fits(source.offered)]
        for check in CHECKS:
            issues += check(rule, sources)
    issues += fields.ungrouped(rule_set, offered)
    if wants_samples:
        issues += [issue for path in rule_files for issue in _samples(path)]
    if runs_sigma_cli:
        issues += sigma_cli.issues(rule_files, known=issues)
    return sorted(
        dict.fromkeys(issues), key=lambda each: (str(each.path), each.line or 0, not each.is_grave, each.message)
    )


def _broken(path: Path, rule_id: str | None, message: str) -> Issue:
    line = line_of(path, rule_id, "title:") if rule_id else None
    return Issue(path=path, check="broken", message=message, remedy="the rule is not used until then", line=line)


def _doubt(path: Path, rule_id: str | None, message: str) -> Issue:
    line = line_of(path, rule_id, "condition") if rule_id else line_of(path, "filter:")
    return Issue(path=path, check="doubt", message=message, line=line, is_grave=False)


def _samples(path: Path) -> Iterator[Issue]:
    for missing in samples_of(path).missing:
        remedy = "write it: events as `sentinel rules test --help` says"
        yield Issue(path=path, check="no-sample", message=f"there is no sample {missing.name}", remedy=remedy)
