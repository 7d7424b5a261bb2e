"""The command line: one file per command, loaded only when it is called."""

import os
import sys
from difflib import get_close_matches
from importlib import import_module

from sentinel import __version__
from sentinel.errors import SentinelError

COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("sentinel.cli.init", "Set up a home folder: keys, settings, the first administrator."),
    "serve": ("sentinel.cli.serve", "Run the server."),
    "demo": ("sentinel.cli.demo", "Run everything on the bundled recordings."),
    "scan": ("sentinel.cli.scan", "Run Sigma rules over files: EVTX, JSON lines, text logs."),
    "parse": ("sentinel.cli.parse", "Show how a log is understood: one ECS object per line."),
    "rules": ("sentinel.cli.rules", "Check, test, install and list Sigma rules; what they cover."),
    "explain": ("sentinel.cli.explain", "Show why a rule did or did not match an event."),
    "search": ("sentinel.cli.search", "Search the stored events."),
    "hunt": ("sentinel.cli.hunt", "Run Sigma rules over the stored events."),
    "quarantine": ("sentinel.cli.quarantine", "Events that could not be read or stored; send them again."),
    "playbook": ("sentinel.cli.playbook", "Check, test and list playbooks."),
    "agency": ("sentinel.cli.agency", "List agencies and their ids."),
    "collector": ("sentinel.cli.collector", "Enrolment tokens and the collectors in use."),
    "sender": ("sentinel.cli.sender", "Programs of others that may send: Beats, syslog, OTLP and the like."),
    "hold": ("sentinel.cli.hold", "Legal holds: place, list, lift."),
    "keep": ("sentinel.cli.keep", "Show how long what is kept, and what would be deleted now."),
    "user": ("sentinel.cli.user", "Users, roles and sign-in links."),
    "export": ("sentinel.cli.export", "Seal events as evidence into one signed file."),
    "bundle": ("sentinel.cli.bundle", "Check a sealed bundle."),
    "backup": ("sentinel.cli.backup", "Copy a whole home while the server runs."),
    "restore": ("sentinel.cli.restore", "Make a home of a backup."),
    "doctor": ("sentinel.cli.doctor", "Check a home folder: settings, audit chain, journal, store."),
}
"""Command name to the module that holds its typer `app`, and one line of help."""

HELP = """Usage: sentinel COMMAND [OPTIONS] ...

Sentinel watches a city's e-government and answers attacks.

Commands:
{commands}

`sentinel COMMAND --help` teaches one command. Data goes to standard output, everything else to standard error.
Exit codes: 0 done, 1 something found or not right, 2 wrong use, 3 cannot.
"""


def main() -> None:
    """Run the command line; an error becomes one sentence and its exit code."""
    name, arguments = (sys.argv[1] if len(sys.argv) > 1 else "--help"), sys.argv[2:]
    if name in ("--help", "-h", "help"):
        sys.stdout.write(HELP.format(commands="\n".join(f"  {key:<10} {text}" for key, (_, text) in COMMANDS.items())))
        return
    if name == "--version":
        sys.stdout.write(f"sentinel {__version__}\n")
        return
    if name not in COMMANDS:
        near = get_close_matches(name, COMMANDS, n=1)
        hint = f"did you mean '{near[0]}'?" if near else "`sentinel --help` lists the commands."
        sys.stderr.write(f"sentinel: unknown command '{name}'; {hint}\n")
        raise SystemExit(2)
    _run(name, arguments)


def _run(name: str, arguments: list[str]) -> None:
    try:
        import_module(COMMANDS[name][0]).app(args=arguments, prog_name=f"sentinel {name}")
    except SentinelError as error:
        sys.stderr.write(f"sentinel: {error}\n")
        raise SystemExit(error.exit_code) from error
    except ModuleNotFoundError as error:
        if (error.name or "").startswith(("sentinel", "collectors")):
            raise
        sys.stderr.write(f"sentinel: the package '{error.name}' is missing; install sentinel-soc[server]\n")
        raise SystemExit(3) from error
    except BrokenPipeError:
        # The reader of our output has gone (`sentinel search ... | head`): nothing is wrong.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
