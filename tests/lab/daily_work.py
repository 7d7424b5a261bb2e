"""What an ordinary day looks like in the lab: pages, names, log-ins; nothing here may raise an alert."""

from tests.lab.attacks import PORTAL
from tests.lab.lab import Lab
from tests.lab.lan import DOMAIN
from tests.lab.ssh import shell

BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
PAGES = (
    "/",
    "/tra-cuu?ma=HS-0001",
    "/tra-cuu?ma=HS-0003",
    "/tai-lieu?tep=huong-dan.txt",
    "/tra-cuu?ma=HS-0002",
    "/tin-tuc",
)


def browse(lab: Lab, *, rounds: int = 2) -> None:
    """Open the portal's pages from the workstation with a browser's user agent, and hand in an attachment."""
    for _ in range(rounds):
        for page in PAGES:
            lab.workstation.run(["curl", "-s", "-A", BROWSER, "-e", f"{PORTAL}/", "--max-time", "5", PORTAL + page])
    form = "tep=@-;filename=don-de-nghi.pdf;type=application/pdf"
    lab.workstation.run(["curl", "-s", "-A", BROWSER, "-F", form, f"{PORTAL}/ho-so/tai-len"], stdin="%PDF-1.4 mau\n")


def look_up_names(lab: Lab) -> None:
    """Ask for the names a workstation asks for, one of them unknown."""
    for name, kind in (("portal", "A"), ("mot-cua", "A"), ("gw", "A"), ("may-in", "A"), ("portal", "AAAA")):
        lab.workstation.run(["dig", "+tries=1", "+time=2", f"{name}.{DOMAIN}", kind])
    lab.workstation.run(["dig", "+tries=1", "+time=2", DOMAIN, "MX"])


def administer(lab: Lab) -> None:
    """Log in as people do: the administrator with sudo, the officer after one mistyped password."""
    shell(lab, lab.workstation, "quantri", "sudo nginx -t; sudo tail -n 5 /var/log/syslog", terminal=True, check=False)
    shell(lab, lab.workstation, "canbo1", "true", password="nham-mat-khau", check=False)
    shell(lab, lab.workstation, "canbo1", "ls")
    shell(lab, lab.workstation, "hotro", "uptime")
