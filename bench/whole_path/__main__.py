"""The whole path at a rate: HTTPS, journal, normalise, match, store; with all public rules and our own.

    python -m bench.whole_path --seconds 300 --rate 10000 --mix city
    python -m bench.whole_path --seconds 60 --rate 5000 --burst 30000 --burst-seconds 30

A real `sentinel serve` in a temporary folder, a producer in a process of its own that speaks the collectors' protocol,
and this process, which only looks. After the steady phase comes the burst, if one is asked for, then nothing, until the
store has caught up. At the end every acknowledged sequence of every collector must be in the store once.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.whole_path import stock
from bench.whole_path.judge import verdict
from bench.whole_path.mix import MIXES, STREAM
from bench.whole_path.report import lines
from bench.whole_path.server import RULES, Server
from bench.whole_path.watching import Watcher

COLLECTORS = 16
BATCH = 1_000
WARM_SECONDS = 15.0
WARM_RATE = 3_000.0
"""Plans for each kind of event are made when the first comes, and kept on disk: that is no part of the pace."""
RECOVERY_SECONDS = 900.0


def options() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mix", choices=sorted(MIXES), default="city")
    parser.add_argument("--rate", type=float, default=10_000.0, help="events a second")
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--burst", type=float, default=0.0, help="events a second of a burst that follows")
    parser.add_argument("--burst-seconds", type=float, default=30.0)
    parser.add_argument("--stock", type=int, default=400_000, help="events made beforehand; then they come again")
    parser.add_argument("--batch", type=int, default=BATCH)
    parser.add_argument("--workers", type=int, default=None, help="as the setting pipeline.workers")
    parser.add_argument("--folder", type=Path, default=None, help="where to work; a temporary folder otherwise")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def run(wanted: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Run once; return the figures."""
    phases = [(WARM_RATE, WARM_SECONDS), (wanted.rate, wanted.seconds)]
    if wanted.burst:
        phases.append((wanted.burst, wanted.burst_seconds))
    total = min(wanted.stock, int(sum(rate * seconds for rate, seconds in phases)))
    stock.build(folder / "stock", wanted.mix, total, wanted.batch)
    workers = "" if wanted.workers is None else f"[pipeline]\nworkers = {wanted.workers}\n"
    server = Server(folder, settings=workers)
    rules = server.set_up(COLLECTORS)
    order = {
        "url": server.url,
        "ca": str(server.home / "keys" / "ca.pem"),
        "secrets": server.secrets,
        "stock": str(folder / "stock"),
        "phases": [{"rate": rate, "seconds": seconds} for rate, seconds in phases],
    }
    (folder / "order.json").touch(mode=0o600)
    (folder / "order.json").write_text(json.dumps(order))
    server.start()
    try:
        assert server.process is not None
        watcher = Watcher(server.home, server.process.pid)
        watcher.start()
        told = _produce(folder / "order.json")
        # Not only so many as were acknowledged: what the server says of itself is in the journal too.
        drained = _until_stored(watcher, watcher.received())
        watcher.stop()
    finally:
        server.stop()
    return {
        "rule_files": rules,
        "mix": wanted.mix,
        "phases": phases[1:],
        "told": told,
        "drained": drained,
        "verdict": verdict(server.home, told["acknowledged"]),
        "samples": [vars(sample) for sample in watcher.samples],
        "lags": watcher.lag_seconds(),
        "cpu_seconds": watcher.cpu_seconds,
        "peaks": watcher.peaks,
        "server": server.last_words(),
    }


def _produce(order: Path) -> dict[str, dict[str, int]]:
    command = [sys.executable, "-m", "bench.whole_path.producer", str(order)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    told: dict[str, dict[str, int]] = json.loads(done.stdout)
    return told


def _until_stored(watcher: Watcher, events: int) -> float:
    """Return the Unix time when so many events were stored."""
    deadline = time.time() + RECOVERY_SECONDS
    while watcher.stored() < events:
        if time.time() > deadline:
            raise SystemExit(f"after {RECOVERY_SECONDS:.0f} s only {watcher.stored()} of {events} are stored")
        time.sleep(0.1)
    return time.time()


def main() -> int:
    """Run and print the figures; return 1 where anything was lost or doubled."""
    wanted = options()
    if not STREAM.exists() or not RULES.exists():
        sys.stderr.write(f"the corpora are missing at {STREAM.parent.parent}\n")
        return 3
    with tempfile.TemporaryDirectory(prefix="whole-path-", dir=wanted.folder) as name:
        found = run(wanted, Path(name))
    text = json.dumps(found) if wanted.json else "\n".join(lines(found))
    sys.stdout.write(text + "\n")
    judged = found["verdict"]
    assert isinstance(judged, dict)
    return int(bool(judged["lost"] or judged["doubled"]))


if __name__ == "__main__":
    raise SystemExit(main())
