"""Where a trial takes place: a home made once and copied, on a small disk of its own that can be filled."""

import base64
import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from bench.crash_trial.producers import DATASET, Target
from sentinel.cli.administrator import administrator
from sentinel.cli.demo.city import program
from sentinel.cli.init import create
from sentinel.model.sender import SenderLimits
from sentinel.wiring import Home, open_home

AGENCY = "dept-finance"
DISK_MEGABYTES = 96
SHIM = Path(__file__).with_name("faultpoint.c")
FAST = SenderLimits(events_per_second=100_000, bytes_per_second=100_000_000)
BLOCKS = (1 << 20, 1 << 16, 1 << 12, 1)


@dataclass(frozen=True)
class Template:
    """What every trial starts from."""

    folder: Path
    port: int
    tokens: Mapping[str, str]
    shim: Path

    @property
    def target(self) -> Target:
        """Where the producers send."""
        return Target(self.port, self.folder / "home" / "keys" / "ca.pem", self.tokens)


def build_shim(folder: Path) -> Path:
    """Return the library that kills at a point, built anew."""
    shim = folder / "faultpoint.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", shim, SHIM, "-ldl"], check=True)
    return shim


def make(folder: Path, port: int, settings: str, shim: Path) -> Template:
    """Make the home with a sender for each door, and the identity of a collector that a producer plays."""
    home, rules = folder / "home", folder / "rules"
    rules.mkdir(parents=True)
    create(home, host="127.0.0.1", port=port, names=["localhost"], administrator="admin")
    with (home / "sentinel.toml").open("a") as file:
        file.write(f'\n[content]\nrules = ["{rules}"]\n[doors]\nbulk = true\nhec = true\n{settings}')
    with closing(open_home(home)) as opened:
        # Once more: the state may lie elsewhere by these settings.
        opened.agencies.load_bundled()
        tokens = {door: _sender(opened, door) for door in ("bulk", "hec")}
        tokens["own"] = _collector(opened)
    return Template(folder, port, tokens, shim)


def enrol(template: Template, url: str) -> None:
    """Give the collector of the template its identity; the server of the template must run."""
    with closing(open_home(template.folder / "home")) as opened:
        token = _token(opened, url)
    config = template.folder / "collector.toml"
    config.write_text(collector_settings(template.folder, url))
    command = [program("sentinel-collect"), "--config", config, "enrol", "-"]
    subprocess.run(command, input=token.encode(), check=True, stdout=subprocess.DEVNULL)


def collector_settings(folder: Path, url: str) -> str:
    """Return the settings of a collector that tails one log."""
    return (
        f'[server]\nurl = "{url}"\n[collector]\nhome = "{folder / "collector"}"\n'
        f'[[input]]\nkind = "file"\npath = "{folder / "trial.log"}"\ndataset = "{DATASET}"\nstart = "beginning"\n'
    )


class Disk:
    """A small file system in memory, where root may make one; else a plain folder that cannot be filled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.is_small = os.geteuid() == 0 and _mount(folder)

    def fill(self) -> None:
        """Take all the room that is left."""
        with (self.folder / "ballast").open("ab", buffering=0) as file:
            for size in BLOCKS:
                try:
                    while file.write(b"\0" * size):
                        pass
                except OSError:
                    continue

    def clear(self) -> None:
        """Give it back."""
        (self.folder / "ballast").unlink(missing_ok=True)

    def remove(self) -> None:
        """Unmount and delete."""
        if self.is_small:
            subprocess.run(["umount", "--lazy", self.folder], check=True)
        shutil.rmtree(self.folder, ignore_errors=True)


def _mount(folder: Path) -> bool:
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m", "tmpfs", folder]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _sender(opened: Home, door: str) -> str:
    return opened.sender_desk.add(
        administrator(opened.agencies), door=door, name=door, agency=AGENCY, dataset=DATASET, limits=FAST
    )[1]


def _collector(opened: Home) -> str:
    """Enrol one whose part a producer plays; return its secret."""
    text = _token(opened, "https://localhost")
    one_time = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))["s"]
    secret = secrets.token_urlsafe(32)
    digest = sha256(secret.encode()).hexdigest()
    opened.enrolment.enrol(secret=one_time, secret_hash=digest, host="h", version="0", can_respond=False)
    return secret


def _token(opened: Home, url: str) -> str:
    return opened.enrolment.make_token(
        agency=AGENCY, name="trial", minutes=60, actor="bench", url=url, ca_fingerprint=opened.keys.ca_fingerprint()
    )
