"""One file per dataset; `PARSERS` says which reads what."""

from collections.abc import Callable

from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise.parsers import (
    egov_certification,
    egov_conference,
    egov_edoc,
    egov_ioc,
    egov_lgsp,
    egov_mail,
    egov_onestop,
    egov_portal,
    egov_signing,
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
    "egov.portal": egov_portal.parse,
    "egov.lgsp": egov_lgsp.parse,
    "egov.edoc": egov_edoc.parse,
    "egov.signing": egov_signing.parse,
    "egov.certification": egov_certification.parse,
    "egov.mail": egov_mail.parse,
    "egov.conference": egov_conference.parse,
    "egov.ioc": egov_ioc.parse,
    "sentinel.gap": sentinel_gap.parse,
    "sentinel.audit": sentinel_own.parse,
    "sentinel.collector": sentinel_own.parse,
    "sentinel.detection": sentinel_own.parse,
    "sentinel.playbook": sentinel_own.parse,
    "sentinel.health": sentinel_own.parse,
}
"""Dataset to parser; `family.*` reads every dataset of a family."""
