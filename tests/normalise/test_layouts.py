"""One Windows event, however it was shipped, is one record, and the same rules fire on it."""

import gzip
import json
import tarfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.unpack import unpack
from sentinel.detect.engine import Engine
from sentinel.detect.load import load_rules
from sentinel.model.record import Fields
from sentinel.normalise import normalise
from tests.normalise.layouts import CLASHING, LAYOUTS, Event, data_of
from tests.normalise.lines import line


def records(path: Path) -> Iterator[Event]:
    """Yield the events in a file of one or several JSON objects."""
    text, decoder, position = path.read_text("utf-8-sig"), json.JSONDecoder(), 0
    while position < len(text.rstrip()):
        found, position = decoder.raw_decode(text, position + len(text[position:]) - len(text[position:].lstrip()))
        yield from found if isinstance(found, list) else [found]


def winlog(fields: Fields) -> dict[str, Any]:
    """Return what a record says about the event itself."""
    return {name: value for name, value in fields.items() if name.startswith("winlog.")}


@pytest.fixture(scope="module")
def samples(corpora: Path) -> list[dict[str, Any]]:
    """Return the entries of the regression data whose events are at hand as JSON."""
    entries = json.loads((corpora / "sigma/regression-manifest.json").read_text("utf-8"))
    return [
        {"rule_id": each["rule_id"], "rule_path": each["rule_path"], "path": corpora / sample["path"]}
        for each in entries
        for sample in each["samples"]
        if sample["format"] == "json"
    ]


@pytest.fixture(scope="module")
def engine(corpora: Path, samples: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """Return an engine with the public rules that have samples."""
    folder = tmp_path_factory.mktemp("rules")
    wanted = {sample["rule_path"] for sample in samples}
    unpack(corpora / "sigma/sigma-rules.tar.gz", folder, lambda name: name.removeprefix("./") in wanted)
    rule_set = load_rules([folder])
    assert not rule_set.faults
    return Engine(rule_set)


def test_every_layout_makes_one_record_on_which_one_set_of_rules_fires(
    samples: list[dict[str, Any]], engine: Engine
) -> None:
    compared = 0
    for sample in samples:
        for event in records(sample["path"]):
            made = {
                name: normalise(
                    line("windows.evtx", body if isinstance(body := layout(event), str) else json.dumps(body)),
                    agency=None,
                    received_at=None,
                )
                for name, layout in LAYOUTS.items()
            }
            wanted = winlog(dict(made["evtx"].fields))
            fired = {match.rule.id for match, _ in engine.match([made["evtx"]])}
            for name, record in made.items():
                if name == "flat" and CLASHING & data_of(event).keys():
                    continue
                found = winlog(dict(record.fields))
                if name == "flat" and "UserID" not in data_of(event):
                    found.pop("winlog.event_data.UserID", None)  # the header's; there is no telling it from data
                assert {**found, "winlog.keywords": 0} == {**wanted, "winlog.keywords": 0}, (name, sample["path"])
                assert {match.rule.id for match, _ in engine.match([record])} == fired, (name, sample["path"])
                compared += 1
    assert compared > 500


def test_each_sample_fires_its_rule(samples: list[dict[str, Any]], engine: Engine) -> None:
    for sample in samples:
        made = [
            normalise(line("windows.evtx", json.dumps(event)), agency=None, received_at=None)
            for event in records(sample["path"])
        ]
        assert sample["rule_id"] in {match.rule.id for match, _ in engine.match(made)}, sample["path"]


def flattened(old: Event) -> Event:
    """Return an event of Winlogbeat before 7 as NXLog ships it, the layout that other engines read."""
    header = {"Channel": "log_name", "EventID": "event_id", "SourceName": "source_name", "Hostname": "computer_name"}
    return {**old["event_data"], **{name: old[said] for name, said in header.items()}, "@timestamp": old["@timestamp"]}


def test_matches_that_others_lack_come_in_a_layout_they_read_as_well(root: Path, corpora: Path, tmp_path: Path) -> None:
    explained = yaml.safe_load((root / "bench/sigma_explained.yml").read_text("utf-8"))["stream"]
    wanted = {each["rule"] for each in explained}
    with tarfile.open(corpora / "sigma/sigma-rules.tar.gz") as archive:
        for member in archive.getmembers():
            content = archive.extractfile(member) if member.name.endswith(".yml") else None
            text = content.read() if content is not None else b""
            if any(f"id: {rule}".encode() in text for rule in wanted):
                (tmp_path / Path(member.name).name).write_bytes(text)
    engine = Engine(load_rules([tmp_path]))
    last = max(number for each in explained for number in each["lines"])
    with gzip.open(corpora / "streams/windows-security-datasets.ndjson.gz") as stream:
        events = [json.loads(raw) for raw in islice(stream, last)]
    for each in explained:
        for number in each["lines"]:
            old = events[number - 1]
            for body in (old, flattened(old)):
                made = normalise(line("windows.evtx", json.dumps(body)), agency=None, received_at=None)
                assert each["rule"] in {match.rule.id for match, _ in engine.match([made])}, (each["title"], number)
