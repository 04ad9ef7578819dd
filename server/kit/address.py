"""Where a client is, also when it comes through proxies."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.requests import HTTPConnection

Networks = Collection[IPv4Network | IPv6Network]


def client_address(connection: HTTPConnection, proxies: Networks) -> str:
    """The address of the socket or, when that is one of our `proxies`, of whom it speaks for.

    Each proxy appends the address that it was reached from to `X-Forwarded-For`. So the list is read from its end, and
    the first address that is no proxy of ours counts: a client can make up only what stands before it.
    """
    address = connection.client.host if connection.client else ""
    listed = ",".join(connection.headers.getlist("x-forwarded-for")).split(",")
    forwarded = [entry.strip() for entry in listed if entry.strip()]
    while forwarded and is_among(address, proxies):
        address = forwarded.pop()
    return address


def is_among(address: str, networks: Networks) -> bool:
    """Whether `address` is one of these networks'; what is no address is nowhere."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
