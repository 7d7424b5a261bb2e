"""A worker process: gets lines, gives records and hits, and ends when its server does.

    python -c "from sentinel.crew.worker import main; main()" INBOX OUTBOX

Speaks `wire` on standard input and output and two shared files, given by their numbers; it logs to standard error.
"""

import os
import signal
import sys
import time
from pathlib import Path

from sentinel.crew.garbage import give_back, settle
from sentinel.crew.judge import normalised
from sentinel.crew.notes import noted
from sentinel.crew.wire import Channel, Failed, Ready, Start, Unread, Work, done, entries_of, pack, unpack
from sentinel.detect.cache import RuleCache
from sentinel.detect.engine import Engine
from sentinel.detect.ready import read_ready
from sentinel.errors import InputError
from sentinel.normalise import normalise
from sentinel.rulebook.files import fingerprint

STAGES = ("read", "normalise", "match", "pack")
"""What a worker does with a slice, one after the other."""
SAVE_SECONDS = 30.0
"""Plans of the rules are kept this often, where there are new ones."""


def main() -> None:
    """Work until standard input ends: that is how the server's end, however sudden, is known."""
    # A signal to the whole group is for the server; it lets us finish and closes our input.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # Nobody else may write into the conversation.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        serve(Channel(sys.stdin.buffer, answers, *map(int, sys.argv[1:3])))
    except BrokenPipeError:
        # The server is gone; there is nobody to tell.
        os._exit(0)


def serve(server: Channel) -> None:
    """Answer every frame until the last."""
    engine: Engine | None = None
    in_columns = False
    saved = time.monotonic()
    while (frame := server.receive()) is not None:
        message = unpack(frame)
        if isinstance(message, Start):
            try:
                engine, count = prepared(message)
                in_columns = message.in_columns
                settle()
                server.send(pack(Ready(count)))
            except InputError as error:
                server.send(pack(Failed(str(error))))
        elif isinstance(message, Work | Unread) and engine is not None:
            server.send(judged(engine, message, in_columns=in_columns))
            if time.monotonic() - saved >= SAVE_SECONDS:
                engine.shelf.save()
                settle()
                give_back()
                saved = time.monotonic()
    if engine is not None:
        engine.shelf.save()


def prepared(start: Start) -> tuple[Engine, int]:
    """Return an engine with the rules wanted and their number; raise `InputError` where these are not there."""
    cache = RuleCache(Path(start.cache)) if start.cache else None
    placeholders = Path(start.placeholders) if start.placeholders else None
    paths = [Path(each) for each in start.rules]
    rules = read_ready(paths, cache, pipelines=start.pipelines, placeholders=placeholders)
    # Looked at after the reading: what has changed before or during it shows, and a later change is not in the rules.
    if start.fingerprint and fingerprint([Path(each) for each in start.watched]) != start.fingerprint:
        raise InputError("the rule files have changed since the server read them")
    shelf = cache.shelf(rules) if cache else None
    engine = Engine(rules, shelf=shelf, explains_all=start.explains_all)
    return engine, len(rules.rules) + len(rules.correlations)


def judged(engine: Engine, work: Work | Unread, *, in_columns: bool = False) -> bytes:
    """Return the answer to `work`; whatever goes wrong is for the server to find out, line by line."""
    try:
        at = [time.thread_time()]
        entries = entries_of(work)
        at.append(time.thread_time())
        records = normalised(normalise, entries)
        at.append(time.thread_time())
        hits = engine.judge(records)
        at.append(time.thread_time())
        answer = done(records, hits, noted(entries, records), in_columns=in_columns and bool(records))
        at.append(time.thread_time())
        answer.spent = {stage: end - begin for stage, begin, end in zip(STAGES, at, at[1:], strict=False)}
        return pack(answer)
    except Exception as error:  # noqa: BLE001 - one line may be poison, and a worker outlives it
        return pack(Failed(repr(error)[:500]))


if __name__ == "__main__":
    main()
