"""The public rules and samples that tests run on: SigmaHQ's, from the corpora."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.unpack import unpack
from sentinel.cli.sources import Source
from sentinel.detect.engine import Engine
from sentinel.detect.load import load_rules
from sentinel.detect.pipelines import Pipeline
from sentinel.model.record import Record
from sentinel.normalise import normalise
from tests.detect.conftest import START

FOLDERS = (
    "rules",
    "rules-compliance",
    "rules-dfir",
    "rules-emerging-threats",
    "rules-placeholder",
    "rules-threat-hunting",
    "deprecated",
    "unsupported",
)


def public_rules(corpora: Path, into: Path) -> Path:
    """Return the folder of all public rules, unpacked below `into` unless they are there."""
    target = into / "public"
    if not target.is_dir():
        unpack(corpora / "sigma" / "sigma-rules.tar.gz", target)
    return target


def regression_records(corpora: Path) -> Iterator[Record]:
    """Yield the records of SigmaHQ's own samples."""
    for path in sorted((corpora / "sigma" / "regression_data").rglob("*.json")):
        for event in Source(path, None, START).read():
            yield normalise(event, agency=None, received_at=None)


def regression_hits(corpora: Path, into: Path, pipelines: Sequence[Pipeline]) -> list[list[str]]:
    """Return the titles of the rules that fire on each of the samples, rewritten by pipelines."""
    engine = Engine(load_rules([public_rules(corpora, into) / "rules" / "windows"], pipelines=pipelines))
    return [sorted(match.rule.title for match, _ in engine.match([record])) for record in regression_records(corpora)]
