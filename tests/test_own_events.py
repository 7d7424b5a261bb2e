"""Who attacks the console is found by the same rules, pipeline and queue as who attacks the city."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel.accounts.passwords import Passwords
from sentinel.cli.init import create
from sentinel.errors import RefusedError
from sentinel.model.rule_state import RuleState
from sentinel.wiring import Home, open_home

CITY = frozenset({"city"})


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    create(tmp_path / "home", host="127.0.0.1", port=1, names=["localhost"], administrator="admin")
    opened = open_home(tmp_path / "home")
    opened.agencies.load_bundled()
    opened.users.passwords = Passwords(time_cost=1, memory_kib=64)
    yield opened
    opened.close()


def live(home: Home) -> list[str]:
    """Let everything that waits be told, judged and stored; return the rules of the city's alerts."""
    while home.watch.tell_audit() or home.pipeline.step():
        pass
    return [alert.title for alert in home.alerts.find(CITY).alerts]


def test_guessing_console_passwords_is_an_alert(home: Home) -> None:
    before = live(home)
    for number in range(10):
        with pytest.raises(RefusedError):
            home.sign_in.with_password(f"user{number}", "not the password", "203.0.113.9")
    (title,) = set(live(home)) - set(before)
    assert title == "Passwords Guessed At Sentinel's Own Console"
    found = next(alert for alert in home.alerts.find(CITY).alerts if alert.title == title)
    assert (found.agency, len(found.contributing)) == ("city", 8)


def test_switching_a_rule_off_is_an_alert_with_who_and_why(home: Home) -> None:
    admin = home.users.by_name("admin")
    assert admin is not None
    before = live(home)
    rule = next(each for each in home.rules.rules if each.log_source.service == "sshd")
    home.rule_states.decide(admin, rule.info, "city", RuleState.DISABLED, "too loud")
    (title,) = set(live(home)) - set(before)
    assert title == "Detection Rule Switched Off"
    found = next(alert for alert in home.alerts.find(CITY).alerts if alert.title == title)
    assert (found.fields["user.name"], found.fields["event.reason"]) == ("admin", "too loud")
    assert found.fields["sentinel.own.name"] == rule.info.title
