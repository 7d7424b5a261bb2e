"""Fetches commands, does them once, reports what became of them, and undoes them in time with or without the server."""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

from collectors.respond import EXECUTORS
from collectors.respond import command as commands
from collectors.respond.command import Command
from collectors.respond.executor import Executor
from collectors.respond.ledger import (
    EXECUTED,
    FAILED,
    HOLDING,
    INTENDED,
    REFUSED,
    UNDO_FAILED,
    UNDONE,
    UNPROVEN,
    VERIFIED,
    Entry,
    Ledger,
)
from collectors.respond.limits import Limits, RespondSettings
from sentinel.errors import ConflictError, InputError, RefusedError, SentinelError, UnavailableError

WAIT_SECONDS = 25
SWEEP_SECONDS = 0.5
MAX_BACK_OFF_SECONDS = 30.0
MAX_TRIES = 3
RETRY_UNDO = timedelta(seconds=60)
_NOTHING_DONE = {"nothing_done": True}
_FAULTS = (SentinelError, OSError, ValueError, KeyError)
"""What may go wrong in an executor and is told as the failure it is."""

log = logging.getLogger(__name__)


class Server(Protocol):
    """The way to the server: `collectors.client.Client`."""

    @property
    def url(self) -> str:
        """`https://host:port`."""

    def get_json(self, path: str, timeout: float = ...) -> dict[str, object]:
        """Return the JSON object at `path`."""

    def post_json(self, path: str, body: Mapping[str, object], timeout: float = ...) -> dict[str, object]:
        """Send a JSON object and return the one that comes back."""


class Responder:
    """Carries out signed commands on this machine."""

    def __init__(
        self,
        settings: RespondSettings,
        client: Server,
        *,
        home: Path,
        collector_id: str,
        command_key: bytes,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        executors: Mapping[str, Callable[[Limits], Executor]] = EXECUTORS,
    ) -> None:
        """Keep the ledger in `home`; believe only commands signed by `command_key` and addressed to `collector_id`."""
        limits = Limits.of(settings, home, client.url)
        self._client = client
        self._collector = collector_id
        self._key = command_key
        self._clock = clock
        self._executors = {name: make(limits) for name, make in executors.items()}
        self._actions = {name: executor.is_reversible for name, executor in self._executors.items()}
        self._ledger = Ledger(home / "respond.db")
        self._hands = threading.Lock()
        """One thing at a time is done on this machine."""
        self._mouth = threading.Lock()
        """One report at a time is sent."""

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set. What is overdue is undone first, before anything is asked of the server."""
        self._supervised(self.sweep)
        self._supervised(self.recover)
        self._supervised(lambda: self._ledger.forget(self._clock()))
        sweeping = threading.Thread(target=self._sweep_until, args=(stop,), name="respond-sweep", daemon=True)
        sweeping.start()
        failures = 0
        while not stop.is_set():
            began = time.monotonic()
            is_fine = self._supervised(self.poll)
            failures = 0 if is_fine else failures + 1
            if failures:
                stop.wait(random.uniform(0, min(MAX_BACK_OFF_SECONDS, 2.0**failures)))  # noqa: S311 - jitter
            elif time.monotonic() - began < 1.0:
                stop.wait(0.2)  # The server did not make us wait; do not hammer it.
        sweeping.join(timeout=10)
        self._ledger.close()

    def poll(self) -> None:
        """Ask once for commands and do them."""
        answer = self._client.get_json(f"/api/v1/commands?wait={WAIT_SECONDS}", timeout=WAIT_SECONDS + 15.0)
        found = answer.get("commands")
        if not isinstance(found, list):
            raise UnavailableError("the server's answer holds no list of commands")
        for message in found[:200]:
            self.take(message)
        self.send_reports()

    def take(self, message: object) -> None:
        """Do what one message commands, if it may and if it is new."""
        now = self._clock()
        try:
            command = commands.read(message, self._key, self._collector)
        except (RefusedError, InputError) as error:
            log.warning("A command is not believed.", extra={"reason": str(error)})
            return
        with self._hands:
            try:
                commands.judge(command, now, self._actions)
            except RefusedError as error:
                log.warning("A command is refused.", extra={"command": command.id, "reason": str(error)})
                self._ledger.refuse(command, str(error), now)
                return
            self._do(command, now)

    def sweep(self) -> None:
        """Undo what is due."""
        with self._hands:
            for entry in self._ledger.due(self._clock()):
                self._supervised(partial(self._undo, entry, (entry.command,)))

    def recover(self) -> None:
        """Finish what a crash interrupted: look whether it was done, and go on from there."""
        with self._hands:
            for entry in self._ledger.interrupted():
                self._supervised(partial(self._resume, entry))
            for entry in self._ledger.unverified():
                self._supervised(partial(self._verify, entry))

    def send_reports(self) -> None:
        """Send the reports that the server has not taken, oldest first; stop at the first that does not get through."""
        with self._mouth:
            while found := self._ledger.reports():
                for number, command, body in found:
                    try:
                        self._client.post_json(f"/api/v1/commands/{command}/reports", body)
                    except (InputError, ConflictError) as error:
                        # Sending it again would not change the server's mind.
                        facts = {"command": command, "reason": str(error)}
                        log.warning("The server rejects a report.", extra=facts)
                    self._ledger.taken(number)

    def _sweep_until(self, stop: threading.Event) -> None:
        failures = 0
        send_at = 0.0
        while not stop.is_set():
            self._supervised(self.sweep)
            self._supervised(self.recover)
            if time.monotonic() >= send_at:
                failures = 0 if self._supervised(self.send_reports) else failures + 1
                send_at = time.monotonic() + (min(MAX_BACK_OFF_SECONDS, 2.0**failures) if failures else 0.0)
            stop.wait(SWEEP_SECONDS)

    def _supervised(self, work: Callable[[], None]) -> bool:
        """Do some work and survive what goes wrong in it; return whether it went well."""
        try:
            work()
        except UnavailableError as error:
            log.info("Not now.", extra={"reason": str(error)})
        except SentinelError as error:
            log.warning("The server does not serve us.", extra={"reason": str(error)})
        except Exception:
            log.exception("Something unexpected went wrong; going on.")
        else:
            return True
        return False

    def _do(self, command: Command, now: datetime) -> None:
        if command.verb == commands.UNDO:
            entry = self._ledger.begin_undo(command, now)
            if entry is not None:
                self._undo(entry, tuple({command.id, entry.command}))
            return
        entry = self._ledger.begin(command, now)
        if entry is not None:
            self._perform(entry)

    def _perform(self, entry: Entry) -> None:
        executor = self._executors[entry.action]
        mine = (entry.command,)
        try:
            done = executor.perform(entry.task(self._clock()))
        except (RefusedError, InputError) as error:
            self._ledger.settle(entry.effect, REFUSED, self._clock(), str(error), commands=mine)
        except _FAULTS as error:
            self._abandon(entry, str(error))
        else:
            now = self._clock()
            self._ledger.settle(entry.effect, EXECUTED, now, done.detail, result=done.result, commands=mine)
            self._verify(entry)

    def _verify(self, entry: Entry) -> None:
        try:
            proof = self._executors[entry.action].verify(entry.task(self._clock()))
        except _FAULTS as error:
            reason = f"done, but not verified: {error}"
            mine = (entry.command,)
            self._ledger.settle(entry.effect, UNPROVEN, self._clock(), reason, commands=mine, told_as=FAILED)
        else:
            self._ledger.settle(entry.effect, VERIFIED, self._clock(), proof, commands=(entry.command,))

    def _abandon(self, entry: Entry, reason: str) -> None:
        """Take back what may be half done, and report the failure."""
        if self._actions[entry.action] and not self._ledger.held_by_others(entry):
            try:
                self._executors[entry.action].undo(entry.task(self._clock()))
            except _FAULTS as error:
                reason = f"{reason}; what was begun could not be taken back: {error}"
                now = self._clock()
                self._ledger.settle(
                    entry.effect, UNDO_FAILED, now, reason, commands=(entry.command,), try_at=now + RETRY_UNDO
                )
                return
        self._ledger.settle(
            entry.effect, FAILED, self._clock(), reason, result=_NOTHING_DONE, commands=(entry.command,)
        )

    def _resume(self, entry: Entry) -> None:
        executor = self._executors.get(entry.action)
        now = self._clock()
        if executor is None:
            reason = "this version of the collector has no such action"
            self._ledger.settle(entry.effect, FAILED, now, reason, commands=(entry.command,))
            return
        try:
            proof = "" if executor.is_repeatable else executor.verify(entry.task(now))
        except _FAULTS:
            proof = ""
        if proof:
            self._ledger.settle(entry.effect, EXECUTED, now, "done before an interruption", commands=(entry.command,))
            self._ledger.settle(entry.effect, VERIFIED, now, proof, commands=(entry.command,))
        elif now <= entry.not_after and self._ledger.tried(entry.effect) <= MAX_TRIES:
            self._perform(entry)
        else:
            self._abandon(entry, "interrupted, and too late to begin again")

    def _undo(self, entry: Entry, reported_on: tuple[str, ...]) -> None:
        now = self._clock()
        is_first = entry.state != UNDO_FAILED
        if entry.state not in (*HOLDING, INTENDED, UNDONE):
            self._ledger.settle(entry.effect, UNDONE, now, "nothing was in place", commands=reported_on)
            return
        try:
            if self._ledger.held_by_others(entry):
                detail = "another order still keeps the same change in place"
            else:
                detail = self._executors[entry.action].undo(entry.task(now))
        except _FAULTS as error:
            facts = {"effect": entry.effect, "reason": str(error)}
            log.error("An undo failed; it is tried again.", extra=facts)  # noqa: TRY400 - the reason says it
            told = reported_on if is_first or len(reported_on) > 1 else ()
            self._ledger.settle(
                entry.effect, UNDO_FAILED, self._clock(), str(error), commands=told, try_at=now + RETRY_UNDO
            )
        else:
            self._ledger.settle(entry.effect, UNDONE, self._clock(), detail, commands=reported_on)
