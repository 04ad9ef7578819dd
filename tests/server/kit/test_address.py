"""Whom a limit per address counts."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from server.kit.address import client_address
from tests.support.access import connection

PROXIES = (ip_network("10.0.0.0/8"), ip_network("::1/128"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", None, "192.0.2.1"),
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7, 10.2.3.4", "198.51.100.7"),
        ("10.0.0.1", "10.2.3.4", "10.2.3.4"),
        ("10.0.0.1", " , ", "10.0.0.1"),
        ("10.0.0.1", "unknown", "unknown"),
        ("::1", "2001:db8::1", "2001:db8::1"),
    ],
)
def test_the_client_behind_proxies(peer: str, forwarded: str | None, address: str) -> None:
    """Only what a trusted proxy has appended is believed; what a client sends of itself is not."""
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    assert client_address(connection(headers, peer=peer), PROXIES) == address


def test_nobody_is_trusted_unasked() -> None:
    """Without trusted proxies the header means nothing."""
    assert client_address(connection({"X-Forwarded-For": "198.51.100.7"}, peer="127.0.0.1"), ()) == "127.0.0.1"
