"""Who acts at the command line: whoever may open the home folder, noted by their name on this machine."""

import getpass
import os

from sentinel.accounts.agencies import CITY, Agencies
from sentinel.model.principal import Principal, Role


def actor() -> str:
    """Return the name for the audit log, `cli:` and the user of the operating system."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # OSError since Python 3.13: this uid has no name.
        return f"cli:{os.getuid()}"


def administrator(agencies: Agencies) -> Principal:
    """Return the administrator of the whole city as whom the command line acts."""
    name = actor()
    return Principal(id=name, name=name, role=Role.ADMINISTRATOR, agency=CITY, scope=agencies.scope(CITY))
