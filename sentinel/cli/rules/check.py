"""`sentinel rules check`: can each rule be used, and is anything in it questionable."""

import json as to_json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from sentinel.cli.rules.folders import Folders, Json, Pipelines, PlaceholderFile, rules_in, say, show
from sentinel.errors import InputError

if TYPE_CHECKING:
    from sentinel.cli.lint.issue import Issue

MANY = 500
"""From so many files on, a person should know why nothing is printed yet."""


def check(
    folders: Folders,
    strict: Annotated[bool, typer.Option("--strict", help="Hints fail too.")] = False,
    sigma: Annotated[bool, typer.Option(help="Run `sigma check` of sigma-cli as well.")] = True,
    pipeline: Pipelines = None,
    placeholders: PlaceholderFile = None,
    json: Json = False,
) -> None:
    """Check rules: can each be used, is anything in it questionable, has it its samples. Exits with 1 if not.

    Faults fail; hints (matters of taste, and of speed) do so with --strict only. Samples are asked for where any rule
    of the folders has some; an imported rule pack has none.
    """
    from sentinel.cli.lint import lint
    from sentinel.cli.samples import samples_of
    from sentinel.detect.documents import rule_files

    files = list(rule_files(folders))
    if not files:
        raise InputError("no rule was found there")
    if len(files) > MANY and sigma:
        say(f"checking {len(files)} files; this takes a while, --no-sigma is quicker")
    rule_set = rules_in(folders, pipeline, placeholders)
    wants_samples = any(len(samples_of(path).missing) < 2 for path in files)
    issues = lint(files, rule_set, wants_samples=wants_samples, runs_sigma_cli=sigma)
    for issue in issues:
        _show(issue, as_json=json)
    grave = sum(issue.is_grave for issue in issues)
    usable = len(rule_set.rules) + len(rule_set.correlations)
    aside = sum(fault.is_set_aside for fault in rule_set.faults)
    say(f"{len(files)} files, {usable} usable rules, {aside} set aside, {grave} faults, {len(issues) - grave} hints")
    if grave or (strict and issues):
        raise SystemExit(1)


def _show(issue: "Issue", *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(to_json.dumps(issue.as_dict(), ensure_ascii=False) + "\n")
        return
    kind = "" if issue.is_grave else "hint: "
    remedy = f"; {issue.remedy}" if issue.remedy else ""
    place = f"{issue.path}:{issue.line}" if issue.line else str(issue.path)
    rule = f" [{issue.rule}]" if issue.rule else ""
    text = f"{place}: {kind}{issue.message}{remedy}{rule}"
    show(text)
