"""`sentinel rules list`: the rules that are used; with `--why-skipped` those that are not, each with its reason."""

import json as to_json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sentinel.cli.rules.folders import Json, Pipelines, PlaceholderFile, rules_in, say, say_faults, show
from sentinel.errors import InputError
from sentinel.model.match import Level, RuleInfo

if TYPE_CHECKING:
    from sentinel.detect.rule import LogSource, RuleSet


@dataclass(frozen=True, slots=True)
class Listed:
    """One rule in use."""

    id: str
    title: str
    title_vi: str
    level: str
    status: str
    log_source: str
    tags: tuple[str, ...]
    file: str
    state: str | None = None
    """In a server, where a home folder was named: `enabled`, `shadow` or `disabled`."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """One rule that is not used."""

    file: str
    line: int | None
    id: str | None
    kind: str
    """`broken`, `set aside`, or `never` for one whose logs nobody sends."""
    reason: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Which rules somebody wants to see; what is None chooses all."""

    level: Level | None = None
    tag: str | None = None
    product: str | None = None

    def takes(self, info: RuleInfo, products: set[str | None]) -> bool:
        """Return whether a rule is wanted."""
        if self.level is not None and info.level.rank < self.level.rank:
            return False
        if self.tag is not None and not any(self.tag.lower() in tag.lower() for tag in info.tags):
            return False
        return self.product is None or self.product in products


def list_rules(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="DIR...", help="Rule files, or folders of them; else those of --home."),
    ] = None,
    level: Annotated[str | None, typer.Option(help="Only rules of this level and above: low, medium, high ...")] = None,
    tag: Annotated[
        str | None, typer.Option(help="Only rules with a tag that holds this: t1110, initial-access.")
    ] = None,
    product: Annotated[str | None, typer.Option(help="Only rules for this product: windows, linux ...")] = None,
    why_skipped: Annotated[
        bool, typer.Option("--why-skipped", help="List the rules that are not used, each with place and reason.")
    ] = False,
    home: Annotated[
        Path | None, typer.Option(help="Home folder of a server: show the state of each rule there.")
    ] = None,
    agency: Annotated[str, typer.Option(help="Agency whose states are shown.")] = "city",
    pipeline: Pipelines = None,
    placeholders: PlaceholderFile = None,
    json: Json = False,
) -> None:
    """List the rules in use, worst level first."""
    places = folders or (_places(home) if home is not None else [])
    if not places:
        raise InputError("name folders of rules, or the --home of a server")
    rule_set = rules_in(places, pipeline, placeholders)
    if not (rule_set.rules or rule_set.correlations or rule_set.faults or _is_pack(places)):
        raise InputError("no rule was found there")
    if why_skipped:
        _show_skipped(sorted(skipped(rule_set, places), key=lambda each: (each.file, each.line or 0)), as_json=json)
        return
    say_faults(rule_set, limit=5)
    states = {} if home is None else _states(home, rule_set, agency)
    found = [
        replace(each, state=states.get(each.id)) for each in _chosen(rule_set, Choice(_level(level), tag, product))
    ]
    found.sort(key=lambda each: (-Level(each.level).rank, each.title))
    if json:
        for each in found:
            sys.stdout.write(to_json.dumps(asdict(each), ensure_ascii=False) + "\n")
    elif found:
        _show(found)
    say(f"{len(found)} rules")


def _is_pack(places: list[Path]) -> bool:
    """Return whether something was installed there, be it that all of it was set aside."""
    from sentinel.rulepacks.install import RECORD

    return any(next(place.rglob(RECORD), None) for place in places if place.is_dir())


def _places(home: Path) -> list[Path]:
    """Return the folders of rules a server reads."""
    from sentinel import bundled
    from sentinel.config import load

    return list(load(home).content.rules) or [bundled.folder("rules")]


def _states(home: Path, rule_set: "RuleSet", agency: str) -> dict[str, str]:
    """Return the state of each rule in an agency; raise InputError for an agency the server does not know."""
    from sentinel.wiring import open_home

    opened = open_home(home)
    try:
        if opened.agencies.get(agency) is None and agency != "city":
            raise InputError(f"there is no agency '{agency}'; `sentinel agency` lists them")
        infos = [rule.info for rule in rule_set.rules] + [each.info for each in rule_set.correlations]
        return {rule_id: str(state) for rule_id, state in opened.rule_states.states(infos, agency).items()}
    finally:
        opened.close()


def _level(name: str | None) -> Level | None:
    if name is not None and name not in list(Level):
        raise InputError(f"'{name}' is no level; known are {', '.join(Level)}")
    return None if name is None else Level(name)


def _chosen(rule_set: "RuleSet", choice: Choice) -> Iterator[Listed]:
    products: dict[str, set[str | None]] = {rule.info.id: {rule.log_source.product} for rule in rule_set.rules}
    for rule in rule_set.rules:
        if choice.takes(rule.info, products[rule.info.id]):
            yield _listed(rule.info, _source(rule.log_source), rule.path)
    for each in rule_set.correlations:
        theirs = set[str | None]().union(*(products.get(rule_id, set()) for rule_id in each.rules))
        if choice.takes(each.info, theirs):
            yield _listed(each.info, f"correlation: {each.kind}", each.path)


def _listed(info: RuleInfo, source: str, path: Path) -> Listed:
    return Listed(info.id, info.title, info.title_vi, info.level, info.status, source, info.tags, str(path))


def _source(log_source: "LogSource") -> str:
    return " / ".join(part or "-" for part in (log_source.product, log_source.category, log_source.service))


def skipped(rule_set: "RuleSet", folders: list[Path]) -> Iterator[Skipped]:
    """Yield every rule that is not used: broken, left out on purpose, for logs nobody sends, set aside by a pack."""
    from sentinel.cli.lint.lines import line_of
    from sentinel.detect.taxonomy import bundled

    for fault in rule_set.faults:
        line = line_of(fault.path, fault.rule_id, "title:") if fault.rule_id else None
        kind = "set aside" if fault.is_set_aside else "broken"
        yield Skipped(str(fault.path), line, fault.rule_id, kind, fault.message)
    offered = [source.offered for family in bundled() for source in family.sources]
    for rule in rule_set.rules:
        if not any(rule.log_source.fits(each) for each in offered):
            line = line_of(rule.path, rule.info.title, "logsource")
            reason = f"no log we read is of its log source ({_source(rule.log_source)})"
            yield Skipped(str(rule.path), line, rule.info.id, "never", reason)
    yield from _set_aside_by_packs(folders)


def _set_aside_by_packs(folders: list[Path]) -> Iterator[Skipped]:
    from sentinel.rulepacks.install import RECORD, SET_ASIDE_SUFFIX, read_record

    for folder in folders:
        for record in sorted(folder.rglob(RECORD)) if folder.is_dir() else ():
            for each in read_record(record.parent).set_aside:
                path = record.parent / (each.file + SET_ASIDE_SUFFIX)
                # What else a file holds may be in use; then it kept its name and the rule was named above.
                if path.exists() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
                    kind = "broken" if each.is_broken else "set aside"
                    yield Skipped(str(path), None, each.rule_id or None, kind, each.reason)


def _show(found: list[Listed]) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    from sentinel.cli.findings import NARROW, plain

    console = Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else 200)
    is_narrow = console.width < NARROW
    has_states = any(each.state for each in found)
    states = [Column("state")] if has_states else []
    titles = ["title, id"] if is_narrow else [Column("id", no_wrap=True), "title"]
    table = Table(Column("level"), *states, *titles, "log source", highlight=False)
    for each in found:
        state = [each.state or "-"] if has_states else []
        names = [f"{plain(each.title)}\n{each.id}"] if is_narrow else [each.id, plain(each.title)]
        table.add_row(each.level, *state, *names, plain(each.log_source))
    console.print(table)


def _show_skipped(found: list[Skipped], *, as_json: bool) -> None:
    for each in found:
        if as_json:
            sys.stdout.write(to_json.dumps(asdict(each), ensure_ascii=False) + "\n")
            continue
        place = f"{each.file}:{each.line}" if each.line else each.file
        text = f"{place}: {each.kind}: {each.reason}" + (f" [{each.id}]" if each.id else "")
        show(text)
    say(f"{len(found)} rules are not used")
