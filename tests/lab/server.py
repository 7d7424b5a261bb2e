"""The lab's server: nginx before the portal, sshd, dnsmasq, rsyslog and sudo, all of Debian, on files of its own."""

import secrets
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.lab import settings
from tests.lab.host import Host
from tests.lab.lan import DOMAIN
from tests.lab.waiting import until

_HERE = Path(__file__).resolve().parent
_FOLDERS = ("etc/ssh", "etc/nginx", "home", "log/nginx", "www/portal/documents", "www/portal/uploads", "dev")

# Everything is mounted inside the machine's own mount namespace: the paths are Debian's, the files are the lab's.
_MOUNT = """
set -e
cd "$1"
for file in passwd group shadow gshadow sudoers rsyslog.conf; do
    mount --bind "etc/$file" "/etc/$file"
done
for folder in ssh nginx; do mount --bind "etc/$folder" "/etc/$folder"; done
mount --bind home /home
mount --bind log /var/log
mount --bind www /var/www
mkdir -p /run/sshd /run/sudo
cp etc/dnsmasq.conf /run/dnsmasq.conf
mount -t tmpfs -o mode=755 tmpfs dev
for device in null zero full random urandom tty; do touch "dev/$device"; mount --bind "/dev/$device" "dev/$device"; done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount --move dev /dev
chown -R 33:33 www/portal/uploads
"""

_SERVICES: Mapping[str, list[str]] = {
    "rsyslog": ["rsyslogd", "-n", "-f", "/etc/rsyslog.conf", "-i", "/run/rsyslogd.pid"],
    "portal": ["/usr/bin/python3", "/var/www/portal/app.py"],
    "nginx": ["nginx", "-g", "daemon off;"],
    "sshd": ["/usr/sbin/sshd", "-D", "-f", "/etc/ssh/sshd_config"],
    "dnsmasq": ["dnsmasq", "--keep-in-foreground", "--conf-file=/run/dnsmasq.conf"],
}


@dataclass(frozen=True, slots=True)
class Account:
    """A throwaway user of the lab's server; its password exists nowhere else and ends with the lab."""

    name: str
    number: int
    password: str


def make_accounts() -> dict[str, Account]:
    """Return an administrator, an officer whose password can be guessed, and a helper without any sudo rights."""
    weak = f"phuongmau{secrets.randbelow(9000) + 1000}"
    passwords = {"quantri": secrets.token_urlsafe(12), "canbo1": weak, "hotro": secrets.token_urlsafe(12)}
    return {name: Account(name, 2001 + i, password) for i, (name, password) in enumerate(passwords.items())}


def prepare(host: Host, accounts: Mapping[str, Account]) -> None:
    """Write the server's files and mount them where Debian's programs look for them."""
    for folder in _FOLDERS:
        (host.folder / folder).mkdir(parents=True, exist_ok=True)
    _write_etc(host.folder / "etc", accounts)
    portal = host.folder / "www" / "portal"
    shutil.copyfile(_HERE / "portal.py", portal / "app.py")
    (portal / "documents" / "huong-dan.txt").write_text("Hướng dẫn nộp hồ sơ trực tuyến.\n", encoding="utf-8")
    for account in accounts.values():
        home = host.folder / "home" / account.name
        home.mkdir(mode=0o750)
        shutil.chown(home, account.number, account.number)
    host.run(["bash", "-c", _MOUNT, "mount", host.folder])


def start(host: Host) -> None:
    """Start every service and wait until it answers."""
    for name, command in _SERVICES.items():
        host.popen(command, user="www-data" if name == "portal" else None, log=f"{name}.out")
        if name == "rsyslog":
            until(lambda: host.run(["test", "-S", "/dev/log"], check=False).returncode == 0, "rsyslog")
    for port in (8000, 80, 22):
        until(partial(_listens, host, port), f"a service on port {port}")
    query = ["dig", "+short", "+time=1", "+tries=1", f"@{host.address}", f"portal.{DOMAIN}"]
    until(lambda: host.address in host.run(query, check=False).stdout, "dnsmasq")


def _write_etc(etc: Path, accounts: Mapping[str, Account]) -> None:
    users = accounts.values()
    passwd = "".join(f"{u.name}:x:{u.number}:{u.number}::/home/{u.name}:/bin/bash\n" for u in users)
    group = "".join(f"{u.name}:x:{u.number}:\n" for u in users)
    locked = "".join(f"{line.split(':')[0]}:*:20000:0:99999:7:::\n" for line in settings.PASSWD.split())
    shadow = "".join(f"{u.name}:{_hash(u.password)}:20000:0:99999:7:::\n" for u in users)
    files = {
        "passwd": settings.PASSWD.lstrip() + passwd,
        "group": settings.GROUP.lstrip() + group,
        "shadow": locked + shadow,
        "gshadow": "",
        "sudoers": settings.SUDOERS,
        "rsyslog.conf": settings.RSYSLOG,
        "dnsmasq.conf": settings.DNSMASQ,
        "nginx/nginx.conf": settings.NGINX,
        "ssh/sshd_config": settings.SSHD,
        "ssh/moduli": "",
    }
    for name, text in files.items():
        (etc / name).write_text(text, encoding="utf-8")
    for name, mode in {"shadow": 0o600, "gshadow": 0o600, "sudoers": 0o440}.items():
        (etc / name).chmod(mode)
    key = etc / "ssh" / "ssh_host_ed25519_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "portal01", "-f", key], check=True, timeout=10)


def _hash(password: str) -> str:
    done = subprocess.run(
        ["openssl", "passwd", "-6", "-stdin"], input=password, capture_output=True, text=True, check=True, timeout=10
    )
    return done.stdout.strip()


def _listens(host: Host, port: int) -> bool:
    return f":{port} " in host.run(["ss", "--listening", "--tcp", "--numeric"]).stdout


if sys.platform != "linux":
    raise RuntimeError("the lab needs Linux: it is made of network namespaces")
