"""Keeps Python's search for circular garbage away from what lives long, and from what is gone by itself."""

import gc

THRESHOLD = 50_000
"""So many new containers start a search, not 700: the thousands of fields of a batch are no circles, and are freed
without one; with the usual number they cost a tenth of all the time that a batch takes."""
YOUNG = 20
OLD = 50
"""After so many searches among the youngest, or the young, the next older ones are searched too."""


def settle(*, anew: bool = False) -> None:
    """Leave all there is now, rules above all, out of later searches; `anew` looks through what was left out, once."""
    if anew:
        gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(THRESHOLD, YOUNG, OLD)
