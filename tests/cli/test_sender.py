"""`sentinel sender`: the token on standard output once, never again; settings of others in one line."""

import json
from pathlib import Path

import pytest

from sentinel.cli import sender
from sentinel.errors import InputError
from sentinel.wiring import open_home
from tests.cli.test_people import home as home
from tests.cli.test_people import run

ADD = ("add", "--agency", "dept-finance", "--name", "Filebeat", "--dataset", "linux.syslog")


def listed(home: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in run(sender.app, home, "list", "--json").stdout.splitlines()]


def test_a_token_is_printed_once_works_and_can_be_replaced(home: Path) -> None:
    token = run(sender.app, home, *ADD, "--door", "bulk", "--events-per-second", "50").stdout.strip()
    opened = open_home(home)
    one = opened.senders.by_token("bulk", token)
    assert (one.agency, one.limits.events_per_second) == ("dept-finance", 50)
    text = run(sender.app, home, "list").stdout
    assert token not in text
    after = run(sender.app, home, "rotate", one.id, "--why", "lost").stdout.strip()
    assert opened.senders.by_token("bulk", after).id == one.id
    run(sender.app, home, "revoke", one.id, "--why", "gone")
    opened.close()
    (row,) = [row for row in listed(home) if row["id"] == one.id]
    assert (row["revoked"], row["known_by"]) == (True, "token")


def test_a_syslog_sender_has_networks_and_no_token(home: Path) -> None:
    found = run(sender.app, home, *ADD, "--door", "syslog", "--network", "10.3.0.0/16", "--network", "fd00::/64")
    (row,) = [row for row in listed(home) if row["id"] == found.stdout.strip()]
    assert row["known_by"] == "10.3.0.0/16, fd00::/64"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--door", "syslog", "--network", "10.3.0.1/16"), "10.3.0.0/16|host bits"),
        (("--door", "hec", "--dataset", "no.such"), "no parser"),
        (("--door", "hec", "--agency", "dept-finanse"), "dept-finance"),
    ],
)
def test_what_is_wrong_is_said(home: Path, more: tuple[str, ...], words: str) -> None:
    with pytest.raises(InputError, match=words):
        run(sender.app, home, *ADD, *more)
