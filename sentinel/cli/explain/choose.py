"""Which rule somebody means, by file, id, name or title."""

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from pathlib import Path

from sentinel import bundled
from sentinel.detect.rule import Correlation, Rule, RuleSet
from sentinel.errors import InputError


def choose(
    wanted: str | None, folders: list[Path] | None, load: Callable[[list[Path]], RuleSet]
) -> tuple[RuleSet, Rule | Correlation]:
    """Return the rule meant, with all it was loaded with; raise InputError where none or several fit.

    `wanted` may be a file that holds one rule, or one correlation and the rules it listens to. With `folders` as well,
    the file's rule is taken and the folders serve what it refers to.
    """
    file = Path(wanted) if wanted is not None and _is_file(wanted) else None
    paths = [*([file] if file else []), *(folders or [])] or [bundled.folder("rules")]
    rule_set = load(paths)
    everything: list[Rule | Correlation] = [*rule_set.rules, *rule_set.correlations]
    if file is not None:
        inside = [each for each in everything if each.path == file]
        fitting = [each for each in inside if isinstance(each, Correlation)] or inside
    else:
        fitting = [each for each in everything if wanted in (None, each.info.id, each.name, each.info.title)]
    if len(fitting) == 1:
        return rule_set, fitting[0]
    if fitting:
        raise InputError(_several(wanted, file, fitting))
    raise InputError(_none(wanted, paths, rule_set, everything))


def _several(wanted: str | None, file: Path | None, fitting: Sequence[Rule | Correlation]) -> str:
    if wanted is None:
        return f"say which of the {len(fitting)} rules: --rule with a file, or the id or title of a rule"
    names = ", ".join(f"{each.info.id} ({each.info.title})" for each in fitting[:5])
    where = f"--rules {file} --rule ID" if file else "--rule ID"
    return f"{len(fitting)} rules fit: {names}; name one with {where}"


def _none(wanted: str | None, paths: list[Path], rule_set: RuleSet, everything: list[Rule | Correlation]) -> str:
    if wanted is not None and _is_folder(wanted):
        return f"{wanted} is a folder; give it with --rules, and one rule of it with --rule"
    if wanted is not None and wanted.endswith((".yml", ".yaml")) and not _is_file(wanted):
        return f"{wanted}: there is no such rule file"
    near = get_close_matches(wanted or "", [name for each in everything for name in (each.info.title, each.name)], n=1)
    hint = f"; did you mean '{near[0]}'?" if near and near[0] else ""
    faults = "".join(f"; {fault.path}: {fault.message}" for fault in rule_set.faults[:3])
    where = ", ".join(map(str, paths))
    return f"no usable rule '{wanted or ''}' in {where}{hint}{faults}"


def _is_folder(text: str) -> bool:
    try:
        return Path(text).is_dir()
    except (OSError, ValueError):
        return False


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):
        return False  # A title may be longer than a path, or hold what no path holds.
