"""Which addresses a webhook may have: public ones, and those of networks that the operator names."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

from jobs.networks import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))


class AddressRefused(OSError):
    """A host name stands for an address to which nothing is sent."""


def resolve_permitted(host: str, port: int, allowed: Sequence[Network]) -> list[str]:
    """All addresses of a host, each of which may be connected to. Raises AddressRefused and OSError.

    One bad address refuses the host: who connects to what was checked here cannot be led elsewhere by a second answer
    of DNS.
    """
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    for address in found:
        if not is_permitted(address, allowed):
            raise AddressRefused(
                f"{host} is {address}, which is not a public address; SENTIQ_WEBHOOK_NETWORKS may allow its network"
            )
    return list(dict.fromkeys(found))


def is_permitted(address: str, allowed: Sequence[Network]) -> bool:
    """Also for an IPv4 address that is written as an IPv6 one."""
    ip: Address = ipaddress.ip_address(address.partition("%")[0])
    inner = _embedded_ipv4(ip)
    if any(candidate in network for candidate in (ip, inner) for network in allowed if candidate is not None):
        return True
    return _is_public(ip if inner is None else inner)


def _is_public(ip: Address) -> bool:
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_loopback or ip.is_unspecified)


def _embedded_ipv4(ip: Address) -> Address | None:
    """The IPv4 address that an IPv6 one leads to: mapped, 6to4, Teredo or NAT64."""
    if not isinstance(ip, ipaddress.IPv6Address):
        return None
    if ip.ipv4_mapped or ip.sixtofour:
        return ip.ipv4_mapped or ip.sixtofour
    if ip.teredo:
        return ip.teredo[1]
    if any(ip in network for network in _NAT64):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return None
