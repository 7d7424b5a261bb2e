"""One file per dataset; `PARSERS` says which reads what."""

from collections.abc import Callable

from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise.parsers import linux_auth, nginx_access, windows

Parse = Callable[[Event], Fields | None]
"""Returns the fields of a line, None where it has no use for it, or raises `InputError` saying what is wrong."""

PARSERS: dict[str, Parse] = {
    "linux.auth": linux_auth.parse,
    "nginx.access": nginx_access.parse,
    "windows.*": windows.parse,
}
"""Dataset to parser; `family.*` reads every dataset of a family."""
