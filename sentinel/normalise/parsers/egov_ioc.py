"""egov.ioc: the log of the operations centre; its page is docs/reference/egov-ioc.md."""

import math

from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise.egov import columns
from sentinel.normalise.egov.reader import read
from sentinel.normalise.egov.schema import Entry, Schema, action

MAX_SIGMAS = 1e9
EXAMPLE = """
{"version": 1, "time": "2026-11-23T07:30:00.250+07:00", "action": "feed_update", "outcome": "success",
 "feed": "ho-so-truc-tuyen", "indicator": "ty-le-dung-han", "value": 97.4, "mean": 96.9, "deviation": 0.8,
 "unchanged_periods": 0, "silent_minutes": 15,
 "feed_hash": "bb3f0e5d7c9a1b2c4d6e8f001325476981a3c5e7092b4d6f8091a2b3c4d5e6f7"}
"""
NOTES = """
## Figures

`mean` and `deviation` are the figure's mean and standard deviation over the last thirty periods, as the centre keeps
them. Sentinel computes `sentinel.egov.deviation_sigmas`: how far `value` lies from `mean`, in standard deviations,
whichever way; nothing where `deviation` is 0.

`feed_check` is written every fifteen minutes for each feed, heard or not: `silent_minutes` says for how long nothing
came, `unchanged_periods` how many deliveries in a row had the same content (`feed_hash`).

## Publishing

`publish` lists in `approvers` who approved the figures. Sentinel counts them as `sentinel.egov.approver_count`,
each once, and without the one who publishes.
"""


def derive(fields: Fields) -> None:
    """Add how far a figure lies from its mean, and how many other people approved."""
    value, mean = fields.get("sentinel.egov.indicator_value"), fields.get("sentinel.egov.indicator_mean")
    deviation = fields.get("sentinel.egov.indicator_deviation")
    if isinstance(value, float) and isinstance(mean, float) and isinstance(deviation, float) and deviation > 0:
        sigmas = abs(value - mean) / deviation
        fields["sentinel.egov.deviation_sigmas"] = round(sigmas, 3) if math.isfinite(sigmas) else MAX_SIGMAS
    if fields["event.action"] == "publish":
        approvers = fields.get("sentinel.egov.approvers", [])
        names = set(approvers) if isinstance(approvers, list) else set()
        fields["sentinel.egov.approver_count"] = len(names - {fields.get("user.name"), ""})


SCHEMA = Schema(
    service="ioc",
    title="Log of the operations centre",
    title_vi="Nhật ký trung tâm điều hành thông minh (IOC)",
    about="What the city's operations centre (trung tâm điều hành thông minh) writes: one line for every delivery of a "
    "feed, check of a feed, figure published, sign-in and change of configuration.",
    actions=(
        action("login", "authentication", "start", "Somebody signs in"),
        action("feed_update", "database", "change", "A feed delivers a figure"),
        action("feed_check", "database", "info", "A feed was looked at, heard or not"),
        action("publish", "web", "change", "Figures are put on a dashboard"),
        action("config_change", "configuration", "change", "A feed, a formula, a threshold or an account is changed"),
    ),
    entries=(
        columns.USER_IF_ANY,
        columns.ROLES,
        columns.AGENCY_IF_ANY,
        columns.SOURCE_IP,
        columns.DEVICE,
        Entry(
            "zone",
            "sentinel.egov.zone",
            "word",
            "Network zone of the address",
            words=("management", "office", "outside"),
        ),
        Entry("feed", "sentinel.egov.feed", "text", "Data feed", most=128),
        Entry("indicator", "sentinel.egov.indicator", "text", "Figure", most=128),
        Entry("value", "sentinel.egov.indicator_value", "number", "Its value"),
        Entry("mean", "sentinel.egov.indicator_mean", "number", "Its mean so far"),
        Entry("deviation", "sentinel.egov.indicator_deviation", "number", "Its standard deviation so far"),
        Entry("feed_hash", "sentinel.egov.feed_hash", "sha256", "SHA-256 of what was delivered"),
        Entry(
            "unchanged_periods", "sentinel.egov.unchanged_periods", "count", "Deliveries in a row with the same content"
        ),
        Entry("silent_minutes", "sentinel.egov.silent_minutes", "count", "Minutes since the feed was last heard"),
        Entry("dashboard", "sentinel.egov.dashboard", "text", "Dashboard", most=128),
        Entry("approvers", "sentinel.egov.approvers", "texts", "Accounts that approved", most=50),
        Entry("change_ticket", "sentinel.egov.change_ticket", "text", "Approved change", most=64),
        columns.REASON,
    ),
    example=EXAMPLE,
    notes=NOTES,
    derive=derive,
)


def parse(event: Event) -> Fields | None:
    """Return the fields of one line; raise `InputError` naming what breaks the schema."""
    return read(event.raw, SCHEMA)
