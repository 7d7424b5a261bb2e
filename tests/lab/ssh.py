"""Logging in to the lab's server over ssh with a password, as a person or an attacker would."""

from subprocess import CompletedProcess

from tests.lab.host import Host
from tests.lab.lab import Lab

_OPTIONS = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR", "ConnectTimeout=15"]


def shell(
    lab: Lab,
    host: Host,
    user: str,
    command: str,
    *,
    password: str = "",
    stdin: str = "",
    terminal: bool = False,
    check: bool = True,
) -> CompletedProcess[str]:
    """Log in from `host` as `user` and run `command`; `password` is the account's own unless another is given."""
    options = [part for option in _OPTIONS for part in ("-o", option)] + (["-tt"] if terminal else [])
    return host.run(
        ["sshpass", "-e", "ssh", *options, f"{user}@{lab.server.address}", command],
        env={"SSHPASS": password or lab.accounts[user].password},
        stdin=stdin,
        check=check,
    )
