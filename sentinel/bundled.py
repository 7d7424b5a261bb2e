"""Where the rules, playbooks and recordings that come with Sentinel lie."""

from pathlib import Path

from sentinel.errors import UnavailableError

_INSTALLED = Path(__file__).parent / "content"
_SOURCE = Path(__file__).parent.parent
_SOURCE_PLACES = {"rules": "rules", "playbooks": "playbooks", "recordings": "tests/data/recordings"}


def folder(name: str) -> Path:
    """Return the folder `rules`, `playbooks` or `recordings`, of an installed package or of the source tree."""
    for place in (_INSTALLED / name, _SOURCE / _SOURCE_PLACES[name]):
        if place.is_dir():
            return place
    raise UnavailableError(f"the bundled {name} are missing from this installation; install sentinel-soc anew")
