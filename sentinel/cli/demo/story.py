"""What the demo shows: recordings in, alerts out, a playbook that asks, a process ended, its file locked away."""

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sentinel import bundled
from sentinel.cli.client import Client
from sentinel.cli.demo import replay
from sentinel.cli.demo.city import Place
from sentinel.cli.demo.stage import say, until
from sentinel.errors import UnavailableError
from sentinel.model.moment import now

LOGS = {"auth.log": "linux.auth", "access.log": "nginx.access", "onestop-audit.ndjson": "egov.onestop"}
PLAYBOOK = "web-shell-on-portal"
SECONDS = 90.0
"""The longest any stage may take."""


@dataclass
class Story:
    """One showing of the demo."""

    place: Place
    console: Client
    seen: set[str] = field(default_factory=set)
    """Alerts already printed."""
    process: subprocess.Popen[bytes] | None = None
    digest: str = ""

    def replay(self) -> dict[str, int]:
        """Write the recordings where the collector watches; return lines by dataset."""
        source = bundled.folder("recordings")
        captures = sorted(source.glob("*.pcap"))
        days = replay.days_to_add([*(source / name for name in LOGS), *captures], now())
        lines: dict[str, int] = {}
        for name, dataset in LOGS.items():
            with (self.place.logs / name).open("ab") as log:
                for line in (source / name).read_bytes().splitlines(keepends=True):
                    log.write(replay.shift_line(line, days))
                    lines[dataset] = lines.get(dataset, 0) + 1
            say(f"   {lines[dataset]:>6} lines of {dataset}")
        for capture in captures:
            # The watcher takes files when they appear under their name, so they arrive whole.
            arriving = self.place.captures / f".{capture.name}.part"
            arriving.write_bytes(replay.shift_capture(capture.read_bytes(), days))
            arriving.rename(self.place.captures / capture.name)
            say(f"   {capture.stat().st_size // 1000:>6} kB of packets: {capture.name}")
        return lines

    def drop_web_shell(self) -> Path:
        """Start a harmless process (a copy of `sleep`) from the portal's upload folder."""
        path = self.place.uploads / "hoso-2026.php.bin"
        shutil.copy(shutil.which("sleep") or "/bin/sleep", path)
        path.chmod(0o755)
        self.digest = hashlib.sha256(path.read_bytes()).hexdigest()
        self.process = subprocess.Popen([str(path), "600"], cwd=self.place.uploads)  # noqa: S603 - our own copy
        say(f"   process {self.process.pid} runs {path.name}")
        return path

    def show_alerts(self) -> None:
        """Print alerts that were not printed before."""
        for alert in reversed(_rows(self.console.get("/api/v1/alerts", limit=200), "alerts")):
            if alert["id"] not in self.seen:
                self.seen.add(str(alert["id"]))
                say(f"   ! {alert['level']!s:<13} {alert['title']}  [{alert['host']}]")

    def stored(self, dataset: str) -> int:
        """Return how many events of a dataset the server finds."""
        answer = self.console.get("/api/v1/search", q=f'event.dataset:"{dataset}"', limit=0)
        return int(str(answer["total"]))

    def wait_stored(self, lines: Mapping[str, int]) -> None:
        """Wait until every replayed line is found again by search, and no more than that."""

        def all_there() -> bool:
            self.show_alerts()
            return all(self.stored(dataset) >= count for dataset, count in lines.items())

        until(all_there, "storing every line", SECONDS)
        for dataset, count in lines.items():
            if (found := self.stored(dataset)) != count:
                raise UnavailableError(f"{dataset}: {count} lines were written and {found} are stored")

    def wait_alerts(self) -> None:
        """Wait until every rule that must fire on the recordings has fired."""
        expected = json.loads((bundled.folder("recordings") / "expected-alerts.json").read_text("utf-8"))
        missing: set[str] = set()

        def all_fired() -> bool:
            nonlocal missing
            self.show_alerts()
            fired = {str(row["rule_id"]) for row in _rows(self.console.get("/api/v1/alerts/by-rule"), "rules")}
            missing = {title for rule, title in expected.items() if rule not in fired}
            return not missing

        try:
            until(all_fired, "an alert of every expected rule", SECONDS)
        except UnavailableError as error:
            raise UnavailableError(f"{error}; still missing: {', '.join(sorted(missing))}") from error

    def wait_question(self) -> dict[str, object]:
        """Return the approval that the web-shell playbook asks for."""

        def asked() -> dict[str, object] | None:
            self.show_alerts()
            waiting = _rows(self.console.get("/api/v1/approvals"), "approvals")
            return next((each for each in map(_approval, waiting) if self._is_ours(str(each["run"]))), None)

        question = until(asked, "the playbook's question", SECONDS)
        if question is None:
            raise UnavailableError("the playbook asked nothing")
        say(f"   ? {question['ask']}")
        return question

    def _is_ours(self, run: str) -> bool:
        """Return whether a run is about the process we started: another one on this machine is never approved."""
        answer = self.console.get(f"/api/v1/runs/{run}")
        inputs = answer["inputs"]
        ours = isinstance(inputs, dict) and self.process is not None and inputs.get("pid") == self.process.pid
        return answer["playbook"] == PLAYBOOK and ours

    def approve(self, question: Mapping[str, object]) -> None:
        """Approve as the signed-in administrator."""
        self.console.post(f"/api/v1/approvals/{question['id']}/decision", {"approved": True, "note": "demo"})

    def wait_effects(self, run: str) -> list[dict[str, object]]:
        """Wait until the run is done; return its effects, each verified by the agent."""

        def ended() -> dict[str, object] | None:
            answer = self.console.get(f"/api/v1/runs/{run}")
            return answer if answer["state"] not in ("running", "waiting") else None

        done = until(ended, "the end of the playbook run", SECONDS)
        effects = _rows(done or {}, "effects")
        for effect in effects:
            say(f"   → {effect['action']}: {effect['state']}. {effect['detail']}")
        if done is None or done["state"] != "done":
            raise UnavailableError(f"the run ended as {(done or {}).get('state')}: {(done or {}).get('error')}")
        return effects

    def check_with_own_eyes(self, file: Path) -> None:
        """Look at the machine itself: the process is gone, the file is out of reach and kept."""
        if self.process is None or self.process.wait(timeout=5) >= 0:
            raise UnavailableError("the process was not killed by a signal")
        if file.exists():
            raise UnavailableError(f"{file} is still there")
        kept = [path for path in self.place.quarantine.rglob("*") if path.is_file()]
        if not kept or any(path.stat().st_mode & 0o111 for path in kept):
            raise UnavailableError(f"the file is not kept safely in {self.place.quarantine}")
        number = -(self.process.returncode or 0)
        say(f"   process {self.process.pid} ended by signal {number}; {file.name} is out of reach")

    def end(self) -> None:
        """End the harmless process if it still runs."""
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, 9)
            self.process.wait()


def _approval(row: Mapping[str, object]) -> dict[str, object]:
    approval = row["approval"]
    if not isinstance(approval, dict):
        raise UnavailableError("the server's list of approvals has an unexpected form")
    return approval


def _rows(answer: Mapping[str, object], key: str) -> list[dict[str, object]]:
    rows = answer.get(key)
    if not isinstance(rows, list):
        raise UnavailableError(f"the server's answer has no list '{key}'")
    return rows
