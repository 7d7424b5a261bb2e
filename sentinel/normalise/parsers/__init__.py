"""One file per dataset; `PARSERS` says which reads what."""

from collections.abc import Callable

from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise.parsers import (
    egov_onestop,
    linux_auth,
    linux_connection,
    linux_process,
    network_arp,
    network_dns,
    network_flow,
    nginx_access,
    sentinel_gap,
    sentinel_own,
    windows,
)

Parse = Callable[[Event], Fields | None]
"""Returns the fields of a line, None where it has no use for it, or raises `InputError` saying what is wrong."""

PARSERS: dict[str, Parse] = {
    "linux.auth": linux_auth.parse,
    "linux.process": linux_process.parse,
    "linux.connection": linux_connection.parse,
    "nginx.access": nginx_access.parse,
    "windows.*": windows.parse,
    "network.flow": network_flow.parse,
    "network.dns": network_dns.parse,
    "network.arp": network_arp.parse,
    "egov.onestop": egov_onestop.parse,
    "sentinel.gap": sentinel_gap.parse,
    "sentinel.audit": sentinel_own.parse,
    "sentinel.collector": sentinel_own.parse,
    "sentinel.detection": sentinel_own.parse,
    "sentinel.playbook": sentinel_own.parse,
    "sentinel.health": sentinel_own.parse,
}
"""Dataset to parser; `family.*` reads every dataset of a family."""
