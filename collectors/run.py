"""The collector at work: inputs, shipper, reports and responder, each in a supervised thread."""

import contextlib
import fcntl
import json
import logging
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from collectors.client import Client
from collectors.identity import CA_FILE, Identity, load_identity, make_home, write_private
from collectors.inputs import make_input, missing
from collectors.settings import Settings
from collectors.ship import Shipper
from collectors.spool import Spool
from collectors.worker import Worker
from sentinel import __version__
from sentinel.errors import ConflictError, SentinelError, UnavailableError

log = logging.getLogger(__name__)

STATUS_FILE = "status.json"
LOCK_FILE = "lock"
SAVE_SECONDS = 2.0
REPORT_SECONDS = 10.0
REPORT_TIMEOUT_SECONDS = 10.0
RESTART_SECONDS = 5.0
STOP_SECONDS = 10.0
MAX_REPORTED_INPUTS = 100


@contextlib.contextmanager
def alone(home: Path) -> Iterator[None]:
    """Hold the home folder for this process; raise `ConflictError` when another collector has it."""
    make_home(home)
    try:
        descriptor = os.open(home / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UnavailableError(f"cannot write in {home}: {error.strerror}; run as the collector's own user") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise ConflictError(f"another collector works in {home}; stop it, or use another [collector] home") from error
    try:
        yield
    finally:
        os.close(descriptor)


def is_running(home: Path) -> bool:
    """Return whether a collector works in `home`."""
    try:
        with alone(home):
            return False
    except ConflictError:
        return True


def connect(settings: Settings, identity: Identity) -> Client:
    """Return the client for the server this collector belongs to."""
    home = settings.collector.home
    return Client(settings.server.url or identity.url, settings.server.ca or home / CA_FILE, identity.secret)


def can_respond(settings: Settings) -> bool:
    """Return whether signed commands would be carried out here."""
    if not settings.respond.enabled:
        return False
    try:
        import collectors.respond.agent  # noqa: F401
    except ModuleNotFoundError:
        return False
    return True


class Collector:
    """Everything that runs; `run` returns when `stop` is set."""

    def __init__(self, settings: Settings) -> None:
        """Open identity and spool; raise `UnavailableError` when not enrolled or when the disk refuses."""
        home = settings.collector.home
        identity = load_identity(home)
        if identity is None:
            raise UnavailableError(f"this collector is not enrolled ({home}); run: sentinel-collect enrol TOKEN")
        self._settings = settings
        self._identity = identity
        self._client = connect(settings, identity)
        limit = settings.spool.limit_mb * 1_000_000
        self._spool = Spool(home, limit_bytes=limit, host=settings.collector.host)
        self._shipper = Shipper(self._spool, self._client)
        self._workers = [
            Worker(options.name, kind, partial(make_input, kind, options), self._spool)
            for kind, options in settings.inputs
        ]
        self._started_at = _now_text()
        self._respond_trouble = ""

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set, then close everything; what is spooled stays for the next start."""
        tasks: dict[str, Callable[[threading.Event], None]] = {
            **{f"input {worker.state.name}": worker.run for worker in self._workers},
            "ship": self._shipper.run,
            "report": self._report,
        }
        if self._settings.respond.enabled:
            tasks["respond"] = self._respond
        threads = [
            threading.Thread(target=_supervise, args=(name, task, stop), name=name, daemon=True)
            for name, task in tasks.items()
        ]
        for thread in threads:
            thread.start()
        log.info("The collector works.", extra={"collector": self._identity.collector, "inputs": len(self._workers)})
        stop.wait()
        self._spool.wake.set()
        self._client.close()
        for thread in threads:
            thread.join(STOP_SECONDS)
        with contextlib.suppress(SentinelError):
            self._save()
        self._spool.close()
        log.info("The collector stopped.", extra={"left_running": sum(thread.is_alive() for thread in threads)})

    def status(self) -> dict[str, object]:
        """Return what `sentinel-collect status` shows and the server is told."""
        spool = self._spool.state()
        return {
            "version": __version__,
            "collector": self._identity.collector,
            "agency": self._identity.agency,
            "host": self._settings.collector.host,
            "server": self._client.url,
            "pid": os.getpid(),
            "started_at": self._started_at,
            "at": _now_text(),
            "epoch": spool.epoch,
            "spool_events": spool.events,
            "spool_bytes": spool.bytes,
            "spool_limit_bytes": spool.limit_bytes,
            "spool_is_full": spool.is_full,
            "spool_trouble": spool.trouble,
            "oldest_event_at": spool.oldest_at,
            "drops": spool.lost + spool.refused,
            "sent_events": self._shipper.sent_events,
            "sent_bytes": self._shipper.sent_bytes,
            "send_trouble": self._shipper.trouble,
            "can_respond": self._settings.respond.enabled and not self._respond_trouble,
            "respond_trouble": self._respond_trouble,
            "inputs": [asdict(worker.state) for worker in self._workers[:MAX_REPORTED_INPUTS]],
        }

    def _save(self) -> None:
        content = json.dumps(self.status(), indent=1).encode("ascii")
        write_private(self._settings.collector.home / STATUS_FILE, content)

    def _report(self, stop: threading.Event) -> None:
        waited = REPORT_SECONDS
        while not stop.is_set():
            try:
                self._save()
                if waited >= REPORT_SECONDS:
                    waited = 0.0
                    self._client.post_json("/api/v1/status", self.status(), REPORT_TIMEOUT_SECONDS)
            except SentinelError as error:
                log.debug("The status was not reported.", extra={"reason": str(error)})
            stop.wait(SAVE_SECONDS)
            waited += SAVE_SECONDS

    def _respond(self, stop: threading.Event) -> None:
        try:
            from collectors.respond.agent import Responder
        except ModuleNotFoundError as error:
            self._respond_trouble = str(missing("[respond]", error))
            log.error("Commands cannot be carried out.", extra={"reason": self._respond_trouble})  # noqa: TRY400
            stop.wait()
            return
        self._respond_trouble = ""
        responder = Responder(
            self._settings.respond,
            self._client,
            home=self._settings.collector.home,
            collector_id=self._identity.collector,
            command_key=self._identity.key,
        )
        responder.run(stop)


def _supervise(name: str, task: Callable[[threading.Event], None], stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            task(stop)
        except SentinelError as error:
            if not stop.is_set():
                log.warning("A part of the collector waits.", extra={"part": name, "reason": str(error)})
        except Exception:
            log.exception("A part of the collector fell and is started again.", extra={"part": name})
        stop.wait(RESTART_SECONDS)


def _now_text() -> str:
    return datetime.now(UTC).isoformat()
