"""In the lab every attack leaves its trace: in a log line, in packets, and in what the live sensor says."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import attacks, daily_work, recording
from tests.lab.lab import Lab, missing
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    if reason := missing():
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with Lab(tmp_path_factory.mktemp("lab")) as started:
        yield started


class Trace:
    """What one log holds beyond what it held at first."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._before = len(log.read_bytes()) if log.exists() else 0

    def lines(self) -> list[str]:
        return self._log.read_bytes()[self._before :].decode().splitlines()

    def has(self, *words: str) -> bool:
        return any(all(word in line for word in words) for line in self.lines())

    def wait_for(self, *words: str) -> None:
        until(lambda: self.has(*words), what=f"a line of {self._log.name} with {words}")


class Sense:
    """The collector's live capture on the gateway's bridge."""

    def __init__(self, lab: Lab, root: Path, log: str) -> None:
        self._file = lab.gateway.folder / log
        command = [sys.executable, "-m", "tests.lab.sense", "br0"]
        self.process: subprocess.Popen[bytes] = lab.gateway.popen(command, folder=root, log=log, inherit=True)
        until(lambda: "ready" in self._text(), what="the sensor")

    def events(self, dataset: str) -> list[dict[str, object]]:
        whole = self._text().rpartition("\n")[0]
        readings = [json.loads(line) for line in whole.splitlines()]
        return [json.loads(reading["raw"]) for reading in readings if reading["dataset"] == dataset]

    def _text(self) -> str:
        return self._file.read_text("utf-8") if self._file.exists() else ""


@pytest.fixture
def sense(lab: Lab, root: Path, request: pytest.FixtureRequest) -> Iterator[Sense]:
    started = Sense(lab, root, f"{request.node.name}.ndjson")
    yield started
    assert lab.gateway.stop(started.process) == 0


def test_hydra_leaves_failures_and_one_success(lab: Lab) -> None:
    auth = Trace(lab.auth_log)
    attacks.guess_password(lab, wrong=attacks.WRONG_PASSWORDS[:6])
    auth.wait_for("Failed password for canbo1", f"from {lab.attacker.address}")
    auth.wait_for("Accepted password for canbo1", f"from {lab.attacker.address}")


def test_sudo_says_what_it_allowed_and_what_it_refused(lab: Lab) -> None:
    auth = Trace(lab.auth_log)
    attacks.misuse_account(lab)
    attacks.sudo_without_rights(lab)
    auth.wait_for("sudo:", "canbo1", "COMMAND=/usr/bin/tail /var/log/nginx/access.log")
    auth.wait_for("canbo1 : command not allowed", "COMMAND=/usr/bin/cat /etc/shadow")
    auth.wait_for("canbo1 : 3 incorrect password attempts")
    auth.wait_for("hotro : user NOT in sudoers")


def test_sqlmap_leaves_its_requests(lab: Lab) -> None:
    access = Trace(lab.access_log)
    attacks.sql_injection(lab)
    access.wait_for("sqlmap/", "UNION%20ALL%20SELECT", '" 200 ')


def test_path_traversal_leaves_its_requests(lab: Lab) -> None:
    access = Trace(lab.access_log)
    attacks.path_traversal(lab)
    access.wait_for("/tai-lieu?tep=../../../../etc/passwd", '" 200 ')


def test_the_webshell_answers_and_starts_a_process_from_the_upload_folder(lab: Lab) -> None:
    access = Trace(lab.access_log)
    attacks.plant_webshell(lab)
    assert "uid=33(www-data)" in attacks.use_webshell(lab, "id")
    assert "not on the list" in attacks.use_webshell(lab, "rm -rf /")
    attacks.plant_program(lab, name="cap-nhat", seconds=60)
    access.wait_for("POST /ho-so/tai-len")
    access.wait_for("/uploads/anh-the.php?cmd=id", '" 200 ')
    [pid] = until(lambda: lab.server.processes("/var/www/portal/uploads/cap-nhat"), what="the planted process")
    lab.server.run(["kill", "-KILL", str(pid)])


def test_the_sensor_sees_a_port_scan(lab: Lab, sense: Sense) -> None:
    attacks.port_scan(lab)

    def refused() -> int:
        flows = [e for e in sense.events("network.flow") if e["source.ip"] == lab.attacker.address]
        return len({e["destination.port"] for e in flows if e["sentinel.flow.state"] == "rejected"})

    until(lambda: refused() >= 290, what="290 refused ports")


def test_the_sensor_sees_arp_spoofing(lab: Lab, sense: Sense) -> None:
    attacks.arp_spoofing(lab, seconds=2)
    conflicts = until(
        lambda: [e for e in sense.events("network.arp") if e["event.action"] == "arp_conflict"], what="a conflict"
    )
    assert conflicts[0]["sentinel.arp.sender_ip"] == lab.gateway.address


def test_the_sensor_sees_a_dns_tunnel_whole(lab: Lab, sense: Sense) -> None:
    attacks.dns_tunnel(lab, questions=20)

    def asked() -> list[dict[str, object]]:
        events = [e for e in sense.events("network.dns") if e["dns.type"] == "query"]
        return [e for e in events if e.get("dns.question.registered_domain") == attacks.TUNNEL_DOMAIN]

    until(lambda: len(asked()) == 40, what="20 questions, asked and forwarded")
    assert min(int(str(e["sentinel.dns.question_length"])) for e in asked()) > 100


def test_the_sensor_counts_what_went_over_the_wire(lab: Lab, sense: Sense) -> None:
    """The kernel hands on headers only; the bytes counted are the packets' own."""
    attacks.plant_webshell(lab, name="lon.txt")
    size = 200_000
    lab.attacker.run(
        ["curl", "-s", "--max-time", "10", "-F", "tep=@-;filename=lon.bin", f"{attacks.PORTAL}/ho-so/tai-len"],
        stdin="x" * size,
    )

    def sent() -> int:
        flows = sense.events("network.flow")
        return max((int(str(e["source.bytes"])) for e in flows if e.get("destination.port") == 80), default=0)

    until(lambda: sent() > size, what="a flow of 200 kB")
    assert sent() < size * 1.2


def test_ordinary_work_raises_no_conflict(lab: Lab, sense: Sense) -> None:
    daily_work.look_up_names(lab)
    daily_work.browse(lab, rounds=1)
    daily_work.administer(lab)
    until(lambda: any(e.get("destination.port") == 22 for e in sense.events("network.flow")), what="an ssh flow")
    actions = {e["event.action"] for e in sense.events("network.arp")}
    assert actions <= {"arp_binding_new"}


def test_a_phase_is_recorded_with_every_packet(lab: Lab, tmp_path: Path) -> None:
    file = lab.gateway.folder / "names.pcap"
    recording.capture(lab, file, recording.WHOLE, lambda: daily_work.look_up_names(lab))
    assert b"phuong-mau" in file.read_bytes()


def test_two_labs_live_side_by_side_and_leave_nothing(lab: Lab, tmp_path: Path) -> None:
    with Lab(tmp_path / "second") as second:
        assert second.server.address == lab.server.address
        attacks.use_webshell(second, "id", name="khong-co.php")
        pids = [second.server.pid, second.gateway.pid, second.attacker.pid]
        assert "khong-co" not in lab.access_log.read_text()
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert not [line for line in Path("/proc/mounts").read_text().splitlines() if str(tmp_path) in line]
