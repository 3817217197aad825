"""What a registered node may be, and how addresses are read and written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fileroom.domain.ae_title import AeTitle
from fileroom.domain.errors import InvalidInput
from fileroom.domain.node import (
    Node,
    check_host,
    check_port,
    format_address,
    node_key,
    parse_address,
)


def a_node(name: str = "pacs", host: str = "pacs.example", port: int = 104) -> Node:
    return Node(name=name, ae_title=AeTitle("PACS"), host=host, port=port)


@pytest.mark.parametrize("name", ["pacs", "PACS-1", "röntgen", "放射線科", "a" * 64, "pacs.example", "@home"])
def test_node_accepts_a_name_that_can_be_typed(name: str) -> None:
    assert a_node(name).name == name


@pytest.mark.parametrize(
    "name",
    ["", " ", "a b", "a\tb", "a/b", "a\\b", "a:b", "a=b", 'a"b', "a'b", "a" * 65, "a\n", "a\0", "a\x1b[2J", "\ud800",
     "a\u202eb"],
)  # fmt: skip
def test_node_refuses_a_name_that_cannot_be_typed_or_shown(name: str) -> None:
    with pytest.raises(InvalidInput, match="name"):
        a_node(name)


@pytest.mark.parametrize(("one", "other"), [("PACS", "pacs"), ("Straße", "STRASSE"), ("ΣΊΣΥΦΟΣ", "σίσυφος")])
def test_names_are_the_same_regardless_of_case(one: str, other: str) -> None:
    assert a_node(one).key == a_node(other).key == node_key(f" {one} ")


@pytest.mark.parametrize(
    "host", ["", " ", "a b", "a/b", "user@host", "a?b", "a#b", "a\0b", "a\x7fb", "\udcff", "a" * 254]
)
def test_host_is_refused_when_it_cannot_be_one(host: str) -> None:
    with pytest.raises(InvalidInput, match="host"):
        a_node(host=host)


@pytest.mark.parametrize(
    ("typed", "host"), [("[::1]", "::1"), ("::1", "::1"), (" pacs ", "pacs"), ("röntgen.example",) * 2]
)
def test_host_is_taken_without_brackets_and_blanks(typed: str, host: str) -> None:
    assert check_host(typed) == host


@pytest.mark.parametrize("port", [-1, 0, 65536])
def test_port_is_refused_when_it_is_outside_the_range(port: int) -> None:
    with pytest.raises(InvalidInput, match="port"):
        a_node(port=port)


def test_port_zero_is_accepted_when_any_will_do() -> None:
    assert check_port(0, allow_any=True) == 0


def test_node_checks_its_ae_titles() -> None:
    with pytest.raises(InvalidInput, match="AE title"):
        Node(name="pacs", ae_title=AeTitle("A" * 17), host="h", port=1)
    with pytest.raises(InvalidInput, match="AE title"):
        Node(name="pacs", ae_title="TOO LONG AN AE TITLE", host="h", port=1)  # type: ignore[arg-type]


@given(
    st.one_of(st.ip_addresses().map(str), st.from_regex(r"[a-z][a-z0-9.-]{0,30}", fullmatch=True)),
    st.integers(1, 65535),
)
def test_address_is_read_as_it_was_written(host: str, port: int) -> None:
    assert parse_address(format_address(host, port)) == (host, port)


@pytest.mark.parametrize(
    "text", ["", "pacs", ":104", "pacs:", "pacs:x", "pacs:٣", "::1", "::1:104", "pacs:0", "pacs:70000"]
)
def test_address_is_refused_when_host_or_port_is_missing(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_address(text)


@given(st.text(max_size=20))
def test_address_is_read_or_refused_whatever_it_holds(text: str) -> None:
    try:
        host, port = parse_address(text)
    except InvalidInput:
        return
    assert check_host(host) == host
    assert check_port(port) == port
