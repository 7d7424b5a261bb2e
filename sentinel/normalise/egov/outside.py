"""Which mail domains are the state's own."""

from collections.abc import Iterable

STATE = ("gov.vn", "chinhphu.vn", "quochoi.vn", "dcs.vn", "cpv.org.vn", "mod.vn", "edu.vn")
"""Government, National Assembly, Party, defence, and public schools, with everything below them."""


def outside(domains: Iterable[str]) -> list[str]:
    """Return those that do not belong to the state, in the order they came, each once."""
    return [
        domain
        for domain in dict.fromkeys(domains)
        if not any(domain == own or domain.endswith(f".{own}") for own in STATE)
    ]
