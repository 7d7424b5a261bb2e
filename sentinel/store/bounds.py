"""How much one search may ask for; the same for every store."""

from sentinel.errors import InputError
from sentinel.model.ecs import type_of
from sentinel.model.search import Search
from sentinel.store.words import is_prose

MAX_RECORDS = 10_000
"""A page is never longer, whatever the limit asked for."""
MAX_OFFSET = 100_000
MAX_TOP_FIELDS = 10
MAX_TOP_VALUES = 1_000


def check(search: Search) -> None:
    """Raise `InputError` for a search that asks for more than one answer holds."""
    if search.offset > MAX_OFFSET:
        raise InputError(f"a search shows the first {MAX_OFFSET} events; narrow the time range to see others")
    if search.offset and search.after:
        raise InputError("a page begins either at an offset or after the page before, not both")
    if len(search.top) > MAX_TOP_FIELDS or search.top_values > MAX_TOP_VALUES:
        raise InputError(f"top: more than the {MAX_TOP_FIELDS} fields and {MAX_TOP_VALUES} values counted at once")
    for field in search.top:
        if is_prose(field):
            raise InputError(f"top: {field} is prose, which has no values to count; search it by its words")
        if type_of(field) == "date":
            raise InputError(f"top: {field} is a time, which has no values to count; use the histogram")
    if is_prose(search.sort):
        raise InputError(f"sort: {search.sort} is prose, which has no order")
