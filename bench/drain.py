"""All sites come back after a long outage: real spools, real shippers, a real server; nothing lost, no rush.

    python -m bench.drain --sites 252 --hours 24

Each of 252 sites has collected for so many hours at the load of a commune, 6 events a second, into a spool of its own
on disk. Their shippers run while nothing listens, as in an outage, so that each is somewhere in its pauses when the
server starts. Time is simulated only in that the hours of collecting are not waited for; every byte is real. Prints how
many times faster than real time all was drained, how the first requests were spread, and what was lost.
"""

import argparse
import logging
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from bench.whole_path.judge import verdict
from bench.whole_path.mix import STREAM, raw_events
from bench.whole_path.server import RULES, Server
from bench.whole_path.watching import Watcher
from collectors.client import Answer, Client
from collectors.reading import Reading
from collectors.ship import Shipper
from collectors.spool import Spool
from sentinel.model.moment import now

EVENTS_PER_SECOND = 6.0
"""Of a commune with flows and questions added up at the edge."""
AT_ONCE = 2_000
OUTAGE_SECONDS = 20.0
"""So long the shippers run without a server: by then their pauses are some ten seconds long."""
POOL = 20_000
REACH = 6.0
LONGEST_SECONDS = 3_600.0


@dataclass
class Counted:
    """A client that notes when it was answered first, and what."""

    client: Client
    first_at: float = 0.0
    answers: Counter[str] = field(default_factory=Counter)

    def post(self, path: str, body: bytes, headers: Mapping[str, str], timeout: float) -> Answer:
        """Send as the client does."""
        answer = self.client.post(path, body, headers, timeout)
        self.first_at = self.first_at or time.monotonic()
        self.answers[str(answer.status)] += 1
        return answer


def fill(folder: Path, sites: int, events: int) -> None:
    """Write the spools: what each site has seen, other lines in each."""
    pool = list(raw_events("city", POOL))
    start = now() - timedelta(seconds=events / EVENTS_PER_SECOND)
    for site in range(sites):
        spool = Spool(folder / f"spool{site}", limit_bytes=2_000_000_000, host=f"site{site:03}")
        for first in range(0, events, AT_ONCE):
            part = [pool[(site * 7_919 + number) % POOL] for number in range(first, min(first + AT_ONCE, events))]
            readings = [
                Reading(dataset, raw, start + timedelta(seconds=(first + place) / EVENTS_PER_SECOND))
                for place, (dataset, raw) in enumerate(part)
            ]
            spool.append(readings, "bench", str(first))
        spool.close()


@dataclass
class Drained:
    """What came of it."""

    clients: list[Counted]
    lasts: dict[str, int]
    """Last sequence written, by collector."""
    begun: float
    """When the server answered first, by the monotonic clock."""
    shipped: float
    """When the last spool was empty."""


def drain(folder: Path, server: Server) -> Drained:
    """Ship everything, the server started only after a while; return when all spools are empty."""
    clients, spools, threads = [], [], []
    for site, secret in enumerate(server.secrets.values()):
        spool = Spool(folder / f"spool{site}", limit_bytes=2_000_000_000, host=f"site{site:03}")
        client = Counted(Client(server.url, server.home / "keys" / "ca.pem", secret))
        spools.append(spool)
        clients.append(client)
        threads.append(threading.Thread(target=_ship, args=(Shipper(spool, client),), daemon=True))
    for thread in threads:
        thread.start()
    time.sleep(OUTAGE_SECONDS)
    server.start()
    begun = time.monotonic()
    for thread in threads:
        thread.join(LONGEST_SECONDS)
    shipped = time.monotonic()
    lasts = {name: spool.state().last for name, spool in zip(server.secrets, spools, strict=True)}
    for spool in spools:
        spool.close()
    return Drained(clients, lasts, begun, shipped)


def _ship(shipper: Shipper) -> None:
    while (pause := shipper.step()) is not None:
        time.sleep(pause)


def run(folder: Path, sites: int, hours: float) -> int:
    """Run once, print the figures; return 1 where anything was lost or doubled, or it was too slow."""
    events = int(hours * 3_600 * EVENTS_PER_SECOND)
    server = Server(folder)
    server.set_up(sites)
    fill(folder, sites, events)
    try:
        found = drain(folder, server)
        assert server.process is not None
        watcher = Watcher(server.home, server.process.pid)
        total, upto = sum(found.lasts.values()), watcher.received()
        while watcher.stored() < upto and time.monotonic() < found.begun + LONGEST_SECONDS:
            time.sleep(0.2)
        stored = time.monotonic()
    finally:
        server.stop()
    judged = verdict(server.home, found.lasts)
    answers = sum((client.answers for client in found.clients), Counter())
    first = Counter(int(client.first_at - found.begun) for client in found.clients)
    factor = events / EVENTS_PER_SECOND / (stored - found.begun)
    sys.stdout.write(
        f"{sites} sites, {hours:g} h at {EVENTS_PER_SECOND:g} events a second each: {total:,} events\n"
        f"shipped {found.shipped - found.begun:.0f} s after the server was there, stored after "
        f"{stored - found.begun:.0f} s: {factor:.1f} times faster than real time (reach {REACH:g}), "
        f"{total / (stored - found.begun):,.0f} events/s\n"
        f"first answers: at most {max(first.values())} sites in one second, the last after {max(first)} s; "
        f"answers {dict(answers)}\n"
        f"lost {judged['lost']}, doubled {judged['doubled']}\n"
    )
    return int(bool(judged["lost"] or judged["doubled"]) or factor < REACH)


def main() -> int:
    """Run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sites", type=int, default=252)
    parser.add_argument("--hours", type=float, default=0.25)
    parser.add_argument("--folder", type=Path, default=None, help="where to work; a temporary folder otherwise")
    wanted = parser.parse_args()
    if not STREAM.exists() or not RULES.exists():
        sys.stderr.write(f"the corpora are missing at {STREAM.parent.parent}\n")
        return 3
    # Each of the shippers would say that it waits.
    logging.getLogger("collectors").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory(prefix="drain-", dir=wanted.folder) as name:
        return run(Path(name), wanted.sites, wanted.hours)


if __name__ == "__main__":
    raise SystemExit(main())
