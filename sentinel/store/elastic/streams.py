"""About a dozen data streams, by family of datasets: never one for each agency, which no cluster would bear."""

FAMILIES: dict[str, tuple[str, ...]] = {
    "windows": ("windows",),
    "linux": ("linux",),
    "network": ("network", "zeek"),
    "dns": ("dns",),
    "firewall": ("fortinet", "microsoft", "cisco"),
    "web": ("nginx", "apache", "iis", "haproxy", "squid"),
    "egov": ("egov",),
    "database": ("postgresql", "mysql"),
    "cloud": ("kubernetes", "m365", "aws"),
    "application": ("app", "ecs", "clamav", "vsftpd"),
    "sentinel": ("sentinel",),
}
"""Family to the first parts of its datasets. Alerts and Sentinel's own events are in `sentinel`."""
OTHER = "other"
"""Family of every dataset that is in none of these."""

_FAMILY_OF = {source: family for family, sources in FAMILIES.items() for source in sources}
PREFIX = "logs-sentinel."


def family(dataset: object) -> str:
    """Return the family of a dataset; whatever is no known one belongs to `other`."""
    return _FAMILY_OF.get(str(dataset).partition(".")[0], OTHER)


def stream(dataset: object, namespace: str) -> str:
    """Return the data stream that events of a dataset lie in."""
    return f"{PREFIX}{family(dataset)}-{namespace}"


def pattern(namespace: str) -> str:
    """Return the name that means all our streams."""
    return f"{PREFIX}*-{namespace}"
