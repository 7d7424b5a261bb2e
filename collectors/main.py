"""The command `sentinel-collect`."""

import argparse
import json
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from collectors import settings as settings_file
from collectors.check import check
from collectors.enrolment import enrol, read_token
from collectors.inputs import missing
from collectors.log_lines import start_logging
from collectors.run import STATUS_FILE, Collector, alone, can_respond, is_running
from sentinel import __version__
from sentinel.errors import InputError, SentinelError, UnavailableError

MAX_STDIN_CHARACTERS = 16_384

_EPILOG = """\
exit codes: 0 done, 1 something is not right, 2 wrong use or settings, 3 cannot

first steps:
  sentinel-collect enrol TOKEN     with the token of `sentinel collector token`; '-' reads it from stdin
  sentinel-collect check           what would be read, and where it would go
  sentinel-collect run             as the systemd unit does
"""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    options = _parser().parse_args(arguments)
    start_logging(is_verbose=options.verbose)
    try:
        return int(options.command(options))
    except SentinelError as error:
        print(f"sentinel-collect: {error}", file=sys.stderr)  # noqa: T201
        return error.exit_code
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sentinel-collect",
        description="Reads logs, hosts and networks of an agency and ships what it read to Sentinel, without loss.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"sentinel-collect {__version__}")
    common = argparse.ArgumentParser(add_help=False)
    for place, default in ((parser, None), (common, argparse.SUPPRESS)):
        place.add_argument(
            "--config",
            type=Path,
            metavar="FILE",
            default=settings_file.DEFAULT_FILE if default is None else default,
            help=f"settings in TOML (default {settings_file.DEFAULT_FILE})",
        )
        place.add_argument(
            "--verbose",
            "-v",
            action="store_true",
            default=False if default is None else default,
            help="log more",
        )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", parents=[common], help="read and ship until stopped")
    run.set_defaults(command=_run)
    enrolling = commands.add_parser(
        "enrol", parents=[common], help="take a one-time token for this collector's identity"
    )
    enrolling.add_argument("token", metavar="TOKEN", help="the token, or - to read it from stdin (not seen in ps)")
    enrolling.add_argument("--again", action="store_true", help="take a new identity in place of the present one")
    enrolling.set_defaults(command=_enrol)
    checking = commands.add_parser("check", parents=[common], help="say what would be read and where it would go")
    checking.set_defaults(command=_check)
    status = commands.add_parser("status", parents=[common], help="say how the running collector is doing")
    status.add_argument("--json", action="store_true", help="all of it, as JSON")
    status.set_defaults(command=_status)
    pcap = commands.add_parser("pcap", parents=[common], help="network events of a capture file as JSON lines")
    pcap.add_argument("file", type=Path, metavar="FILE", help="a pcap or pcapng file")
    pcap.set_defaults(command=_pcap)
    return parser


def _run(options: argparse.Namespace) -> int:
    settings = settings_file.load(options.config)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with alone(settings.collector.home):
        Collector(settings).run(stop)
    return 0


def _enrol(options: argparse.Namespace) -> int:
    settings = settings_file.load(options.config)
    text = sys.stdin.read(MAX_STDIN_CHARACTERS) if options.token == "-" else options.token  # noqa: S105
    identity = enrol(
        read_token(text),
        settings.collector.home,
        host=settings.collector.host,
        can_respond=can_respond(settings),
        replace=options.again,
    )
    _say(f"enrolled as {identity.collector} of agency {identity.agency}; next: sentinel-collect check")
    return 0


def _check(options: argparse.Namespace) -> int:
    code = 0
    for finding in check(settings_file.load(options.config)):
        _say(f"{'ok     ' if finding.is_right else 'PROBLEM'} {finding.what}: {finding.sentence}")
        code = code if finding.is_right else 1
    return code


def _status(options: argparse.Namespace) -> int:
    home = settings_file.load(options.config).collector.home
    runs = home.is_dir() and is_running(home)
    document = _read_status(home / STATUS_FILE)
    if options.json:
        _say(json.dumps({**document, "is_running": runs}, indent=2))
    else:
        for line in _status_lines(document, runs=runs):
            _say(line)
    troubles = [document.get(name) for name in ("spool_trouble", "send_trouble", "respond_trouble")]
    inputs = document.get("inputs")
    troubles += [each.get("trouble") for each in inputs if isinstance(each, dict)] if isinstance(inputs, list) else []
    return 0 if runs and not any(troubles) else 1


def _read_status(path: Path) -> dict[str, object]:
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise UnavailableError(f"no status at {path}: no collector has run there yet") from error
    except OSError as error:
        raise UnavailableError(f"cannot read {path}: {error.strerror}; run as the collector's user") from error
    except ValueError as error:
        raise InputError(f"{path} is damaged: {error}; it is written again while the collector runs") from error
    if not isinstance(document, dict):
        raise InputError(f"{path} is damaged; it is written again while the collector runs")
    return document


def _status_lines(status: Mapping[str, object], *, runs: bool) -> list[str]:
    process = f"runs, pid {status.get('pid')}" if runs else "does not run"
    inputs = status.get("inputs")
    return [
        f"collector  {status.get('collector')} of agency {status.get('agency')}, version {status.get('version')}",
        f"process    {process}; status of {status.get('at')}",
        f"server     {status.get('server')}; {status.get('send_trouble') or 'events are taken'}",
        f"spool      {status.get('spool_events')} events, {status.get('spool_bytes')} of "
        f"{status.get('spool_limit_bytes')} bytes; {status.get('spool_trouble') or _full(status)}",
        f"sent       {status.get('sent_events')} events in {status.get('sent_bytes')} bytes; "
        f"{status.get('drops')} given up",
        *(_input_line(each) for each in (inputs if isinstance(inputs, list) else []) if isinstance(each, dict)),
    ]


def _input_line(each: Mapping[str, object]) -> str:
    return (
        f"input      {each.get('name')}: {each.get('state')}, {each.get('readings')} readings, "
        f"last {each.get('last_at')} {each.get('trouble') or ''}"
    ).rstrip()


def _full(status: Mapping[str, object]) -> str:
    if status.get("spool_is_full"):
        return "full, inputs wait"
    oldest = status.get("oldest_event_at")
    return f"oldest of {oldest}" if oldest else "nothing waits"


def _pcap(options: argparse.Namespace) -> int:
    try:
        from collectors.network.pcap import run
    except ModuleNotFoundError as error:
        raise missing("pcap", error) from error
    return run(options.file)


def _say(line: str) -> None:
    print(line)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
