"""Community IDs are those every other tool makes; the values are the specification's own examples."""

import ipaddress

import pytest

from collectors.network.community_id import community_id


def packed(text: str) -> bytes:
    return ipaddress.ip_address(text).packed


@pytest.mark.parametrize(
    ("protocol", "source", "source_port", "destination", "port", "expected"),
    [
        (6, "128.232.110.120", 34855, "66.35.250.204", 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
        (6, "66.35.250.204", 80, "128.232.110.120", 34855, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
        (17, "192.168.1.52", 54585, "8.8.8.8", 53, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="),
        (1, "192.168.0.89", 8, "192.168.0.1", 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="),
        (1, "192.168.0.1", 0, "192.168.0.89", 8, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="),
    ],
)
def test_the_specification_s_examples(
    protocol: int, source: str, source_port: int, destination: str, port: int, expected: str
) -> None:
    assert community_id(protocol, packed(source), packed(destination), source_port, port) == expected
