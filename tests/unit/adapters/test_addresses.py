"""Which addresses a host has."""

import ipaddress

from fileroom.adapters.system.addresses import addresses_of


def test_addresses_of_an_address_are_itself() -> None:
    assert addresses_of("192.0.2.7") == ("192.0.2.7",)
    assert addresses_of("2001:db8::7") == ("2001:db8::7",)


def test_addresses_of_a_name_are_addresses() -> None:
    found = addresses_of("localhost")
    assert found
    assert all(ipaddress.ip_address(address).is_loopback for address in found)


def test_name_that_cannot_be_one_has_no_address() -> None:
    assert addresses_of("x" * 300) == ()
    assert addresses_of("a..b") == ()
