"""DNS messages become events; broken ones are counted and nothing else happens."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from collectors.network import domain_name
from collectors.network.dns import DnsReader
from collectors.network.observation import Fields
from collectors.network.packet import Packet
from collectors.network.sniff import decode_dns
from tests.collectors.network.frames import ACK, back, forth, tcp, udp

QUESTION_HEAD = struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0)
ANSWER_HEAD = struct.pack("!HHHHHH", 7, 0x8180, 1, 2, 0, 0)


def name(text: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".")) + b"\0"


def question(text: str = "portal.phuong.gov.vn", kind: int = 1) -> bytes:
    return QUESTION_HEAD + name(text) + struct.pack("!HH", kind, 1)


def answer(text: str = "portal.phuong.gov.vn") -> bytes:
    alias = struct.pack("!HHHIH", 0xC00C, 5, 1, 60, len(name("www.vn"))) + name("www.vn")
    address = struct.pack("!HHHIH", 0xC00C, 1, 1, 30, 4) + bytes([10, 9, 8, 7])
    return ANSWER_HEAD + name(text) + struct.pack("!HH", 1, 1) + alias + address


def events(*packets: Packet) -> list[Fields]:
    reader = DnsReader(decode_dns)
    return [event.fields for packet in packets for event in reader.see(packet)]


def test_a_question_says_who_asks_for_what() -> None:
    [event] = events(forth(udp(5000, 53, question()), 0, 17))
    assert (event["dns.type"], event["dns.id"], event["dns.response_code"]) == ("query", "7", None)
    assert (event["source.ip"], event["destination.port"]) == ("10.1.0.1", 53)
    assert (event["dns.question.name"], event["dns.question.type"]) == ("portal.phuong.gov.vn", "A")
    assert (event["dns.question.registered_domain"], event["dns.question.subdomain"]) == ("phuong.gov.vn", "portal")
    assert (event["sentinel.dns.question_length"], event["sentinel.dns.label_length_max"]) == (20, 6)


def test_an_answer_has_the_asker_as_its_source_too() -> None:
    [event] = events(back(udp(53, 5000, answer()), 0, 17))
    assert (event["dns.type"], event["dns.response_code"]) == ("answer", "NOERROR")
    assert (event["source.ip"], event["source.port"], event["destination.port"]) == ("10.1.0.1", 5000, 53)
    assert event["dns.resolved_ip"] == ["10.9.8.7"]
    assert event["dns.answers.type"] == ["CNAME", "A"]
    assert event["dns.answers.data"] == ["www.vn", "10.9.8.7"]
    assert event["dns.answers.ttl"] == [60, 30]


def test_messages_over_tcp_are_found_by_their_lengths() -> None:
    message = question()
    data = (struct.pack("!H", len(message)) + message) * 2 + b"\xff\xff half of another"
    assert len(events(forth(tcp(5000, 53, ACK, data)))) == 2


def test_other_ports_are_not_looked_at() -> None:
    assert events(forth(udp(5000, 4000, question()), 0, 17)) == []


def test_what_is_no_message_is_counted() -> None:
    reader = DnsReader(decode_dns)
    assert reader.see(forth(udp(5000, 53, b"not dns"), 0, 17)) == []
    assert reader.unreadable == 1


def test_a_name_that_points_at_itself_ends() -> None:
    decode_dns(QUESTION_HEAD + b"\xc0\x0c" + struct.pack("!HH", 1, 1))


@given(st.binary(max_size=300))
def test_no_bytes_can_break_the_decoder(data: bytes) -> None:
    decode_dns(data)
    decode_dns(QUESTION_HEAD + data)
    decode_dns(struct.pack("!HHHHHH", 1, 0x8180, 3, 65535, 65535, 65535) + data)


@given(st.binary(max_size=300))
def test_every_event_can_travel_as_json(data: bytes) -> None:
    reader = DnsReader(decode_dns)
    for event in reader.see(forth(udp(5000, 53, ANSWER_HEAD + data), 0, 17)):
        event.to_json().encode("ascii")


def test_the_registered_domain_is_two_labels_or_three_below_a_country_s_second_level() -> None:
    assert domain_name.split("a.b.example.com") == ("example.com", "a.b")
    assert domain_name.split("a.b.gov.vn") == ("b.gov.vn", "a")
    assert domain_name.split("gov.vn") == ("gov.vn", "")
    assert domain_name.split("localhost") == ("localhost", "")


def test_coded_text_has_more_entropy_than_words() -> None:
    assert domain_name.entropy("") == 0
    assert domain_name.entropy("aaaa") == 0
    assert domain_name.entropy("abab") == 1
    assert domain_name.entropy("gaydamb3jztxk6lfnyqfmyloebgwc5ja") > 3.5 > domain_name.entropy("portal")
