"""Real logs of others, against what their owners or independent counts say of them."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from sentinel.model.record import Fields
from tests.normalise.lines import fields


def lines_of(path: Path) -> Iterator[str]:
    with gzip.open(path) as stream:
        for raw in stream:
            yield raw.decode("utf-8", "surrogateescape").rstrip("\n")


def test_the_auth_log_of_a_real_host_is_counted_as_by_hand(corpora: Path) -> None:
    expected = json.loads((corpora / "logs/auth/auth-elastic-examples.summary.json").read_text())["counts"]
    actions: Counter[object] = Counter()
    repeats: Counter[bool] = Counter()
    for raw in lines_of(corpora / "logs/auth/auth-elastic-examples.log.gz"):
        found = fields("linux.auth", raw)
        assert found["event.kind"] == "event", raw
        actions[found.get("event.action"), found.get("event.outcome")] += 1
        if found.get("event.action") == "ssh_login" and found["event.outcome"] == "failure":
            repeats["sentinel.repeat_count" in found] += 1
    assert actions["ssh_login", "success"] == expected["ssh_accepted"]
    assert actions["ssh_invalid_user", "failure"] == expected["ssh_invalid_user"]
    assert actions["sudo_command", "success"] == expected["sudo_command"]
    assert repeats[False] == expected["ssh_failed"]
    assert repeats[True] == expected["message_repeated_failed_lines"]


def test_the_access_log_of_a_real_site_is_counted_as_by_hand(corpora: Path) -> None:
    expected = json.loads((corpora / "logs/web/apache-access-elastic-examples.summary.json").read_text())
    found = [
        fields("nginx.access", raw) for raw in lines_of(corpora / "logs/web/apache-access-elastic-examples.log.gz")
    ]
    statuses = Counter(str(each["http.response.status_code"]) for each in found if "http.response.status_code" in each)
    rejected = sum(each["event.kind"] == "pipeline_error" for each in found)
    assert rejected == 1
    by_status = next(value for key, value in expected.items() if "status" in key)
    assert statuses == Counter({str(key): value for key, value in by_status.items()})


def test_what_bans_an_address_elsewhere_is_a_failure_from_it_here(corpora: Path) -> None:
    entries = [json.loads(raw) for raw in (corpora / "logs/fail2ban/sshd.ndjson").read_text("utf-8").splitlines()]
    bad = [
        entry
        for entry in entries
        if entry["match"] and "Failed " in entry["line"] and "message rep" not in entry["line"]
    ]
    read = [fields("linux.auth", entry["line"]) for entry in bad]
    known = [each for each in read if each["event.kind"] == "event"]
    assert len(known) >= 0.9 * len(read)
    for each in known:
        assert each["event.outcome"] == "failure"
        assert "source.ip" in each or "source.domain" in each


def test_nginx_lines_say_what_another_pipeline_reads_in_them(corpora: Path) -> None:
    checked = 0
    for path in sorted((corpora / "ecs/elastic/nginx/access").glob("*.log")):
        wanted = json.loads(path.with_name(path.name + "-expected.json").read_text("utf-8"))["expected"]
        for document in wanted:
            raw = ((document or {}).get("event") or {}).get("original")
            if raw is None or "url" not in document:
                continue
            found = fields("nginx.access", raw)
            if found["event.kind"] != "event":
                continue
            checked += 1
            assert found["http.response.status_code"] == document["http"]["response"]["status_code"]
            assert found["@timestamp"] == document["@timestamp"].replace("Z", "000Z")
            # Their pipeline of that age wrote methods in small letters; ECS now keeps them as sent.
            assert (
                str(found.get("http.request.method", "")).lower()
                == document["http"]["request"].get("method", "").lower()
            )
            assert found.get("url.original") == document["url"]["original"]
    assert checked


def test_real_windows_events_of_every_layout_are_read(corpora: Path) -> None:
    counts: Counter[tuple[str, str]] = Counter()
    rejected = 0
    stream = lines_of(corpora / "streams/windows-security-datasets.ndjson.gz")
    for raw in islice(stream, 0, 20_000, 4):
        found = fields("windows.evtx", raw)
        rejected += found["event.kind"] != "event"
        body = json.loads(raw)
        counts["read", f"{found.get('winlog.channel')} {found.get('winlog.event_id')}"] += 1
        named = body.get("Channel") or body.get("log_name")
        counts["wanted", f"{named} {body.get('EventID') or body.get('event_id')}"] += 1
    assert rejected == 0
    read = {name: n for (kind, name), n in counts.items() if kind == "read"}
    assert read == {name: n for (kind, name), n in counts.items() if kind == "wanted"}


def test_json_renderings_and_evtx_files_of_the_same_records_are_read_alike(corpora: Path) -> None:
    from evtx import PyEvtxParser

    compared = 0
    for path in sorted((corpora / "sigma/regression_data").rglob("*.json"))[::6]:
        evtx = next(iter(path.parent.glob("*.evtx")), None)
        if evtx is None:
            continue
        try:
            shown = [json.loads(path.read_text("utf-8"))]
        except ValueError:
            continue
        records = [each["data"] for each in PyEvtxParser(str(evtx)).records_json()]
        if len(records) != 1 or not isinstance(shown[0], dict):
            continue
        compared += 1
        assert essence(fields("windows.evtx", json.dumps(shown[0]))) == essence(fields("windows.evtx", records[0]))
    assert compared >= 3


def essence(found: Fields) -> set[str]:
    assert found["event.kind"] == "event"
    return {name for name in found if name.startswith("winlog.") and name != "winlog.provider_guid"}


def test_audit_records_say_what_another_parser_reads_in_them(corpora: Path) -> None:
    # Their names that we keep as the kernel has them; `result` and the parts of `subj` are their own.
    kept = ("a0", "a1", "comm", "exe", "pid", "ppid", "uid", "euid", "key", "name", "nametype", "cwd", "inode", "mode")
    compared = 0
    for path in sorted((corpora / "logs/auditd/auparse").glob("*.log")):
        wanted = json.loads(path.with_name(path.name + ".golden").read_text("utf-8"))
        lines = {entry["raw_msg"]: entry for entry in wanted}
        for raw in path.read_text("utf-8").splitlines():
            entry = lines.get(raw.partition("msg=")[2])
            if entry is None:
                continue
            found = fields("linux.auditd", raw)
            assert found["event.kind"] == "event", raw
            assert str(found["@timestamp"]).startswith(entry["@timestamp"].removesuffix("Z"))
            for name in kept:
                value = entry.get("data", {}).get(name)
                if value is not None and value != "(null)":
                    assert found.get(f"auditd.data.{name}") == value, (name, raw)
                    compared += 1
    assert compared > 50


def test_an_apache_error_log_says_what_another_pipeline_reads_in_it(corpora: Path) -> None:
    path = corpora / "ecs/elastic/apache/error/test-error-basic.log"
    wanted = json.loads(path.with_name(path.name + "-expected.json").read_text("utf-8"))["expected"]
    for document in wanted:
        found = fields("apache.error", document["event"]["original"])
        assert found["event.kind"] == "event", document["event"]["original"]
        assert found["message"] == document["message"]
        assert found.get("source.ip") == document.get("source", {}).get("address")
        assert found.get("log.level") == document.get("log", {}).get("level")
    assert wanted


def test_messages_of_a_cisco_firewall_keep_their_number(corpora: Path) -> None:
    read = 0
    for path in sorted((corpora / "ecs/elastic/cisco_asa/log").glob("*.log")):
        wanted = json.loads(path.with_name(path.name + "-expected.json").read_text("utf-8"))["expected"]
        for document in wanted:
            raw = ((document or {}).get("event") or {}).get("original")
            code = ((document or {}).get("event") or {}).get("code")
            if raw is None or code is None or "%ASA-" not in raw:
                continue
            found = fields("cisco.ios", raw)
            assert str(found.get("event.code", "")).endswith(f"-{code}"), raw
            read += 1
    assert read > 50


def test_packets_a_kernel_logged_are_read_as_another_engine_reads_them(corpora: Path) -> None:
    folder = corpora / "logs/crowdsec/firewall/iptables-scan-multi-port"
    lines = (folder / "iptables-scan-multi-port.log").read_text("utf-8").splitlines()
    found = [fields("linux.syslog", raw) for raw in lines]
    assert {str(each["source.ip"]) for each in found} == {raw.partition("SRC=")[2].split()[0] for raw in lines}
    assert all(each["event.provider"] == "iptables" and "destination.port" in each for each in found)


def test_every_record_of_another_sensor_is_read(corpora: Path) -> None:
    for path in sorted((corpora / "streams/zeek").glob("*.json.gz")):
        for raw in islice(lines_of(path), 300):
            found = fields("zeek.log", raw)
            assert found["event.kind"] == "event", found.get("error.message")
            assert found["event.provider"] == f"zeek.{path.name.partition('.')[0]}"
            if '"id.orig_h"' in raw:
                assert "source.ip" in found
