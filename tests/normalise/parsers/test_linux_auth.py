"""linux.auth: who logged in, from where, and what they did with sudo."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.model.record import Fields
from tests.normalise.lines import fields

HEAD = "Nov 23 02:00:00 portal01 "


def read(rest: str) -> Fields:
    return fields("linux.auth", HEAD + rest)


def has(found: Fields, **wanted: object) -> None:
    for name, value in wanted.items():
        assert found.get(name.replace("__", ".")) == value, name


def test_a_password_that_is_accepted() -> None:
    found = read("sshd[78]: Accepted password for quantri from 10.77.14.21 port 36288 ssh2")
    has(found, event__action="ssh_login", event__outcome="success", user__name="quantri", source__ip="10.77.14.21")
    has(found, source__port=36288, process__pid=78, process__name="sshd", sentinel__auth__method="password")


def test_a_key_that_is_accepted_is_remembered_by_its_print() -> None:
    found = read("sshd-session[78]: Accepted publickey for q from 2001:db8::1 port 1 ssh2: ED25519 SHA256:abc")
    has(
        found,
        sentinel__auth__method="publickey",
        sentinel__auth__key_fingerprint="SHA256:abc",
        source__ip="2001:db8::1",
    )


def test_a_failure_for_a_user_who_does_not_exist() -> None:
    found = read("sshd[1]: Failed password for invalid user admin from 10.77.14.66 port 34402 ssh2")
    has(found, event__outcome="failure", user__name="admin", sentinel__auth__is_invalid_user=True)


@pytest.mark.parametrize("name", ["", "x from 9.9.9.9 port 9 ssh2", "from 9.9.9.9", "a b"])
def test_a_user_name_cannot_forge_the_address(name: str) -> None:
    found = read(f"sshd[1]: Failed password for invalid user {name} from 10.77.14.66 port 34402 ssh2")
    has(found, source__ip="10.77.14.66", source__port=34402, event__action="ssh_login")
    found = read(f"sshd[1]: Invalid user {name} from 10.77.14.66 port 34402")
    has(found, source__ip="10.77.14.66", event__action="ssh_invalid_user")
    found = read(f"sshd[1]: Connection closed by invalid user {name} 10.77.14.66 port 34402 [preauth]")
    has(found, source__ip="10.77.14.66", event__action="ssh_disconnect")


def test_repeated_messages_say_how_often() -> None:
    found = read("sshd[1]: message repeated 5 times: [ Failed password for root from 10.0.0.9 port 4 ssh2]")
    has(found, sentinel__repeat_count=5, event__action="ssh_login", user__name="root", source__ip="10.0.0.9")


@pytest.mark.parametrize(
    ("message", "action"),
    [
        ("Received disconnect from 10.0.0.9 port 4:11: Bye Bye [preauth]", "ssh_disconnect"),
        ("Disconnected from authenticating user root 10.0.0.9 port 4 [preauth]", "ssh_disconnect"),
        ("error: maximum authentication attempts exceeded for root from 10.0.0.9 port 4 ssh2", "ssh_max_attempts"),
        ("Did not receive identification string from 10.0.0.9 port 4", "ssh_probe"),
        ("banner exchange: Connection from 10.0.0.9 port 4: invalid format", "ssh_probe"),
        ("User root from 10.0.0.9 not allowed because not listed in AllowUsers", "ssh_refused"),
        ("error: PAM: Authentication failure for root from 10.0.0.9", "ssh_refused"),
        ("Connection from 10.0.0.9 port 4 on 10.0.0.1 port 22 rdomain \"\"", "ssh_connect"),
        ("pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=10.0.0.9  user=root",
         "authentication_failure"),
    ],
)  # fmt: skip
def test_other_things_sshd_says(message: str, action: str) -> None:
    has(read(f"sshd[1]: {message}"), event__action=action, source__ip="10.0.0.9")


def test_a_sudo_command() -> None:
    found = read(
        "sudo:  quantri : TTY=pts/0 ; PWD=/home/quantri ; USER=root ; COMMAND=/usr/bin/tail -n 5 /var/log/syslog"
    )
    has(
        found,
        event__action="sudo_command",
        event__outcome="success",
        user__name="quantri",
        user__effective__name="root",
    )
    has(found, process__command_line="/usr/bin/tail -n 5 /var/log/syslog", process__working_directory="/home/quantri")


def test_a_sudo_command_may_contain_what_separates_the_parts() -> None:
    found = read("sudo: q : PWD=/tmp ; USER=root ; COMMAND=/bin/sh -c 'a ; USER=bin ; COMMAND=b'")
    has(found, user__effective__name="root", process__command_line="/bin/sh -c 'a ; USER=bin ; COMMAND=b'")


@pytest.mark.parametrize(
    ("reason", "count"),
    [("command not allowed", None), ("user NOT in sudoers", None), ("3 incorrect password attempts", 3)],
)
def test_sudo_that_is_refused(reason: str, count: int | None) -> None:
    found = read(f"sudo:   canbo1 : {reason} ; PWD=/home/canbo1 ; USER=root ; COMMAND=/bin/bash")
    has(found, event__action="sudo_denied", event__outcome="failure", event__reason=reason, user__name="canbo1")
    has(found, sentinel__repeat_count=count, process__command_line="/bin/bash")


def test_sessions() -> None:
    found = read("sudo: pam_unix(sudo:session): session opened for user root(uid=0) by quantri(uid=2001)")
    has(found, event__action="session_opened", user__name="quantri", user__effective__name="root")
    found = read("sshd[1]: pam_unix(sshd:session): session closed for user canbo1")
    has(found, event__action="session_closed", user__name="canbo1")
    has(read("systemd-logind[9]: New session 12 of user bob."), user__name="bob", sentinel__session__id="12")


def test_accounts_and_su_and_cron() -> None:
    has(read("usermod[1]: add 'hotro' to group 'sudo'"), event__action="group_member_added", group__name="sudo")
    has(read("useradd[1]: new user: name=x, UID=7, GID=7, home=/h, shell=/s, from=none"), user__target__name="x")
    has(read("su: FAILED SU (to root) bob on pts/0"), event__outcome="failure", user__effective__name="root")
    has(read("su[3]: (to root) bob on pts/0"), event__outcome="success", user__name="bob")
    has(read("CRON[5]: (root) CMD (  /usr/lib/sa1 1 1)"), process__command_line="/usr/lib/sa1 1 1", user__name="root")


def test_rfc3339_times_and_priorities() -> None:
    found = fields(
        "linux.auth", "<38>2026-11-23T23:03:27.360332+07:00 portal01 sshd[55]: Server listening on :: port 22."
    )
    has(
        found,
        **{"@timestamp": "2026-11-23T16:03:27.360332Z"},
        log__syslog__priority=38,
        log__syslog__hostname="portal01",
    )
    assert "event.action" not in found
    assert found["message"] == "Server listening on :: port 22."


def test_the_zone_of_the_source_is_a_hint() -> None:
    found = fields("linux.auth", HEAD + "x: y", event__timezone="+07:00")
    assert found["@timestamp"] == "2026-11-22T19:00:00.000000Z"
    assert fields("linux.auth", HEAD + "x: y", event__timezone="here")["event.kind"] == "pipeline_error"


@given(st.sampled_from(["sshd", "sudo", "su", "CRON", "useradd", "systemd-logind"]), st.text(), st.booleans())
def test_no_message_breaks_a_reader(program: str, message: str, is_failure: bool) -> None:
    prefix = "Failed password for " if is_failure and program == "sshd" else ""
    assert read(f"{program}[1]: {prefix}{message}")["event.kind"] == "event"
