"""What a domain name looks like: its registered part, and how much like a code the rest is."""

import math
from collections import Counter

_SECOND_LEVELS = frozenset({"ac", "co", "com", "edu", "gob", "gov", "gv", "mil", "net", "or", "org"})
"""Labels below which names are registered in country domains: `example.gov.vn`, `example.co.uk`."""


def split(name: str) -> tuple[str, str]:
    """Return the registered domain of `name` and what stands before it; an approximation.

    The public suffix list is not consulted: two labels are the registered domain, three where the top is a country
    and the second is a usual second level (`com.vn`).
    """
    labels = name.split(".")
    count = 2
    if len(labels) > 2 and len(labels[-1]) == 2 and labels[-2].lower() in _SECOND_LEVELS:
        count = 3
    return ".".join(labels[-count:]), ".".join(labels[:-count])


def entropy(text: str) -> float:
    """Return the Shannon entropy of the characters of `text`, in bits per character; 0 for an empty one."""
    if not text:
        return 0.0
    total = len(text)
    return round(-sum(n / total * math.log2(n / total) for n in Counter(text).values()), 3) + 0.0
