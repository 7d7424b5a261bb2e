"""The composition root: from settings to objects; the only place that names a backend."""

from sentinel.wiring.whole import Home, open_home

__all__ = ["Home", "open_home"]
