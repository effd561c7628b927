"""Which addresses of the internet a program may be sent to by somebody else's text."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet: no private, loopback or metadata range.

    An IPv4 address inside an IPv6 one (mapped, 6to4, Teredo) is judged as that.
    """
    found = ip_address(address)
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        if inner is not None:
            found = inner
    return found.is_global and not found.is_multicast
