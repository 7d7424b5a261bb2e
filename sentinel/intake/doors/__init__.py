"""Doors in other people's protocols, one file each; `DOORS` says which there are."""

from sentinel.intake.door import Door
from sentinel.intake.doors import bulk, hec, otlp

DOORS: dict[str, Door] = {
    "bulk": bulk.DOOR,
    "hec": hec.DOOR,
    "otlp": otlp.DOOR,
}
"""Name in `sentinel sender add --door` and in the settings to the protocol."""
