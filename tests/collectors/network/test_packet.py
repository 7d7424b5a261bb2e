"""Headers are read right where they are right, and never break the reader where they are not."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.network.packet import Arp, Fragment, address_text, mac_text, parse
from tests.collectors.network import frames

LINK_TYPES = [0, 1, 9, 12, 50, 101, 104, 108, 113, 228, 276, 105, 9999]


@given(st.binary(max_size=200), st.sampled_from(LINK_TYPES))
def test_no_bytes_can_break_the_reader(data: bytes, link_type: int) -> None:
    packet = parse(data, at=0, length=len(data), link_type=link_type)
    assert len(packet.source) in (0, 4, 16)
    assert len(packet.source) == len(packet.destination)


@given(st.data(), st.binary(max_size=60))
def test_a_damaged_frame_breaks_nothing(data: st.DataObject, tail: bytes) -> None:
    whole = frames.ethernet(frames.ipv6(struct.pack("!BBHI", 6, 0, 0, 7) + frames.tcp(1, 2, 2) + tail, 44), 0x86DD)
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(0, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    frame = bytes(damaged[: data.draw(st.integers(0, len(damaged)))])
    parse(frame, at=0, length=len(whole), link_type=1)


def test_tcp_in_ipv4_in_ethernet() -> None:
    packet = frames.forth(frames.tcp(40000, 22, frames.SYN, b"data"), 2)
    assert packet.at == frames.START + 2 * frames.SECOND
    assert mac_text(packet.source_mac) == "02-00-00-00-00-01"
    assert (address_text(packet.source), address_text(packet.destination)) == ("10.1.0.1", "10.1.0.2")
    assert (packet.protocol, packet.source_port, packet.destination_port) == (6, 40000, 22)
    assert (packet.tcp_flags, packet.payload) == (frames.SYN, b"data")


def test_padding_behind_the_ip_packet_is_not_payload() -> None:
    frame = frames.ethernet(frames.ipv4(frames.udp(1000, 53, b"question"), 17)) + bytes(20)
    assert frames.packet(frame).payload == b"question"


def test_a_vlan_tag_is_read_and_passed() -> None:
    packet = frames.packet(frames.ethernet(struct.pack("!H", 0x0800) + frames.ipv4(frames.udp(1, 2), 17), 0x8100))
    assert packet.vlan is not None
    tagged = frames.packet(frames.ethernet(frames.ipv4(frames.udp(1, 2), 17), vlan=0x6064))
    assert (tagged.vlan, tagged.destination_port) == (0x064, 2)


def test_ipv6_extension_headers_are_passed() -> None:
    options = struct.pack("!BB", 44, 0) + bytes(6)
    fragment = struct.pack("!BBHI", 17, 0, 1, 77)
    packet = frames.packet(frames.ethernet(frames.ipv6(options + fragment + frames.udp(5353, 5353), 0), 0x86DD))
    assert (packet.protocol, packet.source_port, packet.fragment) == (17, 5353, Fragment(77, 0))


def test_a_later_fragment_has_no_ports() -> None:
    packet = frames.packet(frames.ethernet(frames.ipv4(frames.udp(1, 2, bytes(20)), 17, number=9, fragment=3)))
    assert (packet.source_port, packet.fragment) == (None, Fragment(9, 24))


@pytest.mark.parametrize(
    ("protocol", "header"),
    [(4, b""), (47, b"\x00\x00\x08\x00"), (47, b"\x30\x00\x08\x00" + bytes(8)), (47, b"\x80\x00\x08\x00" + bytes(4))],
)
def test_what_a_tunnel_carries_is_what_counts(protocol: int, header: bytes) -> None:
    inner = frames.ipv4(frames.udp(7, 53), 17, bytes([192, 168, 0, 1]), bytes([192, 168, 0, 2]))
    packet = frames.packet(frames.ethernet(frames.ipv4(header + inner, protocol)))
    assert (address_text(packet.source), packet.destination_port) == ("192.168.0.1", 53)


@pytest.mark.parametrize(
    ("link_type", "head"),
    [
        (101, b""),
        (0, b"\x02\x00\x00\x00"),
        (9, b"\xff\x03\x00\x21"),
        (9, b"\x21"),
        (104, b"\x0f\x00\x08\x00"),
        (113, b"\x00\x00\x00\x01\x00\x06" + bytes(8) + b"\x08\x00"),
        (276, b"\x08\x00" + bytes(18)),
        (1, bytes(12) + b"\x88\x64\x11\x00\x00\x01\x00\x30\x00\x21"),
        (1, bytes(12) + b"\x88\x47\x00\x01\x01\x40"),
        (1, bytes(12) + b"\x00\x40\xaa\xaa\x03\x00\x00\x00\x08\x00"),
    ],
)
def test_every_link_type_leads_to_the_same_packet(link_type: int, head: bytes) -> None:
    packet = frames.packet(head + frames.ipv4(frames.udp(1, 2), 17), link_type=link_type)
    assert (packet.source, packet.destination_port) == (frames.CLIENT, 2)


def test_arp_is_read() -> None:
    packet = frames.packet(frames.arp(2, frames.SERVER_MAC, frames.SERVER, frames.CLIENT, frames.CLIENT_MAC))
    assert packet.arp == Arp(2, frames.SERVER_MAC, frames.SERVER, frames.CLIENT_MAC, frames.CLIENT)
    assert packet.source == b""


@pytest.mark.parametrize("kept", range(14, 54))
def test_a_frame_cut_off_anywhere_gives_what_stood_before(kept: int) -> None:
    frame = frames.ethernet(frames.ipv4(frames.tcp(40000, 22, frames.SYN), 6))
    packet = frames.packet(frame[:kept])
    assert packet.source_mac == frames.CLIENT_MAC
    assert (packet.source == frames.CLIENT) == (kept >= 34)
    assert (packet.destination_port == 22) == (kept >= 38)
    assert (packet.tcp_flags == frames.SYN) == (kept >= 48)
