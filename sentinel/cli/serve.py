"""`sentinel serve`: the server of one home folder, until it is told to stop."""

import logging
import signal
import socket
import threading
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Annotated

import typer
import uvicorn

from sentinel.cli import logs
from sentinel.cli.options import DEFAULT_HOME, HomeOption
from sentinel.crew.garbage import settle, share_memory
from sentinel.errors import InputError, UnavailableError
from sentinel.home import only_one
from sentinel.intake.descriptors import Listener, raise_limit
from sentinel.intake.visitors import Visitors
from sentinel.model.moment import now
from sentinel.pipeline import Pipeline
from sentinel.selfwatch.playbooks import note_changes
from sentinel.store import StoppedError, go_on
from sentinel.web.app import create_app, create_worker_app
from sentinel.web.patience import PatientProtocol
from sentinel.wiring import Home, open_home

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
log = logging.getLogger(__name__)

ROLES = ("all", "web", "pipeline")
"""`web` takes events in and serves people; `pipeline` judges and stores; one process may do both."""
RUN_POLL_SECONDS = 0.5
"""Expired approvals and leases are noticed this late at most; decisions and answers wake the loop at once."""
MAINTAIN_SECONDS = 60.0
MAX_PAUSE_SECONDS = 30.0
WATCH_SECONDS = 2.0
LOOK_SECONDS = 3.0
"""Changed rule files are noticed this late at most."""


@app.command()
def serve(
    home_folder: HomeOption = DEFAULT_HOME,
    role: Annotated[
        str,
        typer.Option(
            help="Which part to run: `all`, `web` (doors, console, API, playbooks) or `pipeline` (rules, storing). "
            "Several processes need a journal on Kafka, a store on Elasticsearch and a database on PostgreSQL."
        ),
    ] = "all",
    log_json: Annotated[bool, typer.Option("--log-json", help="Log as JSON lines.")] = False,
) -> None:
    """Run the server: intake, pipeline, playbooks, console.

    Stops on SIGINT or SIGTERM. Killed at any instant it loses nothing: what it acknowledged is in the journal.
    """
    if role not in ROLES:
        raise InputError(f"unknown role '{role}'; this version has: {', '.join(ROLES)}")
    logs.set_up(as_json=log_json)
    share_memory()
    raise_limit()
    opened = open_home(home_folder)
    if role != "all" and opened.single:
        raise InputError(
            f"role '{role}' needs backends that several processes can share; {' and '.join(opened.single)} "
            "name one for a single process: run --role all, or change them to kafka://, elastic and postgresql://"
        )
    with only_one(home_folder, is_shared=not opened.single):
        settings = opened.settings
        port = settings.pipeline.port if role == "pipeline" else settings.server.port
        listener = _listen(settings.server.host, port)
        try:
            run(opened, listener, role)
        finally:
            opened.close()


class Server(uvicorn.Server):
    """Says at once that it is told to stop."""

    def __init__(self, settings: uvicorn.Config, on_exit: Callable[[], None]) -> None:
        super().__init__(settings)
        self._on_exit = on_exit

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Take a signal."""
        self._on_exit()
        super().handle_exit(sig, frame)


def run(opened: Home, listener: Listener, role: str = "all") -> None:
    """Serve on `listener` until a signal comes, then stop every loop in order."""
    stop = threading.Event()
    # A newer version may bring newer agencies.
    opened.agencies.load_bundled()
    services = opened.services
    if role != "pipeline":
        note_changes(opened.engine, opened.audit, opened.library)
    # Built here, so that what stops it from starting stops the server, with one sentence.
    loops = [
        *(_working(opened, stop) if role != "web" else []),
        *(_facing(opened, stop) if role != "pipeline" else []),
        _thread("rules", lambda: _supervise("rules", stop, opened.shelf.wanted, LOOK_SECONDS, opened.reloader.look)),
        _thread("watch", lambda: _supervise("watch", stop, stop, WATCH_SECONDS, opened.watch.look)),
        _thread("upkeep", lambda: _supervise("upkeep", stop, stop, MAINTAIN_SECONDS, lambda: _keep_up(opened))),
    ]
    settle()

    def end() -> None:
        stop.set()
        # Collectors that wait for commands are let go; uvicorn would wait for their requests to end.
        opened.bell.close()

    server = Server(
        uvicorn.Config(
            create_app(services) if role != "pipeline" else create_worker_app(services),
            ssl_certfile=str(opened.keys.server),
            ssl_keyfile=str(opened.keys.server_key),
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=3,
            h11_max_incomplete_event_size=64_000,
            http=PatientProtocol,
        ),
        end,
    )
    # uvicorn takes the signals over while it serves and raises them again when it is done: then we still clean up.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, server.handle_exit)
    signal.signal(signal.SIGHUP, lambda number, frame: opened.shelf.ask("SIGHUP"))  # noqa: ARG005
    listener.on_refused = partial(services.doorway.refused, "web", "too_many_connections")
    listener.visitors = Visitors(None, opened.settings.server.connections_per_source)
    for loop in loops:
        loop.start()
    log.info("Serving.", extra={"url": opened.settings.server.public_url, "role": role, "port": _port(listener)})
    try:
        server.run(sockets=[listener])
    finally:
        stop.set()
        opened.wake_pipeline.set()
        opened.wake_runs.set()
        opened.shelf.wanted.set()
        for loop in loops:
            loop.join(timeout=10)
        log.info("Stopped.")


def _working(opened: Home, stop: threading.Event) -> list[threading.Thread]:
    """Return the loop that moves events from the journal to the store."""
    if not opened.is_shared:
        return [_thread("pipeline", partial(_move, opened.pipeline, stop, opened.wake_pipeline))]
    sharing = opened.sharing
    return [_thread("lanes", lambda: _supervise("lanes", stop, stop, RUN_POLL_SECONDS, lambda: sharing.run(stop)))]


def _facing(opened: Home, stop: threading.Event) -> list[threading.Thread]:
    """Return the loops of the process that collectors and people speak to."""

    def runs() -> None:
        _supervise("playbooks", stop, opened.wake_runs, RUN_POLL_SECONDS, lambda: _work(opened))

    return [_thread("playbooks", runs), *_listening(opened, stop)]


def _port(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def _listening(opened: Home, stop: threading.Event) -> list[threading.Thread]:
    """Return the loop of the doors with sockets of their own, open on return; nothing where none is wanted."""
    syslog = opened.syslog
    if not syslog.is_wanted:
        return []
    syslog.open()
    return [_thread("syslog", lambda: _supervise("syslog", stop, stop, RUN_POLL_SECONDS, lambda: syslog.run(stop)))]


def _move(pipeline: Pipeline, stop: threading.Event, wake: threading.Event) -> None:
    pipeline.run(stop, wake)
    log.info("The pipeline has stopped.", extra=pipeline.statistics)


def _work(opened: Home) -> None:
    while opened.runs.work(now()):
        pass


def _keep_up(opened: Home) -> None:
    if (term := opened.leader.term()) is None:
        return
    try:
        opened.keeper.look(term)
        go_on(term)
        opened.store.maintain()
        go_on(term)
        opened.rule_counters.prune(now())
    except StoppedError:
        log.warning("This process was stopped for so long that another one leads; upkeep goes on there.")


def _thread(name: str, target: Callable[[], None]) -> threading.Thread:
    return threading.Thread(target=target, name=name, daemon=True)


def _supervise(
    name: str, stop: threading.Event, wake: threading.Event, seconds: float, work: Callable[[], object]
) -> None:
    """Call `work` now, when woken, and every `seconds`; a failure is logged and tried again, ever more slowly.

    A loop that nobody wakes waits for `stop` itself.
    """
    pause = seconds
    while not stop.is_set():
        if wake is not stop:
            wake.clear()
        try:
            work()
            pause = seconds
            wake.wait(pause)
        except Exception:
            log.exception("A loop failed and will try again.", extra={"loop": name, "pause_seconds": pause})
            stop.wait(pause)
            pause = min(pause * 2, MAX_PAUSE_SECONDS)


def _listen(host: str, port: int) -> Listener:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = Listener(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(256)
    except OSError as error:
        listener.close()
        raise UnavailableError(
            f"cannot listen on {host}:{port}: {error.strerror}; stop what uses it or set its port in sentinel.toml"
        ) from error
    return listener
