"""Flows are counted by direction, end when they end, and never fill the memory."""

from hypothesis import given
from hypothesis import strategies as st

from collectors.network.flows import FlowTable
from collectors.network.observation import Fields, Observation
from collectors.network.packet import Packet
from tests.collectors.network import frames
from tests.collectors.network.frames import ACK, FIN, RST, SYN, back, forth, icmp, tcp, udp

HANDSHAKE = [
    forth(tcp(40000, 22, SYN), 0),
    back(tcp(22, 40000, SYN | ACK), 0.01),
    forth(tcp(40000, 22, ACK), 0.02),
]


def run(*packets: Packet) -> list[Fields]:
    table = FlowTable()
    found = [report for packet in packets for report in table.see(packet)]
    return [report.fields for report in found + table.finish()]


def fields(reports: list[Observation]) -> list[Fields]:
    return [report.fields for report in reports]


def test_a_conversation_is_counted_each_way() -> None:
    data = forth(tcp(40000, 22, ACK, b"hello"), 0.5)
    [flow] = run(*HANDSHAKE, data)
    assert (flow["source.ip"], flow["source.port"]) == ("10.1.0.1", 40000)
    assert (flow["destination.ip"], flow["destination.port"]) == ("10.1.0.2", 22)
    assert (flow["source.packets"], flow["destination.packets"]) == (3, 1)
    assert (flow["source.bytes"], flow["destination.bytes"]) == (54 + 54 + 59, 54)
    assert (flow["network.transport"], flow["network.type"]) == ("tcp", "ipv4")
    assert (flow["event.duration"], flow["sentinel.flow.tcp_flags"]) == (500_000_000, "SA")
    assert flow["sentinel.flow.state"] == "established"


def test_who_sent_the_first_packet_is_the_source_but_never_who_accepts() -> None:
    [flow] = run(back(tcp(22, 40000, SYN | ACK)), forth(tcp(40000, 22, ACK), 0.1))
    assert (flow["source.port"], flow["sentinel.flow.state"]) == (40000, "established")


def test_the_state_says_how_far_a_connection_came() -> None:
    assert run(forth(tcp(40000, 22, SYN)))[0]["sentinel.flow.state"] == "attempted"
    assert run(forth(tcp(40000, 23, SYN)), back(tcp(23, 40000, RST | ACK)))[0]["sentinel.flow.state"] == "rejected"
    half_open = [*HANDSHAKE[:2], forth(tcp(40000, 22, RST), 0.02)]
    assert run(*half_open)[0]["sentinel.flow.state"] == "attempted"
    assert run(forth(tcp(40000, 22, ACK)))[0]["sentinel.flow.state"] == "other"
    question, answer = forth(udp(9, 53), 0, 17), back(udp(53, 9), 0.1, 17)
    assert run(question)[0]["sentinel.flow.state"] == "attempted"
    assert run(question, answer)[0]["sentinel.flow.state"] == "established"


def test_a_refusal_by_icmp_is_heard() -> None:
    question = frames.ipv4(udp(9, 161), 17)
    flows = run(forth(udp(9, 161), 0, 17), back(icmp(3, 3, question), 0.1, 1))
    assert [(f["network.transport"], f["sentinel.flow.state"]) for f in flows] == [
        ("udp", "rejected"),
        ("icmp", "other"),
    ]


def test_a_closed_connection_is_reported_soon_and_its_last_packets_belong_to_it() -> None:
    table = FlowTable()
    ending = [
        forth(tcp(40000, 22, FIN | ACK), 1),
        back(tcp(22, 40000, FIN | ACK), 1.1),
        forth(tcp(40000, 22, ACK), 1.2),
    ]
    assert [report for packet in [*HANDSHAKE, *ending] for report in table.see(packet)] == []
    [flow] = fields(table.sweep(frames.START + 3 * frames.SECOND))
    assert flow["network.packets"] == 6
    assert len(table) == 0


def test_a_port_used_again_is_another_flow() -> None:
    flows = run(*HANDSHAKE, back(tcp(22, 40000, RST), 0.1), forth(tcp(40000, 22, SYN), 0.2))
    assert [flow["sentinel.flow.state"] for flow in flows] == ["established", "attempted"]


def test_an_unanswered_attempt_is_reported_after_five_seconds() -> None:
    table = FlowTable()
    table.see(forth(tcp(40000, 22, SYN)))
    assert table.sweep(frames.START + 4 * frames.SECOND) == []
    assert len(table.sweep(frames.START + 5 * frames.SECOND)) == 1


def test_a_long_conversation_is_reported_every_minute_with_what_is_new() -> None:
    table = FlowTable()
    found: list[Observation] = []
    for packet in HANDSHAKE:
        table.see(packet)
    for second in range(1, 181):
        found += table.see(forth(tcp(40000, 22, ACK), second))
    found += table.finish()
    assert sum(int(str(flow["network.packets"])) for flow in fields(found)) == 183
    assert len(found) in (3, 4)
    assert {flow["sentinel.flow.state"] for flow in fields(found)} == {"established"}
    starts = [str(flow["event.start"]) for flow in fields(found)]
    assert starts == sorted(starts)


def test_later_fragments_belong_to_the_flow_of_the_first() -> None:
    first = frames.packet(frames.ethernet(frames.ipv4(udp(9, 53, bytes(16)), 17, number=5, fragment=0x2000)))
    later = frames.packet(frames.ethernet(frames.ipv4(bytes(16), 17, number=5, fragment=3)))
    [flow] = run(first, later)
    assert flow["source.packets"] == 2


def test_a_later_fragment_alone_is_counted_as_unplaced() -> None:
    table = FlowTable()
    table.see(frames.packet(frames.ethernet(frames.ipv4(bytes(16), 17, number=5, fragment=3))))
    assert (table.unplaced, len(table)) == (1, 0)


def test_the_table_keeps_its_bound_and_says_what_it_gave_up() -> None:
    table = FlowTable(max_flows=10)
    found = [report for port in range(1000, 1100) for report in table.see(forth(udp(port, 53), 0, 17))]
    assert (len(table), table.evicted, len(found)) == (10, 90, 90)
    assert len(found + table.finish()) == 100


STEPS = st.tuples(
    st.sampled_from([forth, back]), st.integers(1, 3), st.integers(0, 31), st.floats(0, 400, allow_nan=False)
)


@given(st.lists(STEPS, max_size=60))
def test_every_packet_is_reported_exactly_once_whatever_comes_in_whatever_order(steps: list) -> None:
    table = FlowTable(max_flows=2)
    packets = [
        way(tcp(port, 22, flags) if way is forth else tcp(22, port, flags), seconds)
        for way, port, flags, seconds in steps
    ]
    found = [report for packet in packets for report in table.see(packet)]
    found += table.sweep(frames.START + 10_000 * frames.SECOND) + table.finish()
    assert sum(int(str(flow["network.packets"])) for flow in fields(found)) == len(packets)
    assert sum(int(str(flow["network.bytes"])) for flow in fields(found)) == sum(p.length for p in packets)
