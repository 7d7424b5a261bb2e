"""Batches packed before the clock starts, in one file, so that sending them costs next to nothing."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import zstandard

from bench.whole_path.mix import events

LEVEL = 3
"""The level that collectors use."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A packed batch in the file."""

    place: int
    size: int
    events: int
    plain_bytes: int


def build(path: Path, mix: str, total: int, batch: int) -> Sequence[Piece]:
    """Write at least `total` events of a mix in batches; return where they lie."""
    pack = zstandard.ZstdCompressor(level=LEVEL).compress
    pieces: list[Piece] = []
    lines = events(mix, total)
    with path.open("wb") as file:
        while part := list(islice(lines, batch)):
            plain = b"\n".join(part) + b"\n"
            body = pack(plain)
            pieces.append(Piece(file.tell(), len(body), len(part), len(plain)))
            file.write(body)
    path.with_suffix(".json").write_text(json.dumps([asdict(piece) for piece in pieces]))
    return pieces


def load(path: Path) -> list[Piece]:
    """Return what `build` returned."""
    return [Piece(**each) for each in json.loads(path.with_suffix(".json").read_text())]


def endless(pieces: Sequence[Piece], first: int, step: int) -> Iterator[Piece]:
    """Yield every `step`th piece from `first` on, round and round."""
    place = first
    while True:
        yield pieces[place % len(pieces)]
        place += step
