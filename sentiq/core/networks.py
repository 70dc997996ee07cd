"""Addresses and networks as settings write them."""

from __future__ import annotations

import ipaddress

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_networks(text: str) -> tuple[Network, ...]:
    """Return the networks of a text such as `10.0.0.0/8, fd00::/8`. Raises ValueError."""
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


def is_loopback(host: str) -> bool:
    """Tell whether other machines cannot reach what listens on `host`. A name counts as reachable, but `localhost`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
