"""Which addresses of the internet a program may be sent to by somebody else's text, and how it reads there."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import NoReturn, Self
from urllib.parse import quote, urlsplit

from aicmo.errors import FixInput

Resolve = Callable[[str, int], Sequence[str]]
"""The IP addresses of a host name for a port; OSError if there is none."""

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
_UNICAST = IPv6Network("2000::/3")  # IANA: all that is given out of global unicast
_STEP_SECONDS, _CHUNK = 15.0, 65_536


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet: no private, loopback or metadata range.

    An IPv4 address inside an IPv6 one (mapped, 6to4, Teredo, NAT64) is judged as that.
    """
    found = ip_address(address)
    if isinstance(found, IPv6Address):
        inner = _inside(found)
        if inner is None:
            return found.is_global and found in _UNICAST
        found = inner
    return found.is_global and not found.is_multicast


def _inside(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]


def resolve(host: str, port: int) -> list[str]:
    """The addresses that this machine's resolver knows for a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


class PublicHosts:
    """Reads from hosts that somebody else named, and from none beside the public internet.

    resolve, allow: how a name becomes addresses, and which of them may be connected to.
    trust: whose certificates count; without it, this machine's authorities.
    seconds: for a whole fetch, from the first packet to the last.
    """

    def __init__(
        self,
        *,
        resolve: Resolve = resolve,
        allow: Callable[[str], bool] = is_public,
        trust: ssl.SSLContext | None = None,
        seconds: float = 60.0,
    ) -> None:
        self._resolve, self._allow = resolve, allow
        self._trust, self._seconds = trust, seconds

    def addresses(self, host: str, port: int) -> list[str]:
        """The addresses of a host, all of them public: whoever connects takes one of these.

        To resolve the name again for the connection would let its owner answer otherwise then
        (DNS rebinding).

        Raises:
            FixInput: it has none, or one that may not be connected to.
        """
        try:
            found = list(self._resolve(host, port))
        except (OSError, ValueError):
            found = []
        if not found:
            _refuse(f"{host} has no address")
        for address in found:
            if not self._allow(address):
                _refuse(f"{host} is {address}, which is no address of the public internet")
        return found

    def fetch(self, url: str, max_bytes: int) -> bytes:
        """What is at an https:// address; nothing is sent but the request, no redirect is followed.

        Raises:
            FixInput: it can't be had: not public, too large, too slow, another answer than 200.
        """
        host, port, target = _parts(url)
        addresses = self.addresses(host, port)
        trust = self._trust or ssl.create_default_context()
        connection = _Connection(host, port, addresses, trust)
        with closing(connection), _End(connection, self._seconds) as end:
            try:
                connection.request("GET", target, headers={"Accept-Encoding": "identity"})
                return _content(connection.getresponse(), host, max_bytes, end)
            except ssl.SSLCertVerificationError:
                _refuse(f"the certificate of {host} is not valid for that name")
            except (OSError, http.client.HTTPException, ValueError):
                if end.is_over:
                    _refuse(f"{host} takes longer than {self._seconds:.0f} seconds")
                _refuse(f"{host} can't be reached, or broke off")


class _Connection(http.client.HTTPSConnection):
    """Goes to one of the addresses that were checked, and to no other."""

    def __init__(
        self, host: str, port: int, addresses: Sequence[str], trust: ssl.SSLContext
    ) -> None:
        super().__init__(host, port, timeout=_STEP_SECONDS, context=trust)
        self._addresses, self._trust = addresses, trust
        self.opened: ssl.SSLSocket | None = None

    def connect(self) -> None:
        self.sock = self.opened = self._trust.wrap_socket(
            self._open(), server_hostname=self.host, do_handshake_on_connect=False
        )
        self.opened.do_handshake()

    def _open(self) -> socket.socket:
        for address in self._addresses[:-1]:
            with suppress(OSError):
                return socket.create_connection((address, self.port), _STEP_SECONDS)
        return socket.create_connection((self._addresses[-1], self.port), _STEP_SECONDS)


class _End:
    """Hangs up at a fixed time: a limit for each read would never be met by a byte a second."""

    def __init__(self, connection: _Connection, seconds: float) -> None:
        self._connection = connection
        self._at = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self._hang_up)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    @property
    def is_over(self) -> bool:
        return time.monotonic() >= self._at

    def _hang_up(self) -> None:
        if opened := self._connection.opened:
            with suppress(OSError):  # the plain one: TLS would drop its state under the reader
                socket.socket.shutdown(opened, socket.SHUT_RDWR)


def _content(answer: http.client.HTTPResponse, host: str, max_bytes: int, end: _End) -> bytes:
    if answer.status in range(300, 400):
        _refuse(f"{host} answers with a redirect, which isn't followed: write where it leads to")
    if answer.status != http.HTTPStatus.OK:
        _refuse(f"{host} answers {answer.status}")
    content = bytearray()
    while (answer.length or 0) <= max_bytes and len(content) <= max_bytes:
        chunk = answer.read1(_CHUNK)
        content += chunk
        if not chunk:
            break
    else:
        _refuse(f"what {host} has there is larger than {max_bytes // 1024**2} MB")
    if answer.length or end.is_over:
        raise http.client.IncompleteRead(b"")
    return bytes(content)


def _parts(url: str) -> tuple[str, int, str]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
    except ValueError:
        host, port, parts = "", 0, urlsplit("")
    if parts.scheme != "https" or not host or "@" in parts.netloc:
        _refuse("it is not an https:// address of a host")
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    query = quote(parts.query, safe="/%:@!$&'()*+,;=~?")
    return host, port, f"{path}?{query}" if query else path


def _refuse(why: str) -> NoReturn:
    raise FixInput(why, next_step="Put the file beside the document instead.")
