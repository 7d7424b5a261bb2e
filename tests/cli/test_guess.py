"""What `sentinel scan` takes a file for."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sentinel.cli.guess import guess_json, guess_line, guess_text

SEEN = yaml.safe_load((Path(__file__).parents[1] / "detect/log_sources/cases.yml").read_text("utf-8"))
TELLING = [case for case in SEEN if not case["dataset"].startswith(("network.", "linux.process", "linux.conn", "app."))]
ALIKE = {"linux.auth": "linux.syslog", "linux.audit_event": "linux.auditd"}
"""What a single line of a dataset cannot be told from."""


@pytest.mark.parametrize("case", TELLING, ids=lambda case: f"{case['dataset']}: {case['line'][:30]}")
def test_a_log_is_told_by_its_first_line(case: dict[str, Any]) -> None:
    dataset, line = case["dataset"], case["line"]
    if line.startswith("{"):
        assert guess_json(json.loads(line), dataset.partition(".")[2] + ".log") == dataset
    elif dataset in ("iis.access", "microsoft.firewall"):
        assert guess_line(line) is None  # only its header tells
    else:
        assert guess_line(line.split("\n")[0]) == ALIKE.get(dataset, dataset)


@pytest.mark.parametrize(
    ("name", "head", "dataset"),
    [
        ("auth.log", "Nov 23 02:00:00 h prog: x\n", "linux.auth"),
        ("x.log", "Nov 23 02:00:00 h sshd[1]: x\nNov 23 02:00:00 h cron[1]: x\n", "linux.auth"),
        ("x.log", "Nov 23 02:00:00 h cron[1]: x\n", "linux.syslog"),
        ("x.log", "#Software: IIS\n#Fields: date time cs-uri-stem sc-status\n", "iis.access"),
        ("pfirewall.log", "#Version: 1.5\n#Fields: date time action src-ip dst-ip\n", "microsoft.firewall"),
        ("conn.log", "#separator \\x09\n#path\tconn\n", "zeek.log"),
        ("app.log", "2026-11-23 01:00:00 x\nTraceback (most recent call last):\n  File 'a'\n", "app.python"),
        ("app.log", "2026-11-23 01:00:00 ERROR x\n\tat a.b.C.d(C.java:12)\n", "app.jvm"),
        ("app.log", "2026-11-23 01:00:00 something happened\n", "app.text"),
        ("notes.txt", "nothing that has a time\n", None),
        ("rule.yml", "at: 2026-11-23 01:00:00\n", None),
        ("a.bin", "2026-11-23 01:00:00 \0\0", None),
    ],
)
def test_a_text_is_told_by_what_stands_in_it(name: str, head: str, dataset: str | None) -> None:
    assert guess_text(name, head) == dataset


@pytest.mark.parametrize(
    ("found", "dataset"),
    [
        ({"winlog": {}}, "windows.evtx"),
        ({"EventID": 1}, "windows.evtx"),
        ({"event": {"dataset": "linux.process"}}, "linux.process"),
        ({"ID": "1688052525.815:33152", "ANOM_ABEND": []}, "linux.audit_event"),
        ({"SyslogMessage": "type=AUOMS_EXECVE audit(1.0:1): x=1"}, "linux.audit_event"),
        ({"timestamp": "2026", "message": "x"}, "app.json"),
        ({"a": 1}, None),
        ([1], None),
    ],
)
def test_an_object_is_told_by_its_names(found: object, dataset: str | None) -> None:
    assert guess_json(found) == dataset


@pytest.mark.parametrize(
    ("name", "dataset"),
    [
        ("egov-portal.ndjson", "egov.portal"),
        ("lgsp.log", "egov.lgsp"),
        ("nhat-ky_certification.2026.json", "egov.certification"),
        ("emailing.json", "egov.onestop"),
    ],
)
def test_an_e_government_log_is_told_by_the_service_in_its_name(name: str, dataset: str) -> None:
    found = {"time": "2026-11-23T08:00:00+07:00", "action": "login", "outcome": "success", "user": "a", "office": "b"}
    assert guess_json(found, name) == dataset


@given(st.text(max_size=300), st.text(max_size=20))
def test_no_text_breaks_the_guess(head: str, name: str) -> None:
    guess_text(name, head)
    guess_line(head)
