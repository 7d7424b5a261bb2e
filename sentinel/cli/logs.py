"""How the server's own log looks: one sentence with its facts, as text or JSON, on standard error."""

import json
import logging
import sys

_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def _facts(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


class TextFormatter(logging.Formatter):
    """`time LEVEL sentence name=value ...`; control characters in values are escaped."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one line, and the traceback below it where there is one."""
        facts = " ".join(
            f"{name}={json.dumps(value, ensure_ascii=False, default=str)}" for name, value in _facts(record).items()
        )
        time = self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z")
        line = f"{time} {record.levelname} {record.getMessage()} {facts}".rstrip()
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonFormatter(logging.Formatter):
    """ECS-shaped JSON lines."""

    def format(self, record: logging.LogRecord) -> str:
        """Return one JSON object."""
        document: dict[str, object] = {
            "@timestamp": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "log.level": record.levelname.lower(),
            "log.logger": record.name,
            "message": record.getMessage(),
            **{f"sentinel.log.{name}": value for name, value in _facts(record).items()},
        }
        if record.exc_info:
            document["error.stack_trace"] = self.formatException(record.exc_info)
        return json.dumps(document, ensure_ascii=False, default=str)


def set_up(*, as_json: bool, level: int = logging.INFO) -> None:
    """Send the log to standard error; libraries speak only from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if as_json else TextFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.getLogger("sentinel").setLevel(level)
