"""Where scapy is used, and nowhere else: capture files are read, an interface is opened, DNS is decoded."""

import logging
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from scapy.arch.linux import L2ListenSocket
from scapy.error import Scapy_Exception
from scapy.layers.dns import DNS, DNSRR, dnsclasses, dnsqtypes
from scapy.utils import RawPcapNgReader, RawPcapReader

from collectors.network import capture_file
from collectors.network.dns import MAX_ANSWERS, Answer, Message
from collectors.network.frame import Frame
from sentinel.errors import InputError, UnavailableError

# Scapy warns about every odd packet and file; what matters is counted, and said once, by us.
logging.getLogger("scapy").setLevel(logging.ERROR)

OpenInterface = L2ListenSocket
"""What `open_interface` returns; closing it closes its socket `ins`, and so does forgetting it."""

_BROKEN = (Scapy_Exception, struct.error, ValueError, IndexError, KeyError, TypeError, AttributeError, EOFError)
"""What scapy's dissectors raise on bytes that are not what they claim to be."""
_OPERATIONS = {0: "QUERY", 1: "IQUERY", 2: "STATUS", 4: "NOTIFY", 5: "UPDATE", 6: "DSO"}
_CODES = {
    0: "NOERROR", 1: "FORMERR", 2: "SERVFAIL", 3: "NXDOMAIN", 4: "NOTIMP", 5: "REFUSED",
    6: "YXDOMAIN", 7: "YXRRSET", 8: "NXRRSET", 9: "NOTAUTH", 10: "NOTZONE",
}  # fmt: skip
"""Names of IANA's registry of DNS parameters."""
_HEADER_BYTES = 12
_MAX_DATA_CHARACTERS = 2_000
_NAMED = frozenset({2, 5, 6, 12, 15, 33, 39})
"""Kinds of records whose data is a name: NS, CNAME, SOA, PTR, MX, SRV, DNAME."""


def read_capture(path: Path) -> Iterator[Frame]:
    """Yield the frames of a pcap or pcapng file, gzipped or not.

    Raises `UnavailableError` when it cannot be read, `InputError` when it is no capture file, and `InputError` after
    the last readable frame when it is broken off.
    """
    capture_file.check_kind(path)
    number = 0
    try:
        with RawPcapReader(str(path)) as reader:
            for data, meta in reader:
                number += 1
                yield _frame(reader, data, meta)
    except _BROKEN as error:
        raise InputError(f"{path}: packet {number + 1} cannot be read: {error}") from error
    except OSError as error:
        raise UnavailableError(f"cannot read the capture file {path}: {error}") from error
    if (fault := capture_file.fault(path)) is not None:
        raise InputError(f"{path}: {fault}; {number} packets before it were read")


def decode_dns(data: bytes) -> Message | None:
    """Return the DNS message in `data`, None when it holds none that can be read."""
    if len(data) < _HEADER_BYTES:
        return None
    try:
        return _message(DNS(data))
    except (*_BROKEN, RecursionError):
        return None


def open_interface(interface: str, *, promiscuous: bool) -> OpenInterface:
    """Return a listener on `interface`; its socket `ins` says for each packet its time, true length and VLAN.

    Raises `UnavailableError` when there is no such interface, or no permission to listen to it.
    """
    try:
        return L2ListenSocket(iface=interface, promisc=promiscuous)
    except PermissionError as error:
        raise UnavailableError(
            f"may not listen to the interface {interface}; the collector needs the capability CAP_NET_RAW"
        ) from error
    except (OSError, ValueError, Scapy_Exception) as error:
        raise UnavailableError(f"cannot listen to the interface {interface}: {error}; see 'ip link'") from error


def _frame(reader: RawPcapReader, data: bytes, meta: Any) -> Frame:
    if isinstance(reader, RawPcapNgReader):
        high, low = meta.tshigh, meta.tslow
        # A simple packet block has no time; scapy counts a link type of None there as the first interface's.
        at = 0 if high is None or low is None else (high << 32 | low) * 1_000_000_000 // meta.tsresol
        return Frame(data, at, meta.wirelen, meta.linktype)
    unit = 1 if reader.nano else 1000
    return Frame(data, meta.sec * 1_000_000_000 + meta.usec * unit, meta.wirelen, reader.linktype)


def _message(packet: DNS) -> Message:
    question = packet.qd[0] if packet.qd else None
    return Message(
        number=packet.id,
        is_answer=bool(packet.qr),
        operation=_OPERATIONS.get(packet.opcode, str(packet.opcode)),
        response_code=_CODES.get(packet.rcode, str(packet.rcode)) if packet.qr else None,
        name=None if question is None else _name(question.qname),
        kind=None if question is None else _kind(question.qtype),
        question_class=None if question is None else dnsclasses.get(question.qclass, str(question.qclass)),
        answers=tuple(_answer(record) for record in (packet.an or [])[:MAX_ANSWERS]),
    )


def _answer(record: DNSRR) -> Answer:
    return Answer(name=_name(record.rrname), kind=_kind(record.type), seconds=int(record.ttl or 0), data=_data(record))


def _data(record: DNSRR) -> str:
    """Return what a record says, as text: an address, a name, or its text; empty for other kinds."""
    for field in ("rdata", "exchange", "target", "mname"):
        value = record.fields.get(field)
        if isinstance(value, list):
            value = b"".join(part for part in value if isinstance(part, bytes))
            return _text(value)
        if isinstance(value, str):
            return value[:_MAX_DATA_CHARACTERS]
        if isinstance(value, bytes):
            return _name(value) if record.type in _NAMED else _text(value)
    return ""


def _kind(number: int) -> str:
    return dnsqtypes.get(number, f"TYPE{number}")


def _name(name: bytes) -> str:
    """Return a name without its last dot; the root, which is nothing but that, stays a dot."""
    return _text(name).removesuffix(".") or "."


def _text(data: bytes) -> str:
    return data.decode("ascii", "backslashreplace")[:_MAX_DATA_CHARACTERS]
