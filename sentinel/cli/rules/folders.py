"""What every `sentinel rules` command is told: where the rules are; and how it names those that cannot be used."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sentinel.cli.columns import printable

if TYPE_CHECKING:
    from sentinel.detect.rule import RuleSet

Folders = Annotated[
    list[Path], typer.Argument(metavar="DIR...", help="Rule files, or folders of them.", readable=False)
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per line on standard output.")]
Pipelines = Annotated[
    list[str] | None, typer.Option(help="pySigma pipeline to apply: a file or an installed name (repeatable).")
]
PlaceholderFile = Annotated[Path | None, typer.Option(help="YAML file with the values of %placeholders%.")]
MAX_NAMED = 20


def rules_in(folders: list[Path], pipelines: list[str] | None = None, placeholders: Path | None = None) -> "RuleSet":
    """Return the rules in `folders`, read with the pipelines and the placeholders that were named."""
    from sentinel.detect.load import load_rules
    from sentinel.detect.pipelines import read_pipelines
    from sentinel.detect.placeholders import read_placeholders

    return load_rules(
        folders,
        placeholders=None if placeholders is None else read_placeholders(placeholders),
        pipelines=read_pipelines(pipelines or []),
    )


def say(text: str) -> None:
    """Print a line on standard error that nothing in it can break."""
    sys.stderr.write(printable(text) + "\n")


def show(text: str) -> None:
    """Print a line on standard output that nothing in it can break."""
    sys.stdout.write(printable(text) + "\n")


def say_faults(rule_set: "RuleSet", limit: int | None = None) -> int:
    """Name what is broken, the first `limit` of it, and return how much it is; say how much was left out on purpose."""
    broken = [fault for fault in rule_set.faults if not fault.is_set_aside]
    for fault in broken[:limit]:
        say(f"{fault.path}: broken: {fault.message}")
    if limit is not None and len(broken) > limit:
        say(f"{len(broken)} rules are broken in all; `sentinel rules list --why-skipped` names them")
    if aside := len(rule_set.faults) - len(broken):
        say(f"{aside} deprecated or unsupported rules are set aside")
    return len(broken)
