"""How the collector's own log looks: one sentence, then its facts as name=value."""

import json
import logging
import sys

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class FactFormatter(logging.Formatter):
    """Appends the `extra` of a log call."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line, and the traceback where there is one."""
        facts = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        text = super().format(record)
        if not facts:
            return text
        first, newline, rest = text.partition("\n")
        shown = " ".join(f"{name}={_value(value)}" for name, value in facts.items())
        return f"{first} {shown}{newline}{rest}"


def start_logging(*, is_verbose: bool) -> None:
    """Log to stderr; the time is left to the journal when there is one."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(FactFormatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=logging.DEBUG if is_verbose else logging.INFO, handlers=[handler], force=True)


def _value(value: object) -> str:
    text = str(value)
    # Quoted, so that a path with a line break cannot forge a line of the log.
    return text if text.isprintable() and " " not in text and text else json.dumps(text)
