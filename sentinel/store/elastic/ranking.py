"""The most frequent values of a field, counted exactly: those that fit its mapping, and those that lie beside."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from sentinel.model.ecs import TYPES
from sentinel.store.elastic.mapping import RAW_VALUES

FEW, MANY = 1_000, 30_000
"""Values asked for: at first, and where more may be as frequent."""
_NONE = {"buckets": [], "sum_other_doc_count": 0}
"""The answer where no stream exists yet."""
Ranking = tuple[tuple[str, int], ...]


def aggregations(fields: tuple[str, ...], size: int) -> dict[str, Any]:
    """Return the aggregations for fields that have values to count."""
    found = {}
    for place, field in enumerate(fields):
        for number, path in enumerate(_paths(field)):
            found[f"top-{place}-{number}"] = {
                "terms": {
                    "field": path,
                    "size": size,
                    "shard_size": size,
                    "order": [{"_count": "desc"}, {"_key": "asc"}],
                    "show_term_doc_count_error": True,
                }
            }
    return found


def ranked(field: str, place: int, answer: Mapping[str, Any], wanted: int) -> Ranking | None:
    """Return the most frequent values from the answer; None where others that were not told may be among them."""
    counts: Counter[str] = Counter()
    unknown = error = 0
    for number, path in enumerate(_paths(field)):
        found = answer.get(f"top-{place}-{number}", _NONE)
        text = _TEXTS.get("" if path.startswith(RAW_VALUES) else TYPES.get(field, ""), _key)
        for bucket in found["buckets"]:
            counts[text(bucket)] += bucket["doc_count"]
            error = max(error, bucket.get("doc_count_error_upper_bound", 0))
        if found["sum_other_doc_count"]:
            last = found["buckets"][-1]["doc_count"] if found["buckets"] else 0
            unknown += max(last, found["doc_count_error_upper_bound"])
    best = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:wanted]
    is_exact = not unknown or (not error and len(best) == wanted and bool(best) and best[-1][1] > unknown)
    return tuple(best) if is_exact else None


def _paths(field: str) -> list[str]:
    """Return the fields of the index that hold the values."""
    kind = TYPES.get(field)
    raw = f"{RAW_VALUES}.{field}"
    return [raw] if kind is None else [field, raw]


def _key(bucket: Mapping[str, Any]) -> str:
    return str(bucket["key"])


def _truth(bucket: Mapping[str, Any]) -> str:
    return str(bucket["key_as_string"])


def _number(bucket: Mapping[str, Any]) -> str:
    return orjson.dumps(float(bucket["key"])).decode()


_TEXTS: dict[str, Callable[[Mapping[str, Any]], str]] = {"boolean": _truth, "float": _number}
