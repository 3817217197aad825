"""Who may open an association."""

import ipaddress

import pytest

from fileroom.domain.access import AccessPolicy, parse_network
from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        (" 192.0.2.0/24 ", "192.0.2.0/24"),
        ("192.0.2.7/24", "192.0.2.0/24"),
        ("2001:db8::1", "2001:db8::1/128"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("::ffff:192.0.2.7", "192.0.2.7/32"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("::/0", "::/0"),
    ],
)
def test_network_is_read_from_an_address_or_cidr(text: str, network: str) -> None:
    assert parse_network(text) == ipaddress.ip_network(network)


@pytest.mark.parametrize(
    "text", ["", "pacs.example", "192.0.2", "192.0.2.0/33", "192.0.2.7:104", "2001:db8::/129"]
)
def test_network_is_refused_when_it_is_neither(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_network(text)
    assert "192.0.2.0/24" in caught.value.hint


def test_everybody_is_let_in_without_lists() -> None:
    policy = AccessPolicy()
    assert policy.allows_address("203.0.113.9")
    assert policy.allows_address("not an address")
    assert policy.allows_calling("ANYBODY")
    assert policy.allows_called("ANYTHING")
    assert not policy.restricts_callers


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("192.0.2.7", True),
        ("192.0.3.7", False),
        ("::ffff:192.0.2.7", True),
        ("::ffff:192.0.3.7", False),
        ("2001:db8::9", True),
        ("2001:db8::9%eth0", True),
        ("2001:db9::9", False),
        ("::c000:207", False),
        ("", False),
        ("pacs", False),
    ],
)
def test_address_is_let_in_only_when_it_is_on_the_list(address: str, allowed: bool) -> None:
    policy = AccessPolicy(peers=(parse_network("192.0.2.0/24"), parse_network("2001:db8::/32")))
    assert policy.allows_address(address) is allowed
    assert policy.restricts_callers


def test_ipv6_network_does_not_let_ipv4_in() -> None:
    policy = AccessPolicy(peers=(parse_network("::/0"),))
    assert policy.allows_address("2001:db8::1")
    assert not policy.allows_address("192.0.2.7")
    assert not policy.allows_address("::ffff:192.0.2.7")


@pytest.mark.parametrize(
    ("title", "allowed"), [("MODALITY", True), (" MODALITY  ", True), ("modality", False), ("", False)]
)
def test_calling_title_is_let_in_only_when_it_is_on_the_list(title: str, allowed: bool) -> None:
    policy = AccessPolicy(calling_ae_titles=frozenset({AeTitle("MODALITY")}))
    assert policy.allows_calling(title) is allowed
    assert policy.restricts_callers


@pytest.mark.parametrize(("title", "allowed"), [("FILEROOM", True), ("FILEROOM ", True), ("OTHER", False)])
def test_called_title_is_accepted_only_when_it_is_ours(title: str, allowed: bool) -> None:
    policy = AccessPolicy(called_ae_title=AeTitle("FILEROOM"))
    assert policy.allows_called(title) is allowed
    assert not policy.restricts_callers
