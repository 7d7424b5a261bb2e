"""`sentinel rules coverage`: which ATT&CK techniques the rules speak of."""

import json as to_json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sentinel.cli.rules.folders import Folders, Json, Pipelines, PlaceholderFile, rules_in, say, say_faults
from sentinel.errors import InputError, UnavailableError

if TYPE_CHECKING:
    from sentinel.cli.coverage.matrix import Matrix

TITLE = "ATT&CK coverage of Sigma rules"


def coverage(
    folders: Folders,
    navigator: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a layer for the ATT&CK Navigator; - is standard output.")
    ] = None,
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the matrix as a picture.")] = None,
    title: Annotated[str, typer.Option(help="Name of the layer and the picture.")] = TITLE,
    pipeline: Pipelines = None,
    placeholders: PlaceholderFile = None,
    json: Json = False,
) -> None:
    """Show the ATT&CK matrix of the rules: tactics, techniques, and how many rules speak of each.

    A number says that rules exist, not that they find every form of a technique.
    """
    from sentinel.cli.coverage.matrix import matrix

    rule_set = rules_in(folders, pipeline, placeholders)
    say_faults(rule_set, limit=5)
    infos = [rule.info for rule in rule_set.rules] + [each.info for each in rule_set.correlations]
    if not infos:
        raise InputError("no usable rule was found there")
    found = matrix(infos)
    if navigator is not None:
        from sentinel.cli.coverage.navigator import layer

        _write(navigator, to_json.dumps(layer(found, title), ensure_ascii=False, indent=1) + "\n")
    if svg is not None:
        from sentinel.cli.coverage.picture import picture

        _write(svg, picture(found, title))
    if json:
        _show_json(found)
    elif navigator is None and svg is None:
        _show(found)
    number = len(infos) - len(found.untagged)
    say(f"{number} of {len(infos)} rules speak of {len(found.techniques())} techniques in {len(found.cells)} tactics")


def _write(path: Path, text: str) -> None:
    if str(path) == "-":
        sys.stdout.write(text)
        return
    try:
        path.write_text(text, "utf-8", errors="replace")
    except OSError as error:
        raise UnavailableError(f"cannot write {path}: {error.strerror}") from error


def _show_json(found: "Matrix") -> None:
    from sentinel.cli.coverage.attack import name_of

    for tactic, technique, rules in found.rows():
        line = {"tactic": tactic, "technique": technique, "name": name_of(technique), "rules": len(rules)}
        line |= {"ids": [rule.id for rule in rules]}
        sys.stdout.write(to_json.dumps(line, ensure_ascii=False) + "\n")


def _show(found: "Matrix") -> None:
    from rich.console import Console
    from rich.table import Column, Table

    from sentinel.cli.coverage.attack import name_of, tactic_name

    table = Table("tactic", Column("technique", no_wrap=True), "name", Column("rules", justify="right"))
    for tactic, techniques in found.cells.items():
        table.add_section()
        head = tactic_name(tactic)
        for technique, rules in techniques.items():
            name = name_of(technique)
            table.add_row(head, technique, f"  {name}" if "." in technique else name, str(len(rules)))
            head = ""
    Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 120).print(table)
