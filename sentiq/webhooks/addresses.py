"""Checks the addresses of webhooks: allowed are public ones, and networks that the operator names."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

from sentiq.core.networks import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))


class AddressRefused(OSError):
    """A host name resolves to an address that is not allowed."""


def resolve_permitted(host: str, port: int, allowed: Sequence[Network]) -> list[str]:
    """Resolve a host to its addresses, all of which are allowed. Raises AddressRefused and OSError.

    One forbidden address refuses the host. Callers must connect to the returned addresses: a second DNS lookup could
    give another answer.
    """
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    for address in found:
        if not is_permitted(address, allowed):
            raise AddressRefused(
                f"{host} is {address}, which is not a public address; SENTIQ_WEBHOOK_NETWORKS may allow its network"
            )
    return list(dict.fromkeys(found))


def is_permitted(address: str, allowed: Sequence[Network]) -> bool:
    """Tell whether webhooks may be sent to an address. It sees IPv4 addresses inside IPv6 ones."""
    ip: Address = ipaddress.ip_address(address.partition("%")[0])
    inner = _embedded_ipv4(ip)
    if any(candidate in network for candidate in (ip, inner) for network in allowed if candidate is not None):
        return True
    return _is_public(ip if inner is None else inner)


def _is_public(ip: Address) -> bool:
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_loopback or ip.is_unspecified)


def _embedded_ipv4(ip: Address) -> Address | None:
    """Return the IPv4 address inside an IPv6 one (mapped, 6to4, Teredo or NAT64); None where there is none."""
    if not isinstance(ip, ipaddress.IPv6Address):
        return None
    if ip.ipv4_mapped or ip.sixtofour:
        return ip.ipv4_mapped or ip.sixtofour
    if ip.teredo:
        return ip.teredo[1]
    if any(ip in network for network in _NAT64):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return None
