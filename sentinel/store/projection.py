"""A projection of a large segment: the columns that conditions name most, once more and in larger row groups.

What counts hits reads every row, and is held up by the number of row groups; what shows them reads few rows whole, and
is held up by their size. A projection is made from its segment and can be made again: nothing is lost with it.
"""

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sentinel.store.columns import ID, LAYOUT, PROMOTED, SCHEMA
from sentinel.store.manifest import Segment
from sentinel.store.sql_values import Sql

MIN_ROWS = 100_000
"""Smaller segments are merged soon, and read whole until then."""
ROW_GROUP_ROWS = 32_768
COMPRESSION_LEVEL = 1
_LONG = frozenset(
    {
        "error.message",
        "event.created",
        "event.ingested",
        "event.original",
        "event.sequence",
        "log.offset",
        "message",
        "process.args",
        "process.command_line",
        "process.parent.command_line",
        "related.hash",
        "url.original",
        "user_agent.original",
    }
)
"""Take the most room, and are asked for less."""
PROJECTED = (ID, *(name for name in PROMOTED if name not in _LONG))
_COLUMN = re.compile('"([^"]+)"')


def covers(*parts: Sql) -> bool:
    """Return whether projections have every column that the conditions read."""
    return all(name in PROJECTED for part in parts for name in _COLUMN.findall(part.text))


def is_due(segment: Segment, path: Path, least: int) -> bool:
    """Return whether a segment should have a projection at `path`, as all of `least` rows should, and has none."""
    return segment.rows >= least and segment.layout == LAYOUT and not (segment.projection and path.exists())


def write(file: pa.NativeFile, segment: pq.ParquetFile) -> None:
    """Write the projection of a segment into an open file."""
    schema = pa.schema([SCHEMA.field(name) for name in PROJECTED])
    with pq.ParquetWriter(
        file, schema, compression="zstd", compression_level=COMPRESSION_LEVEL, write_page_checksum=True
    ) as writer:
        for batch in segment.iter_batches(batch_size=ROW_GROUP_ROWS, columns=list(PROJECTED), use_threads=False):
            writer.write_batch(batch)
