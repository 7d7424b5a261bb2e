"""SigmaHQ's samples and a part of the attacks on record: what two independent engines find is found, and no more."""

import gzip
import json
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import pytest

from bench.sigma.agreement import hits, scan_output
from bench.sigma.conformance import evtx, regression, stream
from bench.sigma.corpora import STREAM, Corpora
from bench.sigma.explained import Explained
from bench.sigma.full_scan import Hit

STREAM_HEAD = 12_000
"""Lines: the two attacks in the old Winlogbeat layout, and what follows them."""
MAX_EVENTS = 300
EVERY = 5


def found(paths: Sequence[Path], rules: list[Path], public: Corpora) -> list[Hit]:
    """Return what a scan of some files finds."""
    return list(hits(scan_output(paths, rules, public.work / "cache").splitlines()))


@pytest.mark.slow
def test_every_sampled_rule_fires_on_its_sample(public: Corpora, judged: list[Path]) -> None:
    rows, failures = regression(public.base, found([public.regression], judged, public))
    assert failures == []
    assert rows == [["evtx", "119", "119"], ["json", "120", "120"], ["raw", "1", "1"]]


@pytest.mark.slow
def test_attacks_in_evtx_fire_what_both_engines_expect(public: Corpora, judged: list[Path], known: Explained) -> None:
    manifest = json.loads((public.base / "evtx/manifest.json").read_text("utf-8"))
    small = [each for each in manifest if each["events"] <= MAX_EVENTS]
    members = {f"{Path(each['archive']).name}/{each['member']}" for each in small[::EVERY]}
    members |= {place for corpus, place, _ in known.matches if corpus == "evtx"}
    judgement = evtx(public, found([public.evtx / each for each in sorted(members)], judged, public), known, members)
    assert judgement.unexplained == []
    assert judgement.found == judgement.equal > 50
    assert len(judgement.differences) == 4


@pytest.mark.slow
def test_attacks_in_the_stream_fire_what_both_engines_expect(
    public: Corpora, judged: list[Path], known: Explained, tmp_path: Path
) -> None:
    head = tmp_path / "head.ndjson"
    index = json.loads((public.base / "streams/windows-security-datasets.index.json").read_text("utf-8"))
    events = max(each["last_line"] for each in index["segments"] if each["last_line"] <= STREAM_HEAD)
    with gzip.open(public.base / STREAM) as packed, head.open("wb") as plain:
        plain.writelines(islice(packed, events))
    judgement = stream(public, found([head], judged, public), known, events)
    assert judgement.unexplained == []
    assert judgement.found == judgement.equal > 0
    assert len(judgement.differences) == 20
