"""`sentinel rules test`: every rule against its samples, and all rules against all samples."""

import json as to_json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sentinel.cli.rules.folders import Folders, Json, Pipelines, PlaceholderFile, rules_in, say, say_faults, show
from sentinel.errors import InputError

if TYPE_CHECKING:
    from sentinel.cli.samples import Outcome


def run_samples(
    folders: Folders,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the outcome as JUnit XML, for CI.")] = None,
    pipeline: Pipelines = None,
    placeholders: PlaceholderFile = None,
    json: Json = False,
) -> None:
    """Run the samples beside each rule: NAME.fires.ndjson must fire, NAME.quiet.ndjson must not. Exits with 1 if not.

    All rules run together, so it also says which others fire on a sample.
    """
    from sentinel.cli.junit import write_report
    from sentinel.cli.samples import Trial

    rule_set = rules_in(folders, pipeline, placeholders)
    broken = say_faults(rule_set)
    trial = Trial(rule_set)
    outcomes = []
    for path in trial.rule_files:
        outcome = trial.run(path)
        outcomes.append(outcome)
        _show(outcome, as_json=json)
    if junit is not None:
        write_report(junit, outcomes, [fault for fault in rule_set.faults if not fault.is_set_aside])
    failed = sum(bool(outcome.problems) for outcome in outcomes)
    say(f"{len(outcomes)} rule files, {failed} failed, {broken} broken rules")
    if failed or broken:
        raise SystemExit(1)
    if not outcomes:
        raise InputError("no rule was found there")


def _show(outcome: "Outcome", *, as_json: bool) -> None:
    path = outcome.samples.rule_file
    if as_json:
        line = {
            "file": str(path),
            "ok": not outcome.problems,
            "problems": list(outcome.problems),
            "also_fires": [
                {"sample": each.sample, "id": each.rule.id, "title": each.rule.title} for each in outcome.others
            ],
        }
        sys.stdout.write(to_json.dumps(line, ensure_ascii=False) + "\n")
        return
    lines = [f"{'FAIL' if outcome.problems else 'ok  '} {path}", *(f"     {each}" for each in outcome.problems)]
    lines += [f"     also fires: {each.sample}: {each.rule.title}" for each in outcome.others]
    for text in lines:
        show(text)
