"""Real captures: nothing crashes, and flows, names and ARP conflicts are those that TShark finds."""

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from collectors.network.observation import Observation, moment
from collectors.network.sensor import Sensor
from collectors.network.sniff import decode_dns, read_capture
from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.normalise import normalise

LISTED = 3_000
"""TShark's lists were cut at this many entries."""
DNS_ELSEWHERE = {
    "ndpi-avast_securedns.pcapng": "on another port than DNS's",
    "sv-dns_over_https_POST.pcap": "inside HTTP/2",
    "zeek-icmp-destunreach-udp.pcap": "quoted in ICMP",
    "zeek-smb_v2_only_non_zero_reserved1.pcap": "quoted in ICMP",
    "sv-dns-udp-junkrequest-first.pcap": "two bytes that happen to be a name; TShark calls the message malformed",
    "sv-vxlan-decoder-01.pcap": "inside VXLAN",
    "arkime-arkime_synthetic.pcap": "inside VXLAN and Geneve",
}


class Case(NamedTuple):
    name: str
    facts: dict[str, Any]
    oracle: dict[str, Any]
    events: list[Observation]
    frames: int


@cache
def cases(corpora: Path) -> tuple[Case, ...]:
    return tuple(_cases(corpora))


def _cases(corpora: Path) -> Iterator[Case]:
    for facts in json.loads((corpora / "network" / "manifest.json").read_bytes()):
        oracle = json.loads(gzip.decompress((corpora / facts["oracle"]["tshark"]).read_bytes()))
        path = corpora / facts["file"]
        sensor = Sensor(decode_dns, place=path.name)
        events: list[Observation] = []
        frames = 0
        try:
            for frame in read_capture(path):
                frames += 1
                events += sensor.see(frame)
        except InputError as error:
            assert path.name in str(error)
        yield Case(path.name, facts, oracle, events + sensor.finish(), frames)


@pytest.fixture
def every(corpora: Path) -> tuple[Case, ...]:
    return cases(corpora)


def test_every_capture_is_read_to_its_end(every: tuple[Case, ...]) -> None:
    assert len(every) > 400
    short = {case.name: (case.frames, case.facts["packets"]) for case in every if case.frames < case.facts["packets"]}
    assert short == {}


def test_flows_are_tshark_s_wherever_it_and_suricata_agree(every: tuple[Case, ...]) -> None:
    compared, different = 0, []
    for case in every:
        both = case.facts["tshark_suricata_flows"]
        if both is None or both["tshark_only"] or both["suricata_only"]:
            continue
        compared += 1
        expected = {flow["community_id"] for flow in case.oracle.get("flows", ())}
        found = {
            str(event.fields["network.community_id"])
            for event in event_list(case, "network.flow")
            if event.fields["network.transport"] in ("tcp", "udp")
        }
        # TShark leaves out a packet of which only the first fragment was captured; its ports are known all the same.
        is_right = found == expected or (case.facts["category"] == "malformed" and found >= expected)
        if not is_right:
            different.append((case.name, found ^ expected))
    assert compared > 380
    assert different == []


def test_packets_and_bytes_of_flows_add_up(every: tuple[Case, ...]) -> None:
    for case in every:
        flows = event_list(case, "network.flow")
        packets = sum(int(str(event.fields["network.packets"])) for event in flows)
        assert packets <= case.frames, case.name


def test_dns_questions_are_tshark_s(every: tuple[Case, ...]) -> None:
    compared, different = 0, []
    for case in every:
        if case.name in DNS_ELSEWHERE or case.oracle.get("dns_count", 0) > LISTED:
            continue
        expected = Counter(
            (entry["query"][0], entry["response"])
            for entry in case.oracle.get("dns", ())
            if entry["messages_in_frame"] == 1 and entry["query"]
        )
        found = Counter(
            (event.fields["dns.question.name"], event.fields["dns.type"] == "answer")
            for event in event_list(case, "network.dns")
            if event.fields.get("dns.question.name")
        )
        compared += bool(expected)
        if found != expected:
            different.append((case.name, expected - found, found - expected))
    assert compared > 50
    assert different == []


def test_arp_conflicts_are_those_tshark_sees_and_no_others(every: tuple[Case, ...]) -> None:
    assert sum(bool(event_list(case, "network.arp")) for case in every) > 10
    for case in every:
        expected = set((case.oracle.get("arp") or {}).get("ip_claimed_by_several_macs", ()))
        moved = {
            event.fields["sentinel.arp.sender_ip"]
            for event in event_list(case, "network.arp")
            if event.fields["event.action"] in ("arp_conflict", "arp_binding_changed")
        }
        assert moved == expected, case.name


def test_every_event_can_travel_as_json(every: tuple[Case, ...]) -> None:
    for case in every:
        for event in case.events:
            assert json.loads(event.to_json())
            assert event.to_nested()["@timestamp"]


def test_the_server_takes_every_event(every: tuple[Case, ...]) -> None:
    refused = []
    for case in every:
        for number, found in enumerate(case.events, start=1):
            event = Event(
                collector="c",
                epoch="e",
                sequence=number,
                dataset=found.dataset,
                host="h",
                seen_at=moment(found.at),
                raw=found.to_json(),
            )
            record = normalise(event, agency=None, received_at=None)
            if record.fields["event.kind"] == "pipeline_error":
                refused.append((case.name, record.fields["error.message"]))
    assert refused == []


def event_list(case: Case, dataset: str) -> list[Observation]:
    return [event for event in case.events if event.dataset == dataset]
