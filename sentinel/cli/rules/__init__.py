"""`sentinel rules`: Sigma rules as code: check, test and list them, bring them in, see what they cover."""

import typer

from sentinel.cli.examples import shown
from sentinel.cli.rules.check import check
from sentinel.cli.rules.coverage import coverage
from sentinel.cli.rules.install import install
from sentinel.cli.rules.listing import list_rules
from sentinel.cli.rules.pack import pack
from sentinel.cli.rules.sample import sample
from sentinel.cli.rules.trial import run_samples

app = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, pretty_exceptions_enable=False)

for command, name, duty, examples in (
    (
        check,
        "check",
        "Say what is wrong or questionable in rules.",
        ("sentinel rules check rules", "sentinel rules check rules/web --strict --json"),
    ),
    (
        run_samples,
        "test",
        "Run the samples beside each rule.",
        ("sentinel rules test rules", "sentinel rules test rules/web --junit report.xml"),
    ),
    (
        sample,
        "sample",
        "Make samples of a log.",
        ("sentinel rules sample access.log --record 1 > rules/web/backup_downloaded.fires.ndjson",),
    ),
    (
        list_rules,
        "list",
        "List the rules in use, or why others are not.",
        ("sentinel rules list rules --level high --tag t1110", "sentinel rules list rules --why-skipped"),
    ),
    (
        install,
        "install",
        "Bring in a SigmaHQ release, a folder or a signed pack.",
        (
            "sentinel rules install sigma_all_rules.zip --unsigned --home sentinel",
            "sentinel rules install our-city.tar.gz --trust pack.pub --home sentinel",
            "sentinel rules install --back our-city --home sentinel",
        ),
    ),
    (
        pack,
        "pack",
        "Make a pack that others can verify and install.",
        ("sentinel rules pack rules --name our-city --version 1.0 --key pack.key --out our-city.tar.gz",),
    ),
    (
        coverage,
        "coverage",
        "Show the ATT&CK matrix of the rules.",
        ("sentinel rules coverage rules", "sentinel rules coverage rules --navigator layer.json --svg matrix.svg"),
    ),
):
    app.command(name=name, short_help=duty, epilog=shown(*examples))(command)
