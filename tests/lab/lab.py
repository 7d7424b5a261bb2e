"""The lab as one object: start it, attack it, read what it wrote."""

import os
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from tests.lab import lan, server
from tests.lab.host import PATH, Host

NUMBERS = {"soc": 5, "server": 10, "workstation": 21, "attacker": 66}
"""Each machine's last part of the address; the gateway is 1."""
NAMES = {"soc": "soc01", "server": "portal01", "workstation": "quay03", "attacker": "laptop66"}


PROGRAMS = ("nginx", "sshd", "dnsmasq", "rsyslogd", "sudo", "ip", "tcpdump", "dig", "sshpass")
TOOLS = ("nmap", "hydra", "sqlmap", "arpspoof", "curl")
_PACKAGES = "tests/lab/packages.txt"


def missing() -> str:
    """Return why the lab cannot run here, in one sentence; empty when it can."""
    absent = [name for name in (*PROGRAMS, *TOOLS) if shutil.which(name, path=PATH) is None]
    if absent:
        return f"the lab needs the Debian packages of {_PACKAGES}; not here: {', '.join(absent)}"
    return "" if os.geteuid() == 0 else "the lab needs root, for network namespaces"


class Lab:
    """Five machines on one LAN: gateway (with the sensor's view of it), server, workstation, attacker and SOC.

    Use it as a context manager: leaving it ends every process and every namespace, whatever happened.
    Two labs live side by side without seeing each other, if their folders differ.
    """

    gateway: Host
    """Router and switch in one: everything on the LAN can be captured on its bridge."""
    server: Host
    workstation: Host
    attacker: Host
    soc: Host
    """Where a Sentinel server can run, reachable from all the others."""

    def __init__(self, folder: Path) -> None:
        """`folder` (made if missing) receives one sub-folder per machine; it must be short-lived and ours alone."""
        self.folder = folder.resolve()
        self.accounts = server.make_accounts()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End every process of the lab; its namespaces go with them."""
        self._stack.close()

    @property
    def auth_log(self) -> Path:
        """The server's /var/log/auth.log, seen from outside; inside it has Debian's own path."""
        return self.server.folder / "log" / "auth.log"

    @property
    def access_log(self) -> Path:
        """The server's /var/log/nginx/access.log, seen from outside."""
        return self.server.folder / "log" / "nginx" / "access.log"

    @property
    def uploads(self) -> Path:
        """The portal's upload folder, seen from outside; inside it is /var/www/portal/uploads."""
        return self.server.folder / "www" / "portal" / "uploads"

    def _start(self) -> None:
        self.gateway = self._stack.enter_context(Host("gw01", self.folder / "gateway"))
        hosts = {role: self._stack.enter_context(Host(NAMES[role], self.folder / role)) for role in NUMBERS}
        self.soc, self.server = hosts["soc"], hosts["server"]
        self.workstation, self.attacker = hosts["workstation"], hosts["attacker"]
        lan.plug_in(self.gateway, {NUMBERS[role]: host for role, host in hosts.items()})
        for host in (self.gateway, *hosts.values()):
            self._name_service(host)
        server.prepare(self.server, self.accounts)
        server.start(self.server)

    def _name_service(self, host: Host) -> None:
        files = {
            "hostname": f"{host.name}\n",
            "hosts": f"127.0.0.1 localhost\n127.0.1.1 {host.name}\n",
            "resolv.conf": f"nameserver {self.server.address}\nsearch {lan.DOMAIN}\n",
        }
        for name, text in files.items():
            (host.folder / name).write_text(text, encoding="ascii")
            host.run(["mount", "--bind", host.folder / name, f"/etc/{name}"])
