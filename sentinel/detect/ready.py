"""Rules ready for use: from the cache where nothing has changed, else compiled and kept."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

import msgspec

from sentinel.detect.cache import RuleCache
from sentinel.detect.rule import RuleSet

if TYPE_CHECKING:
    from sentinel.detect.pipelines import Pipeline
    from sentinel.detect.placeholders import Placeholders


class RuleAdditions(TypedDict):
    """What `read_ready` takes besides the rules."""

    pipelines: Sequence[str]
    placeholders: Path | None


def ready_rules(
    paths: Sequence[Path],
    cache: RuleCache | None,
    *,
    placeholders: "Placeholders | None" = None,
    pipelines: "Sequence[Pipeline]" = (),
) -> RuleSet:
    """Return what `load_rules` does, without any work where it was done before; errors are the same."""
    written = sorted((name, list(values)) for name, values in (placeholders or {}).items())
    parts = [msgspec.json.encode(written), *(each.content for each in pipelines)]
    known = None if cache is None else cache.load(paths, parts)
    if known is not None:
        return known
    # The parser is slow to import, so only who needs it does.
    from sentinel.detect.load import load_rules

    if cache is None:
        return load_rules(paths, placeholders=placeholders, pipelines=pipelines)
    before = cache.look(paths)
    # A pipeline renames what correlations look at by what a rule was before, so that all have to be read.
    unchanged = {} if pipelines else cache.unchanged(paths, parts)
    rule_set = load_rules(paths, placeholders=placeholders, pipelines=pipelines, known=unchanged)
    return cache.keep(paths, parts, rule_set, before)


def read_ready(
    paths: Sequence[Path], cache: RuleCache | None, *, pipelines: Sequence[str] = (), placeholders: Path | None = None
) -> RuleSet:
    """Return what `ready_rules` does, given names or files of pipelines and the file of placeholders.

    Raises InputError also where one of these cannot be used.
    """
    if not pipelines and placeholders is None:
        return ready_rules(paths, cache)
    from sentinel.detect.pipelines import read_pipelines
    from sentinel.detect.placeholders import read_placeholders

    return ready_rules(
        paths,
        cache,
        placeholders=None if placeholders is None else read_placeholders(placeholders),
        pipelines=read_pipelines(pipelines),
    )
