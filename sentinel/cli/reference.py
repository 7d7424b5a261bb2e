"""The reference page of all commands, made from the commands themselves."""

import inspect
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import typer

from sentinel.cli import COMMANDS
from sentinel.cli.examples import commands_in


def cli_page() -> str:
    """Return the page: every command with what it does, its arguments and its options."""
    lines = [
        "# Commands\n",
        "Data goes to standard output, everything else to standard error. Exit codes: 0 done, 1 something found or not "
        "right, 2 wrong use, 3 cannot.\n",
    ]
    for name, (module, _) in COMMANDS.items():
        command: Any = typer.main.get_command(import_module(module).app)
        below = getattr(command, "commands", None)
        for path, each in _leaves(f"sentinel {name}", command, below):
            lines += _section(path, each)
    return "\n".join(lines)


def _leaves(path: str, command: Any, below: dict[str, Any] | None) -> Iterator[tuple[str, Any]]:
    if not below:
        yield path, command
        return
    for name, each in below.items():
        yield from _leaves(f"{path} {name}", each, getattr(each, "commands", None))


def _section(path: str, command: Any) -> Iterator[str]:
    arguments = [param for param in command.params if param.param_type_name == "argument"]
    options = [param for param in command.params if param.param_type_name == "option" and param.name != "help"]
    usage = " ".join([path, *("[OPTIONS]" for _ in options[:1]), *map(_argument, arguments)])
    yield f"## `{path}`\n"
    yield f"{inspect.cleandoc(command.help or '')}\n"
    yield f"```\n{usage}\n```\n"
    rows = [f"| `{_argument(each)}` | {_cell(each)} |" for each in arguments]
    rows += [f"| {_option(each)} | {_cell(each)} |" for each in options]
    if rows:
        yield "\n".join(["| | |", "|---|---|", *rows]) + "\n"
    if command.epilog:
        yield "\n".join(["Examples:\n", "```", *commands_in(command.epilog), "```\n"])


def _argument(param: Any) -> str:
    name = param.metavar or (param.name or "").upper()
    return name if param.required or name.startswith("[") else f"[{name}]"


def _option(param: Any) -> str:
    names = ", ".join(f"`{each}`" for each in [*param.opts, *param.secondary_opts])
    return names if param.is_flag else f"{names} `{param.metavar or (param.name or '').upper()}`"


def _cell(param: Any) -> str:
    meaning = " ".join((getattr(param, "help", None) or "").split()).replace("|", "\\|")
    default = param.default
    has_default = (
        not param.required and isinstance(default, str | int) and not isinstance(default, bool) and default != ""
    )
    return f"{meaning} Default: `{default}`." if has_default else meaning
