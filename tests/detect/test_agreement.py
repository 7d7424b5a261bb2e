"""The sieve, the index and what they remember find what a full scan finds, on real events; whole in `bench.sigma`."""

import gzip
import json
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest

from bench.sigma.agreement import difference, engine_of, hits, scan_output
from bench.sigma.corpora import ALL_FOLDERS, STREAM
from bench.sigma.full_scan import Scanned, full_scan
from bench.unpack import unpack
from sentinel.cli.scan.task import PART_BYTES
from sentinel.cli.sources import Source
from sentinel.detect.engine import Engine
from sentinel.normalise import normalise
from tests.detect.conftest import START
from tests.detect.public import public_rules

STREAM_STEP = 100
MAX_EVTX_EVENTS = 200
EVTX_STEP = 15


@pytest.fixture(scope="module")
def rules(corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return the folders of all public rules."""
    return [public_rules(corpora, tmp_path_factory.mktemp("public")) / folder for folder in ALL_FOLDERS]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for compiled rules."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def stream(corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with one of so many events of the stream."""
    file = tmp_path_factory.mktemp("stream") / "stream.ndjson"
    with gzip.open(corpora / STREAM) as packed, file.open("wb") as plain:
        plain.writelines(islice(packed, 0, None, STREAM_STEP))
    return file


@pytest.fixture(scope="module")
def engine(rules: list[Path], cache: Path) -> Engine:
    """Return an engine with all public rules."""
    return engine_of(rules, cache)


@pytest.fixture(scope="module")
def worded(stream: Path, engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return events of the stream, each with a keyword in its message that some rule asks such events for."""
    file = tmp_path_factory.mktemp("worded") / "worded.ndjson"
    with file.open("w", encoding="utf-8") as out:
        for place, event in enumerate(islice(Source(stream, None, START).read(), 0, None, 2)):
            fields = normalise(event, agency=None, received_at=None).fields
            words = engine.router.route(fields).partition(fields).words
            if needles := sorted({needle for each in words for needle in each.question.needles}):
                found = json.loads(event.raw)
                message = f"{found.get('Message', '')} {needles[place % len(needles)]}"
                out.write(json.dumps({**found, "Message": message}) + "\n")
    return file


@pytest.fixture(scope="module")
def files(corpora: Path, stream: Path, worded: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return a sample of every kind of real Windows events."""
    folder = tmp_path_factory.mktemp("evtx")
    small = [
        each
        for each in json.loads((corpora / "evtx/manifest.json").read_text("utf-8"))
        if each["events"] <= MAX_EVTX_EVENTS
    ]
    wanted = {(each["archive"], each["member"]) for each in small[::EVTX_STEP]}
    for name in sorted({archive for archive, _ in wanted}):
        unpack(corpora / name, folder / Path(name).name, lambda member, name=name: (name, member) in wanted)
    return [stream, worded, folder, corpora / "sigma" / "regression_data"]


@pytest.fixture(scope="module")
def slow(files: list[Path], engine: Engine) -> tuple[Scanned, dict[str, str]]:
    """Return what every event shows, read the slow way, and the titles of the rules."""
    return full_scan(engine, files), {rule.id: rule.title for rule in engine.rules}


@pytest.mark.slow
def test_the_index_finds_what_a_full_scan_finds(slow: tuple[Scanned, dict[str, str]]) -> None:
    found, titles = slow
    assert difference("index", found.full, found.indexed, titles) == []
    assert sum(found.full[hit] for hit in found.full if hit[0].endswith("worded.ndjson")) > 50
    assert found.full.total() > 300


@pytest.mark.slow
def test_the_command_with_its_sieve_finds_the_same(
    slow: tuple[Scanned, dict[str, str]], files: list[Path], rules: list[Path], cache: Path
) -> None:
    found, titles = slow
    scanned = scan_output(files, rules, cache, jobs=1)
    assert difference("command", found.full, Counter(hits(scanned.splitlines())), titles) == []
    assert scan_output(files, rules, cache, jobs=2) == scanned


@pytest.mark.slow
def test_a_file_in_parts_gives_what_it_gives_whole(
    stream: Path, rules: list[Path], cache: Path, tmp_path: Path
) -> None:
    long = tmp_path / "long.ndjson"
    content = stream.read_bytes()
    long.write_bytes(content * (2 * PART_BYTES // len(content) + 1))
    whole = scan_output([long], rules, cache, jobs=1)
    assert whole.count(b"\n") > 100
    assert scan_output([long], rules, cache, jobs=2) == whole
