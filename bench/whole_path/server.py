"""A real server in a folder of its own, with all rules, and its collectors enrolled."""

import base64
import hashlib
import json
import secrets
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.unpack import unpack
from bench.whole_path.mix import ROOT
from sentinel import bundled
from sentinel.cli.client import Client
from sentinel.cli.demo.city import free_port, program
from sentinel.cli.init import create
from sentinel.wiring import open_home

RULES = ROOT.parent / "shared" / "corpora" / "sigma" / "sigma-rules.tar.gz"
FOLDERS = ("rules", "rules-emerging-threats", "rules-threat-hunting")
START_SECONDS = 180.0
STOP_SECONDS = 60.0


@dataclass
class Server:
    """`sentinel serve` and what it takes to speak to it."""

    folder: Path
    settings: str = ""
    """Sections added to sentinel.toml."""
    secrets: dict[str, str] = field(default_factory=dict)
    """Of the collectors, by id."""
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def home(self) -> Path:
        """Return its home folder."""
        return self.folder / "home"

    @property
    def url(self) -> str:
        """Return its address."""
        return f"https://localhost:{self.port}"

    @property
    def log(self) -> Path:
        """Return what it logs, one JSON object a line."""
        return self.folder / "server.log"

    def set_up(self, collectors: int) -> int:
        """Make the home, unpack the public rules beside it, enrol collectors; return the number of rule files."""
        self.port = free_port(0)
        create(self.home, host="127.0.0.1", port=self.port, names=["localhost"], administrator="admin")
        unpack(RULES, self.folder / "sigma")
        places = [path for path in sorted((self.folder / "sigma").rglob("rules*")) if path.name in FOLDERS]
        places.append(bundled.folder("rules"))
        listed = ", ".join(f'"{path}"' for path in places)
        settings = self.home / "sentinel.toml"
        content = f"{settings.read_text('utf-8')}\n[content]\nrules = [{listed}]\n{self.settings}\n"
        settings.write_text(content, "utf-8")
        opened = open_home(self.home)
        for number in range(collectors):
            secret = secrets.token_urlsafe(32)
            token = opened.enrolment.make_token(
                agency="city", name=f"bench {number}", minutes=60, actor="bench", url=self.url, ca_fingerprint="0" * 64
            )
            padded = token + "=" * (-len(token) % 4)
            collector = opened.enrolment.enrol(
                secret=_secret_of(padded),
                secret_hash=hashlib.sha256(secret.encode()).hexdigest(),
                host=f"bench{number}",
                version="0",
                can_respond=False,
            )
            self.secrets[collector] = secret
        opened.close()
        return sum(1 for place in places for _ in place.rglob("*.yml"))

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log.open("ab") as log:
            command = [program("sentinel"), "serve", "--home", str(self.home), "--log-json"]
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        client = Client(self.url, self.home / "keys" / "ca.pem")
        deadline = time.monotonic() + START_SECONDS
        while not client.is_up():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"the server does not start:\n{self.log.read_text()[-2_000:]}")
            time.sleep(0.2)

    def stop(self) -> None:
        """Stop it, the gentle way."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(STOP_SECONDS)

    def last_words(self) -> dict[str, object]:
        """Return what it said of itself when it stopped."""
        for line in reversed(self.log.read_text("utf-8").splitlines()):
            if line.startswith("{") and (said := json.loads(line)).get("message") == "The pipeline has stopped.":
                return {name.removeprefix("sentinel.log."): value for name, value in said.items()}
        return {}


def _secret_of(token: str) -> str:
    return str(json.loads(base64.urlsafe_b64decode(token))["s"])
