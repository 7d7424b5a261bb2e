"""The bundled recordings hold what their README promises, and the sensor finds it."""

import io
import json
from collections import Counter
from pathlib import Path

import pytest

from collectors.network import pcap


@pytest.fixture(scope="module")
def recordings(root: Path) -> Path:
    return root / "tests" / "data" / "recordings"


def lines(path: Path) -> list[dict]:
    output = io.StringIO()
    assert pcap.run(path, output) == 0
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_the_scan_shows_as_hundreds_of_refused_flows_from_the_attacker(recordings: Path) -> None:
    flows = [e for e in lines(recordings / "02-port-scan.pcap") if e["event"]["dataset"] == "network.flow"]
    unanswered = [e for e in flows if e["sentinel"]["flow"]["state"] in ("rejected", "attempted")]
    assert {e["source"]["ip"] for e in unanswered} == {"10.77.14.66"}
    assert len({e["destination"]["port"] for e in unanswered}) == 300


def test_the_spoofed_gateway_shows_as_one_conflict(recordings: Path) -> None:
    [conflict] = [e for e in lines(recordings / "08-arp-spoofing.pcap") if e["event"].get("action") == "arp_conflict"]
    assert conflict["source"] == {"ip": "10.77.14.1", "mac": "02-77-14-00-00-42"}
    assert conflict["sentinel"]["arp"]["previous_mac"] == "02-77-14-00-00-01"


def test_the_tunnel_shows_as_long_coded_names(recordings: Path) -> None:
    asked = [e for e in lines(recordings / "09-dns-tunnel.pcap") if e.get("dns", {}).get("type") == "query"]
    assert len(asked) == 120
    for event in asked:
        assert event["dns"]["question"]["registered_domain"] == "cap-nhat-he-thong.example"
        assert event["sentinel"]["dns"]["question_length"] > 100
        assert event["sentinel"]["dns"]["entropy"] > 4


@pytest.mark.parametrize("phase", ["01-morning.pcap", "10-evening.pcap"])
def test_ordinary_work_shows_nothing_odd(recordings: Path, phase: str) -> None:
    events = lines(recordings / phase)
    assert {e["event"].get("action") for e in events} <= {None, "arp_binding_new"}
    assert {e["sentinel"]["flow"]["state"] for e in events if "flow" in e.get("sentinel", {})} == {"established"}
    assert max(e["sentinel"]["dns"]["question_length"] for e in events if "dns" in e.get("sentinel", {})) < 40


def test_the_phases_say_where_their_lines_are(recordings: Path) -> None:
    phases = {p["name"]: p for p in json.loads((recordings / "phases.json").read_text())["phases"]}
    logs = {name: (recordings / f"{name}.log").read_text().splitlines() for name in ("auth", "access")}

    def of(phase: str, log: str) -> list[str]:
        first, last = phases[phase][f"{log}_log"]
        return logs[log][first - 1 : last]

    guessing = of("ssh-guessing", "auth")
    assert sum("Failed password for canbo1 from 10.77.14.66" in line for line in guessing) >= 20
    assert sum("Accepted password for canbo1 from 10.77.14.66" in line for line in guessing) == 1
    assert Counter("NOT in sudoers" in line for line in of("sudo-misuse", "auth"))[True] == 1
    assert all("sqlmap/" in line for line in of("sql-injection", "access"))
    assert any("/etc/passwd" in line and '" 200 ' in line for line in of("path-traversal", "access"))
    assert any("anh-the.php?cmd=id" in line for line in of("web-shell", "access"))
    assert all("10.77.14.66" not in line for phase in ("morning", "evening") for line in of(phase, "access"))
