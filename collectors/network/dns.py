"""Turns DNS messages into events: who asked what, and what was answered."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass

from collectors.network import domain_name, transport
from collectors.network.community_id import community_id
from collectors.network.observation import Fields, Observation, time_text
from collectors.network.packet import Packet, address_text, mac_text
from collectors.network.transport import TCP, UDP

PORTS = frozenset({53, 5353, 5355})
"""DNS, multicast DNS and LLMNR."""
MAX_ANSWERS = 50
MAX_MESSAGES = 16
"""More messages than this in one TCP segment are not looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One resource record of the answer section."""

    name: str
    kind: str
    seconds: int
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A DNS message (RFC 1035 4.1), names without the last dot."""

    number: int
    is_answer: bool
    operation: str
    response_code: str | None
    """None for a question."""
    name: str | None
    """The first name asked for; None when the message asks nothing."""
    kind: str | None
    question_class: str | None
    answers: tuple[Answer, ...]


Decode = Callable[[bytes], Message | None]
"""Returns the message in some bytes, None when they are not DNS."""


class DnsReader:
    """Finds DNS messages in packets; decoding itself is passed in."""

    def __init__(self, decode: Decode) -> None:
        self._decode = decode
        self.unreadable = 0
        """Packets to or from a DNS port that held no message, or a broken one."""

    def see(self, packet: Packet) -> list[Observation]:
        """Return one event per message in `packet`."""
        if packet.protocol not in (UDP, TCP) or not packet.payload:
            return []
        if packet.source_port not in PORTS and packet.destination_port not in PORTS:
            return []
        observations = []
        for data in _messages(packet):
            message = self._decode(data)
            if message is None:
                self.unreadable += 1
            else:
                observations.append(Observation("network.dns", packet.at, _fields(packet, message, len(data))))
        return observations


def _messages(packet: Packet) -> list[bytes]:
    """Return the messages of a packet; over TCP each has its length before it, and must lie in one segment."""
    if packet.protocol == UDP:
        return [packet.payload]
    data = packet.payload
    messages: list[bytes] = []
    while len(data) > 2 and len(messages) < MAX_MESSAGES:
        size = int.from_bytes(data[:2], "big")
        if len(data) < 2 + size:
            break
        messages.append(data[2 : 2 + size])
        data = data[2 + size :]
    return messages


def _fields(packet: Packet, message: Message, size: int) -> Fields:
    # The source of a DNS event is who asked, in questions and answers alike.
    asker, asked = (packet.source, packet.source_port), (packet.destination, packet.destination_port)
    asker_mac, asked_mac = packet.source_mac, packet.destination_mac
    if message.is_answer:
        asker, asked, asker_mac, asked_mac = asked, asker, asked_mac, asker_mac
    answers = message.answers[:MAX_ANSWERS]
    return {
        "@timestamp": time_text(packet.at),
        "source.ip": address_text(asker[0]),
        "source.port": asker[1],
        "source.mac": mac_text(asker_mac),
        "destination.ip": address_text(asked[0]),
        "destination.port": asked[1],
        "destination.mac": mac_text(asked_mac),
        "network.transport": transport.NAMES[packet.protocol],
        "network.type": "ipv4" if len(packet.source) == 4 else "ipv6",
        "network.bytes": size,
        "network.community_id": community_id(packet.protocol, asker[0], asked[0], asker[1], asked[1]),
        "dns.type": "answer" if message.is_answer else "query",
        "dns.id": str(message.number),
        "dns.op_code": message.operation,
        "dns.response_code": message.response_code,
        "dns.resolved_ip": [a.data for a in answers if a.kind in ("A", "AAAA") and _is_address(a.data)] or None,
        "dns.answers.name": [a.name for a in answers] or None,
        "dns.answers.type": [a.kind for a in answers] or None,
        "dns.answers.ttl": [a.seconds for a in answers] or None,
        "dns.answers.data": [a.data for a in answers] or None,
        **_question(message),
    }


def _question(message: Message) -> Fields:
    if message.name is None:
        return {}
    registered, subdomain = domain_name.split(message.name)
    return {
        "dns.question.name": message.name,
        "dns.question.type": message.kind,
        "dns.question.class": message.question_class,
        "dns.question.registered_domain": registered or None,
        "dns.question.subdomain": subdomain or None,
        "dns.question.top_level_domain": message.name.rpartition(".")[2] or None,
        "sentinel.dns.question_length": len(message.name),
        "sentinel.dns.label_length_max": max(map(len, message.name.split("."))),
        "sentinel.dns.entropy": domain_name.entropy(subdomain),
    }


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
