"""Records the lab: its logs, one capture per phase, and when each phase began and ended."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from signal import SIGINT
from tempfile import TemporaryDirectory

from tests.lab import attacks, daily_work
from tests.lab.lab import Lab
from tests.lab.lan import BRIDGE
from tests.lab.waiting import until

HEADERS_ONLY = 128
"""Bytes kept of each packet where only the headers matter: enough for Ethernet, IP and TCP with all options."""
WEB_BYTES = 512
WHOLE = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """One part of the recorded day, and how many bytes of each packet its capture keeps."""

    name: str
    what: str
    do: tuple[Callable[[Lab], None], ...]
    packet_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Where one phase lies in the recording; line numbers from 1, `0` when it left no line."""

    name: str
    what: str
    began: str
    ended: str
    capture: str
    auth_log: tuple[int, int]
    access_log: tuple[int, int]


PHASES = (
    Phase(
        name="morning",
        what="ordinary work: pages, names, log-ins, one mistyped password, an administrator's sudo",
        do=(daily_work.look_up_names, daily_work.browse, daily_work.administer),
        packet_bytes=WEB_BYTES,
    ),
    Phase(
        name="port-scan",
        what="nmap SYN scan of 300 ports of the server",
        do=(attacks.port_scan,),
        packet_bytes=HEADERS_ONLY,
    ),
    Phase(
        name="ssh-guessing",
        what="hydra over ssh: unknown names, then 23 wrong passwords and the right one for canbo1",
        do=(attacks.invalid_users, attacks.guess_password),
        packet_bytes=HEADERS_ONLY,
    ),
    Phase(
        name="sudo-misuse",
        what="the guessed account logs in and tries sudo: allowed, refused, wrong password; hotro, without rights, too",
        do=(attacks.misuse_account, attacks.sudo_without_rights),
        packet_bytes=HEADERS_ONLY,
    ),
    Phase(
        name="sql-injection",
        what="sqlmap against the portal's search until it lists the tables",
        do=(attacks.sql_injection,),
        packet_bytes=WEB_BYTES,
    ),
    Phase(
        name="path-traversal",
        what="five requests for files outside the portal's folder, two of which succeed",
        do=(attacks.path_traversal,),
        packet_bytes=WEB_BYTES,
    ),
    Phase(
        name="web-shell",
        what="a web shell is uploaded and used, a program is brought in and started through it",
        do=(attacks.web_shell,),
        packet_bytes=WEB_BYTES,
    ),
    Phase(
        name="arp-spoofing",
        what="arpspoof tells the workstation that the gateway is at the attacker's address, then puts it right",
        do=(attacks.arp_spoofing,),
        packet_bytes=WHOLE,
    ),
    Phase(
        name="dns-tunnel",
        what="60 long TXT questions carry text out through the agency's own name server",
        do=(attacks.dns_tunnel,),
        packet_bytes=WHOLE,
    ),
    Phase(
        name="evening",
        what="ordinary work again",
        do=(daily_work.browse, daily_work.look_up_names, daily_work.administer),
        packet_bytes=WEB_BYTES,
    ),
)


def record(target: Path) -> list[Recorded]:
    """Run every phase in a fresh lab and write logs, captures and `phases.json` to `target`."""
    target.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="sentinel-lab-") as folder, Lab(Path(folder)) as lab:
        done = [_record(lab, phase, target, number) for number, phase in enumerate(PHASES, start=1)]
        shutil.copyfile(lab.auth_log, target / "auth.log")
        shutil.copyfile(lab.access_log, target / "access.log")
        machines = {
            role: {"name": host.name, "address": host.address, "mac": host.mac}
            for role, host in (
                ("gateway", lab.gateway),
                ("server", lab.server),
                ("workstation", lab.workstation),
                ("attacker", lab.attacker),
            )
        }
    about = {"machines": machines, "phases": [asdict(phase) for phase in done]}
    (target / "phases.json").write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")
    return done


def capture(lab: Lab, file: Path, packet_bytes: int, do: Callable[[], None]) -> None:
    """Write what crosses the LAN while `do` runs to `file`, in pcap format."""
    log = f"{file.stem}.tcpdump.out"
    command = [
        "tcpdump",
        "-i",
        BRIDGE,
        "-n",
        "-s",
        str(packet_bytes),
        "-U",
        "--immediate-mode",
        "-Z",
        "root",
        "-w",
        file,
    ]
    sniffer = lab.gateway.popen(command, log=log)
    said = lab.gateway.folder / log
    until(lambda: "listening on" in said.read_text(encoding="utf-8"), "tcpdump")
    try:
        do()
        until(lambda: all(map(_is_quiet, (file, lab.auth_log, lab.access_log))), "the last packets", seconds=30)
    finally:
        lab.gateway.stop(sniffer, SIGINT)
    drops = re.search(r"(\d+) packets? dropped by kernel", said.read_text(encoding="utf-8"))
    if drops is None or drops[1] != "0":
        raise RuntimeError(f"tcpdump did not keep every packet of {file.name}: {drops and drops[0]}")


def _record(lab: Lab, phase: Phase, target: Path, number: int) -> Recorded:
    before = _count(lab.auth_log), _count(lab.access_log)
    began = datetime.now(UTC)
    inside = lab.gateway.folder / f"{number:02}-{phase.name}.pcap"

    def run() -> None:
        for step in phase.do:
            step(lab)

    capture(lab, inside, phase.packet_bytes, run)
    shutil.copyfile(inside, target / inside.name)
    return Recorded(
        name=phase.name,
        what=phase.what,
        began=began.isoformat(timespec="milliseconds"),
        ended=datetime.now(UTC).isoformat(timespec="milliseconds"),
        capture=inside.name,
        auth_log=_lines(before[0], _count(lab.auth_log)),
        access_log=_lines(before[1], _count(lab.access_log)),
    )


def _is_quiet(file: Path) -> bool:
    """Whether nothing was written for the last second; tcpdump is told to write every packet at once."""
    return not file.exists() or datetime.now(UTC).timestamp() - file.stat().st_mtime > 1


def _count(log: Path) -> int:
    return log.read_bytes().count(b"\n") if log.exists() else 0


def _lines(before: int, after: int) -> tuple[int, int]:
    return (before + 1, after) if after > before else (0, 0)
