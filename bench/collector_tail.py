"""How fast the collector catches up from a file into its spool, and what it costs when there is nothing to do.

Run: .venv/bin/python bench/collector_tail.py [--lines N] [--json]
"""

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from collectors.logs.file import FileInput  # noqa: E402
from collectors.settings import FileSettings  # noqa: E402
from collectors.spool import Spool  # noqa: E402
from collectors.worker import READ_LIMIT  # noqa: E402

LINE = (
    "Nov 23 08:{:02d}:{:02d} portal-web-1 sshd[{}]: "
    "Failed password for invalid user admin from 203.0.113.7 port {} ssh2\n"
)
IDLE_SECONDS = 10.0


def write_log(path: Path, lines: int) -> None:
    """Write lines as sshd does."""
    with path.open("w", encoding="ascii") as file:
        for number in range(lines):
            file.write(LINE.format(number // 60 % 60, number % 60, 1000 + number % 30_000, 1024 + number % 60_000))


def catch_up(folder: Path, log: Path, lines: int) -> dict[str, float]:
    """Return lines per second, of time and of processor time, from the file into the fsynced spool."""
    spool = Spool(folder / "spool", limit_bytes=8_000_000_000, host="portal-web-1")
    source = FileInput(FileSettings(name="log", path=str(log), dataset="linux.auth", start="beginning"))
    source.open(None)
    begun, begun_cpu = time.perf_counter(), time.process_time()
    count = 0
    while count < lines:
        readings, cursor = source.read(READ_LIMIT, 1.0)
        spool.append(readings, "log", cursor)
        count += len(readings)
    seconds, cpu_seconds = time.perf_counter() - begun, time.process_time() - begun_cpu
    source.close()
    spool.close()
    return {"lines_per_second": lines / seconds, "lines_per_cpu_second": lines / cpu_seconds}


def idle(folder: Path) -> dict[str, float]:
    """Return memory and processor use of `sentinel-collect run` with tail, processes and connections, server gone."""
    home = folder / "home"
    home.mkdir()
    # A certificate for a server that does not answer: retries are part of being idle.
    request = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=bench -keyout"
    subprocess.run([*request.split(), os.devnull, "-out", str(home / "ca.pem")], check=True, capture_output=True)
    identity = {"collector": "bench", "agency": "city", "url": "https://127.0.0.1:9", "secret": "bench"}
    identity["command_key"] = base64.b64encode(bytes(32)).decode()
    (home / "identity.json").write_text(json.dumps(identity))
    log = folder / "idle.log"
    log.touch()
    config = folder / "collector.toml"
    config.write_text(
        f'[collector]\nhome = "{home}"\n[[input]]\nkind = "file"\npath = "{log}"\ndataset = "linux.auth"\n'
        '[[input]]\nkind = "processes"\n[[input]]\nkind = "connections"\n'
    )
    command = [sys.executable, "-m", "collectors.main", "--config", str(config), "run"]
    with (folder / "errors").open("wb") as errors:
        child = subprocess.Popen(command, cwd=ROOT, stderr=errors)
    try:
        process = psutil.Process(child.pid)
        time.sleep(5.0)
        before = process.cpu_times()
        begun = time.perf_counter()
        with log.open("a") as file:
            while (passed := time.perf_counter() - begun) < IDLE_SECONDS:
                file.write(f"{passed} a line, ten a second\n")
                file.flush()
                time.sleep(0.1)
        after = process.cpu_times()
        used = after.user + after.system - before.user - before.system
        return {"rss_mb": process.memory_info().rss / 1e6, "cpu_percent": 100 * used / passed}
    finally:
        child.terminate()
        child.wait()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=ROOT) as name:
        folder = Path(name)
        log = folder / "auth.log"
        write_log(log, options.lines)
        figures = {"lines": options.lines, **catch_up(folder, log, options.lines), **idle(folder)}
    if options.json:
        print(json.dumps(figures))
        return
    print(
        f"caught up: {figures['lines_per_second']:,.0f} lines/s from a file of {options.lines:,} (reach 50,000), ",
        end="",
    )
    print(f"{figures['lines_per_cpu_second']:,.0f} lines per second of processor time")
    print(f"at 10 lines/s, with processes and connections: {figures['rss_mb']:.1f} MB (reach 40), ", end="")
    print(f"{figures['cpu_percent']:.1f} % of a core (reach 2)")


if __name__ == "__main__":
    main()
