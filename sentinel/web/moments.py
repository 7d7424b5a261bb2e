"""Times as people of one place read them; UTC stays beside each for machines."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_timedelta
from markupsafe import Markup

from sentinel.model.moment import from_text, now, to_text

FORMAT = "%d/%m/%Y %H:%M:%S"
INPUT_FORMAT = "%Y-%m-%dT%H:%M:%S"


class Clock:
    """Shows times in one zone and one language."""

    def __init__(self, zone: str, language: str) -> None:
        self.zone = ZoneInfo(zone)
        self._language = language

    def local(self, moment: str) -> str:
        """Return `dd/mm/yyyy HH:MM:SS` in the zone; what is no time comes back as it is."""
        try:
            return from_text(moment).astimezone(self.zone).strftime(FORMAT)
        except (ValueError, OverflowError):
            return moment

    def moment(self, moment: str | None) -> Markup | str:
        """Return a `<time>` element, or a dash for None."""
        if not moment:
            return "–"
        return Markup('<time datetime="{}">{}</time>').format(moment, self.local(moment))

    def ago(self, moment: str | None, at: datetime | None = None) -> str:
        """Return how long ago that was, in words."""
        if not moment:
            return "–"
        try:
            passed = (at or now()) - from_text(moment)
        except (ValueError, OverflowError):
            return moment
        return format_timedelta(-passed, locale=self._language, add_direction=True, threshold=1.2)

    def lasting(self, seconds: float) -> str:
        """Return a length of time in words."""
        return format_timedelta(timedelta(seconds=seconds), locale=self._language, threshold=1.2)

    def typed(self, moment: str) -> str:
        """Return what a person would type for it in a `datetime-local` input."""
        return from_text(moment).astimezone(self.zone).strftime(INPUT_FORMAT)

    def from_input(self, text: str) -> str:
        """Return as UTC text what a person typed in a `datetime-local` input; raise ValueError for no time."""
        return to_text(datetime.fromisoformat(text).replace(tzinfo=self.zone))
