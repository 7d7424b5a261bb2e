"""`sentinel rules`: Sigma rules as code: check, test and list them, bring them in, see what they cover."""

import typer

from sentinel.cli.rules.check import check
from sentinel.cli.rules.coverage import coverage
from sentinel.cli.rules.install import install
from sentinel.cli.rules.listing import list_rules
from sentinel.cli.rules.pack import pack
from sentinel.cli.rules.sample import sample
from sentinel.cli.rules.trial import run_samples

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, pretty_exceptions_enable=False)

for command, name in (
    (check, "check"),
    (run_samples, "test"),
    (sample, "sample"),
    (list_rules, "list"),
    (install, "install"),
    (pack, "pack"),
    (coverage, "coverage"),
):
    app.command(name=name)(command)
