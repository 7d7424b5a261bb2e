"""What every lane is given."""

from dataclasses import dataclass
from pathlib import Path

from bench.sigma.corpora import Corpora
from bench.sigma.engines import Engines


@dataclass(frozen=True, slots=True)
class Bench:
    """Where things are, and how much of them to use."""

    work: Path
    corpora: Corpora
    engines: Engines
    core: int
    """The one that commands are pinned to."""
    repeat: int = 5
    limit: int = 0
    """Events of the stream to use for speed; 0 for all."""
    every: int = 1
    """Of so many events of the stream, agreement looks at one."""
