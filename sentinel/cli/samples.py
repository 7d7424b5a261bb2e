"""Samples lie beside each rule: events on which it must fire, and events on which it must stay quiet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sentinel.detect.engine import Engine
from sentinel.detect.rule import RuleSet
from sentinel.errors import InputError
from sentinel.event import MAX_LINE_BYTES, decode
from sentinel.model.match import RuleInfo
from sentinel.model.record import Record
from sentinel.normalise import normalise

MAX_SAMPLE_BYTES = 20_000_000
AGENCY = "sample"
"""Samples pretend to come from one enrolled collector, as in service."""
AGENCY_HINT = "organization.id"
"""A sample line with this hint comes from that agency, for rules that look across agencies."""


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of one rule file."""

    rule_file: Path
    fires: Path
    quiet: Path

    @property
    def missing(self) -> list[Path]:
        """Those that are not there."""
        return [path for path in (self.fires, self.quiet) if not path.is_file()]


@dataclass(frozen=True, slots=True)
class AlsoFired:
    """A rule that fired on the sample of another."""

    sample: str
    rule: RuleInfo


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the samples of one rule file showed."""

    samples: Samples
    problems: tuple[str, ...]
    others: tuple[AlsoFired, ...]
    """Other rules that fire on its samples too."""


def samples_of(rule_file: Path) -> Samples:
    """Return where the samples of a rule file are, or should be."""
    stem = rule_file.with_suffix("")
    return Samples(rule_file, stem.with_name(stem.name + ".fires.ndjson"), stem.with_name(stem.name + ".quiet.ndjson"))


def read_sample(path: Path) -> list[Record]:
    """Return the records of a sample file; raise InputError naming the line that is none, or that is rejected."""
    if path.stat().st_size > MAX_SAMPLE_BYTES:
        raise InputError(f"{path}: a sample may have at most {MAX_SAMPLE_BYTES} bytes")
    records = []
    for number, line in enumerate(path.read_bytes()[: MAX_SAMPLE_BYTES + MAX_LINE_BYTES].split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            event = decode(line, collector="sample", epoch=path.name, sequence=number)
        except InputError as error:
            raise InputError(f"{path}:{number}: {error}") from error
        agency = event.hints.get(AGENCY_HINT)
        record = normalise(event, agency=agency if isinstance(agency, str) else AGENCY, received_at=None)
        if record.fields["event.kind"] == "pipeline_error":
            raise InputError(f"{path}:{number}: {record.fields.get('error.message')}")
        records.append(record)
    if not records:
        raise InputError(f"{path}: holds no event")
    return records


class Trial:
    """Runs samples against a whole rule set."""

    def __init__(self, rule_set: RuleSet) -> None:
        self._asked = _subjects(rule_set)
        # Rules that only serve a correlation have samples too, so here every rule speaks.
        self._engine = Engine(
            RuleSet(
                tuple(replace(rule, is_output=True) for rule in rule_set.rules),
                tuple(replace(each, is_output=True) for each in rule_set.correlations),
                [],
            )
        )
        self._outputs = {rule.info for rule in rule_set.rules if rule.is_output}
        self._outputs |= {each.info for each in rule_set.correlations if each.is_output}

    @property
    def rule_files(self) -> Sequence[Path]:
        """The files that hold rules."""
        return tuple(self._asked)

    def run(self, rule_file: Path) -> Outcome:
        """Return what the samples of a rule file show."""
        samples = samples_of(rule_file)
        problems = [f"there is no {path.name}" for path in samples.missing]
        others: list[AlsoFired] = []
        for path, must_fire in ((samples.fires, True), (samples.quiet, False)):
            if path in samples.missing:
                continue
            try:
                fired = self._fired(path)
            except InputError as error:
                problems.append(str(error))
                continue
            problems += self._judge(rule_file, path, fired, must_fire=must_fire)
            asked = self._asked[rule_file]
            others += [AlsoFired(path.name, info) for info in fired & self._outputs if info not in asked]
        return Outcome(samples, tuple(problems), tuple(sorted(others, key=lambda each: (each.sample, each.rule.title))))

    def _judge(self, rule_file: Path, path: Path, fired: set[RuleInfo], *, must_fire: bool) -> list[str]:
        asked = self._asked[rule_file]
        if must_fire:
            return [f"{path.name}: '{info.title}' does not fire" for info in asked if info not in fired]
        return [f"{path.name}: '{info.title}' fires" for info in asked if info in fired]

    def _fired(self, path: Path) -> set[RuleInfo]:
        self._engine.restore(b"")
        return {match.rule for match, _ in self._engine.match(read_sample(path))}


def _subjects(rule_set: RuleSet) -> dict[Path, list[RuleInfo]]:
    """Return what each file's samples are about: its rules that alert, or all where none does."""
    found: dict[Path, list[RuleInfo]] = {}
    silent: dict[Path, list[RuleInfo]] = {}
    everything: Iterable[tuple[Path, RuleInfo, bool]] = [
        *((rule.path, rule.info, rule.is_output) for rule in rule_set.rules),
        *((each.path, each.info, each.is_output) for each in rule_set.correlations),
    ]
    for path, info, is_output in everything:
        (found if is_output else silent).setdefault(path, []).append(info)
    return {**silent, **found}
