"""Text logs of others go through `scan` with all public rules: nothing breaks, and what fires has been looked at."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from bench.unpack import unpack
from sentinel.cli.scan import app

FOLDERS = ("rules", "rules-emerging-threats", "rules-threat-hunting")
LOGS = ("logs/crowdsec", "logs/auditd/auparse", "logs/plaso", "logs/security-datasets", "streams/zeek/dce_rpc.json.gz")
REALLY_BROKEN = {
    "nginx_http-logs.log:8",  # no user before the time
    "apache_access.log:8",  # the last quote is missing
    "selinux.log:2",  # made to be broken, as are the next three
    "selinux.log:4",
    "selinux.log:6",
    "selinux.log:7",
    "syslog:14",  # `MMM 22`
}


@pytest.mark.slow
def test_logs_of_others_fire_what_they_show_and_break_nothing(root: Path, corpora: Path, tmp_path: Path) -> None:
    unpack(corpora / "sigma" / "sigma-rules.tar.gz", tmp_path)
    options = [option for folder in FOLDERS for option in ("--rules", str(tmp_path / folder))]
    paths = [str(corpora / name) for name in LOGS]
    paths += [str(path) for path in sorted((corpora / "network/oracle").glob("*.zeek"))[::4]]
    result = CliRunner().invoke(app, [*paths, *options, "--json"])
    assert result.exit_code == 1, result.stderr
    broken = {Path(found).name for found in re.findall(r"^broken: (\S+):", result.stderr, re.MULTILINE)}
    assert broken <= REALLY_BROKEN
    assert " 0 unreadable files" in result.stderr
    fired: Counter[tuple[str, str]] = Counter()
    for line in result.stdout.splitlines():
        found = json.loads(line)
        log = Path(found["log"]["file"]["path"]).resolve().relative_to(corpora.resolve())
        fired[found["rule"]["name"], log.as_posix()] += 1
    judged = {
        (each["rule"], each["log"]): each["matches"]
        for each in yaml.safe_load((root / "bench/sigma_logs.yml").read_text("utf-8"))["fires"]
        if each["log"].startswith(LOGS)
    }
    assert {pair: count for pair, count in fired.items() if pair[1].startswith(LOGS)} == judged
