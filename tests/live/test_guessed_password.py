"""A guessed password, from the line in the log to a block that ends on time with the server gone."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from sentinel import bundled, config
from sentinel.cli.demo.city import program
from sentinel.cli.init import create
from sentinel.model.alert import Alert
from sentinel.model.moment import from_text
from sentinel.model.run import EffectState, Run
from sentinel.wiring import Home, open_home
from tests.lab import attacks
from tests.lab.lab import Lab
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(240)]

PORT = 8443
TTL_SECONDS = 12
ALERT_SECONDS = 2.0
CITY = frozenset({"city"})
COMMUNE = "commune-2025-001"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    missing = [name for name in ("nginx", "sshd", "hydra", "nft", "rsyslogd", "dnsmasq") if not _has(name)]
    if os.geteuid() != 0 or missing:
        reason = f"the lab needs root and Debian's packages; missing here: {', '.join(missing) or 'root'}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with Lab(tmp_path / "lab") as started:
        yield started


def _has(name: str) -> bool:
    return shutil.which(name, path="/usr/sbin:/sbin:" + os.environ["PATH"]) is not None


class Sentinel:
    """A server on the SOC's machine and a collector on the agency's server, both with settings for a short block."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab = lab
        self.folder = folder
        self.url = f"https://{lab.soc.address}:{PORT}"
        self.home = self._home()
        self.server = self.serve()
        self.collector = self._collector()

    def serve(self) -> "subprocess.Popen[bytes]":
        command = [program("sentinel"), "serve", "--home", str(self.home)]
        process = self.lab.soc.popen(command, log="sentinel.log", inherit=True)
        until(lambda: f":{PORT} " in self.lab.soc.run(["ss", "-ltn"]).stdout, what="the server's port")
        return process

    def open(self) -> Home:
        return open_home(self.home)

    def _home(self) -> Path:
        home = self.folder / "home"
        create(home, host="0.0.0.0", port=PORT, names=[self.lab.soc.address], administrator="admin")
        playbooks = self.folder / "playbooks"
        playbooks.mkdir()
        text = (bundled.folder("playbooks") / "guessed-password.yml").read_text("utf-8")
        short, count = re.subn(r"(?m)^(\s*)ttl: \w+", rf"\g<1>ttl: {TTL_SECONDS}s", text)
        assert count == 1
        (playbooks / "guessed-password.yml").write_text(short, "utf-8")
        with (home / config.FILE_NAME).open("a") as settings:
            settings.write(f'\n[content]\nplaybooks = ["{playbooks}"]\n')
        return home

    def _collector(self) -> "subprocess.Popen[bytes]":
        settings = self.folder / "collector.toml"
        settings.write_text(
            f'[server]\nurl = "{self.url}"\n[collector]\nhome = "{self.folder / "collector"}"\n'
            "[respond]\nenabled = true\n"
            '[[input]]\nkind = "file"\npath = "/var/log/auth.log"\ndataset = "linux.auth"\nstart = "end"\n'
        )
        opened = self.open()
        token = opened.enrolment.make_token(
            agency=COMMUNE,
            name="portal01",
            minutes=10,
            actor="test",
            url=self.url,
            ca_fingerprint=opened.keys.ca_fingerprint(),
        )
        opened.close()
        collect = [program("sentinel-collect"), "--config", str(settings)]
        self.lab.server.run([*collect, "enrol", "-"], stdin=token)
        process = self.lab.server.popen([*collect, "run"], log="collector.log", inherit=True)
        until(self._is_reading, what="the collector's first report")
        return process

    def _is_reading(self) -> bool:
        opened = self.open()
        try:
            found = opened.identities.find(opened.agencies.scope("city"))
            return any("auth.log" in json.dumps(dict(each.status)) for each in found)
        finally:
            opened.close()

    def alert(self) -> Alert | None:
        opened = self.open()
        try:
            scope = opened.agencies.scope("city")
            page = opened.alerts.find(scope, levels=(), limit=50)
            return next((each for each in page.alerts if "sentinel.guessed-password" in each.tags), None)
        finally:
            opened.close()

    def runs(self) -> list[Run]:
        opened = self.open()
        try:
            return list(opened.runs.find(opened.agencies.scope("city")))
        finally:
            opened.close()

    def waiting(self) -> bool:
        return any(approval.decision is None for run in self.runs() for approval in run.approvals)

    def block(self) -> EffectState | None:
        effects = [effect for run in self.runs() for effect in run.effects if effect.action == "block_ip"]
        return effects[0].state if effects else None

    def approve(self) -> None:
        opened = self.open()
        user = opened.users.by_name("admin")
        assert user is not None
        token = opened.sign_in.make_link(user.id, minutes=5, actor="test")
        ca = opened.keys.ca
        opened.close()
        root = Path(__file__).resolve().parents[2]
        self.lab.soc.run([sys.executable, "-m", "tests.lab.soc_operator", self.url, ca], stdin=token, folder=root)


def reaches_ssh(lab: Lab) -> bool:
    """Return whether the attacker's machine can still open a connection to the server's sshd."""
    command = ["bash", "-c", f"exec 3<>/dev/tcp/{lab.server.address}/22"]
    return lab.attacker.run(["timeout", "1", *command], check=False).returncode == 0


def test_a_guessed_password_is_answered_and_the_block_ends_without_the_server(lab: Lab, tmp_path: Path) -> None:
    sentinel = Sentinel(lab, tmp_path)
    assert reaches_ssh(lab)

    attacks.guess_password(lab)
    alert = until(sentinel.alert, seconds=20, what="the alert")
    accepted = [line for line in lab.auth_log.read_text().splitlines() if "Accepted password for canbo1" in line]
    delay = from_text(alert.raised_at) - from_text(accepted[0].split()[0])
    assert timedelta(0) < delay < timedelta(seconds=ALERT_SECONDS), f"the alert came {delay} after the line"

    until(sentinel.waiting, seconds=20, what="the playbook's question")
    assert reaches_ssh(lab), "nothing may happen before the approval"
    sentinel.approve()
    until(lambda: sentinel.block() is EffectState.VERIFIED, seconds=20, what="the verified block")
    assert not reaches_ssh(lab), "the attacker still reaches sshd"

    sentinel.server.kill()
    sentinel.server.wait(timeout=10)
    until(lambda: reaches_ssh(lab), seconds=TTL_SECONDS + 10, what="the end of the block, with no server")
    assert lab.attacker.address not in lab.server.run(["nft", "list", "ruleset"]).stdout

    sentinel.serve()
    until(lambda: sentinel.block() is EffectState.UNDONE, seconds=40, what="the server's knowledge of the undo")
    opened = sentinel.open()
    assert opened.audit.verify() > 0
    opened.close()
