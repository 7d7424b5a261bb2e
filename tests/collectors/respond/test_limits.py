"""What must stay reachable is never blocked, and what cannot be looked up is not taken for nothing."""

import ipaddress
from dataclasses import replace
from pathlib import Path

import pytest

from collectors.respond import limits as limits_module
from collectors.respond.limits import Limits, addresses_of, gateways, own_addresses, resolvers
from sentinel.errors import InputError, RefusedError, UnavailableError
from tests.collectors.respond.hands import Settings


@pytest.mark.parametrize(
    "text", ["127.0.0.1", "::1", "169.254.1.1", "224.0.0.1", "fe80::1", "0.0.0.0", "255.255.255.255", "10.1.2.3"]
)
def test_what_is_on_the_list_is_refused(limits: Limits, text: str) -> None:
    with pytest.raises(RefusedError):
        limits.check_address(ipaddress.ip_address(text))


def test_a_stranger_may_be_blocked(limits: Limits) -> None:
    limits.check_address(ipaddress.ip_address("203.0.113.77"))


def test_the_ways_that_are_needed_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: Limits) -> None:
    (tmp_path / "route").write_text(
        "Iface Destination Gateway Flags\neth0 00000000 014200C0 0003\neth0 004200C0 00000000 0001\n"
    )
    (tmp_path / "route6").write_text(f"{'0' * 32} 00 {'0' * 32} 00 20010db8{'0' * 23}1 0 0 0 0 eth0\n")
    (tmp_path / "resolv").write_text("# local\nnameserver 192.0.66.53\nsearch x\nnameserver 2001:db8::53%eth0\n")
    monkeypatch.setattr(limits_module, "_ROUTES", tmp_path / "route")
    monkeypatch.setattr(limits_module, "_ROUTES6", tmp_path / "route6")
    monkeypatch.setattr(limits_module, "_RESOLVERS", tmp_path / "resolv")
    assert gateways() == {ipaddress.ip_address("192.0.66.1"), ipaddress.ip_address("2001:db8::1")}
    assert resolvers() == {ipaddress.ip_address("192.0.66.53"), ipaddress.ip_address("2001:db8::53")}
    assert addresses_of("https://192.0.66.9:8443") == {ipaddress.ip_address("192.0.66.9")}
    assert ipaddress.ip_address("127.0.0.1") in own_addresses()
    for text in ("192.0.66.1", "192.0.66.53"):
        with pytest.raises(RefusedError):
            limits.check_address(ipaddress.ip_address(text))


def test_a_server_whose_address_is_unknown_means_cannot_not_may(limits: Limits) -> None:
    lost = replace(limits, server="https://no-such-host.invalid")
    with pytest.raises(UnavailableError, match="not known"):
        lost.check_address(ipaddress.ip_address("203.0.113.77"))


def test_ipv4_inside_ipv6_is_ipv4_on_every_list(tmp_path: Path) -> None:
    stranger = ipaddress.ip_address("203.0.113.77")
    for never, server in ((("::ffff:203.0.113.0/120",), "https://127.0.0.1"), ((), "https://[::ffff:203.0.113.77]")):
        with pytest.raises(RefusedError):
            Limits.of(Settings(never_touch=never), tmp_path, server).check_address(stranger)


@pytest.mark.parametrize("entry", ["10.0.0.0/33", "10.0.0.300", "fe80::zz", "srv/kept"])
def test_a_misspelt_network_or_path_is_no_name(tmp_path: Path, entry: str) -> None:
    with pytest.raises(InputError, match="not a network"):
        Limits.of(Settings(never_touch=(entry,)), tmp_path, "https://127.0.0.1")


def test_what_a_link_on_the_list_leads_to_is_on_the_list(tmp_path: Path) -> None:
    for name in ("site", "home", "vault"):
        (tmp_path / f"disk-{name}").mkdir()
        (tmp_path / name).symlink_to(tmp_path / f"disk-{name}")
    settings = Settings(never_touch=(f"{tmp_path}/site",), quarantine=tmp_path / "vault")
    limits = Limits.of(settings, tmp_path / "home", "https://127.0.0.1")
    for name in ("site", "disk-site", "disk-home", "vault", "disk-vault"):
        with pytest.raises(RefusedError):
            limits.check_path(f"{tmp_path}/{name}/file")
