"""The nine services with their tables, and their examples as vendors would write them."""

import json

from sentinel.model.record import Fields
from sentinel.normalise.egov.schema import Schema
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
)
from tests.normalise.lines import fields

SCHEMAS: tuple[Schema, ...] = (
    egov_onestop.SCHEMA,
    egov_portal.SCHEMA,
    egov_lgsp.SCHEMA,
    egov_edoc.SCHEMA,
    egov_signing.SCHEMA,
    egov_certification.SCHEMA,
    egov_mail.SCHEMA,
    egov_conference.SCHEMA,
    egov_ioc.SCHEMA,
)
BY_SERVICE = {each.service: each for each in SCHEMAS}


def example(service: str) -> dict[str, object]:
    """Return the example of a service's page."""
    body = json.loads(BY_SERVICE[service].example)
    assert isinstance(body, dict)
    return body


def read(service: str, **changes: object) -> Fields:
    """Return what the server makes of a service's example with some values changed; None takes a name out."""
    body = {name: value for name, value in {**example(service), **changes}.items() if value is not None}
    return fields(f"egov.{service}", json.dumps(body, ensure_ascii=False))
