"""ARP claims: new ones, peaceful changes, fights and announcements, each said once."""

import pytest

from collectors.network.detectors import DETECTORS
from collectors.network.observation import Fields
from collectors.network.packet import Packet
from tests.collectors.network import frames

GATEWAY = bytes([10, 1, 0, 254])
ROUTER, ATTACKER, CLIENT = (bytes.fromhex(f"0200000000{n}") for n in ("fe", "66", "01"))
MINUTE = 60


def claims(mac: bytes, seconds: float, ip: bytes = GATEWAY, target: bytes = frames.CLIENT) -> Packet:
    return frames.packet(frames.arp(2, mac, ip, target, CLIENT), seconds)


def seen(*packets: Packet) -> list[Fields]:
    detectors = [make() for make in DETECTORS.values()]
    return [event.fields for packet in packets for detector in detectors if (event := detector.see(packet)) is not None]


def actions(*packets: Packet) -> list[object]:
    return [event["event.action"] for event in seen(*packets)]


def test_a_machine_is_new_once() -> None:
    assert actions(claims(ROUTER, 0), claims(ROUTER, 1), claims(ROUTER, 9000)) == ["arp_binding_new"]


def test_an_address_claimed_by_another_while_its_holder_is_there_is_a_conflict() -> None:
    [_, conflict] = seen(claims(ROUTER, 0), claims(ATTACKER, 30))
    assert conflict["event.action"] == "arp_conflict"
    assert conflict["source.mac"] == "02-00-00-00-00-66"
    assert conflict["sentinel.arp.previous_mac"] == "02-00-00-00-00-FE"
    assert conflict["sentinel.arp.sender_ip"] == "10.1.0.254"


def test_a_fight_is_said_once_a_minute_not_at_every_blow() -> None:
    blows = [claims(ATTACKER if number % 2 else ROUTER, number) for number in range(120)]
    assert actions(*blows).count("arp_conflict") == 2


def test_an_address_handed_on_after_five_quiet_minutes_is_a_change() -> None:
    assert actions(claims(ROUTER, 0), claims(ATTACKER, 6 * MINUTE)) == ["arp_binding_new", "arp_binding_changed"]


def test_an_announcement_is_said_once_a_minute() -> None:
    announcements = [claims(ROUTER, second, target=GATEWAY) for second in (0, 5, 70)]
    assert actions(*announcements) == ["arp_binding_new", "arp_gratuitous", "arp_gratuitous"]


def test_routers_that_take_turns_do_not_fight() -> None:
    shared = bytes.fromhex("00005e000101")
    assert actions(claims(ROUTER, 0), claims(shared, 1), claims(ROUTER, 2)) == ["arp_binding_new"]


@pytest.mark.parametrize("mac", [bytes(6), b"\xff" * 6])
def test_who_claims_nothing_claims_nothing(mac: bytes) -> None:
    probe = frames.packet(frames.arp(1, CLIENT, bytes(4), GATEWAY), 0)
    assert actions(probe, claims(mac, 1)) == []


def test_a_flood_of_claims_does_not_fill_the_memory() -> None:
    detector = DETECTORS["arp_conflict"]()
    for number in range(10_000):
        detector.see(claims(ROUTER, number / 1000, ip=number.to_bytes(4, "big")))
    assert len(detector._holders._holders) == 8192  # type: ignore[attr-defined]
