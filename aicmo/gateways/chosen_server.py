"""A server that a user chose: reached at a public address only, and at the very one that was checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import httpx

from aicmo.errors import FixInput
from aicmo.gateways.http_exchange import LARGEST_ANSWER, HttpExchange, HttpTimes
from aicmo.public_hosts import PublicHosts

FindAddresses = Callable[[str, int], Sequence[str]]
"""The IP addresses to connect to for a host and a port; FixInput where there are none."""


class NoPublicAddress(httpx.ConnectError):
    """The server's name leads nowhere, or into a private network, so nothing was asked there."""


class PinnedTransport(httpx.BaseTransport):
    """Looks a name up once for each request; certificate and Host header stay those of the name.

    A second look-up by the library below could lead elsewhere than the address that was checked.
    """

    def __init__(self, transport: httpx.BaseTransport, find_addresses: FindAddresses) -> None:
        self._transport, self._find_addresses = transport, find_addresses

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer of the server, at the first of its addresses that takes the connection.

        Raises:
            httpx.HTTPError: there is none.
        """
        *others, last = self._addresses(request.url)
        for address in others:
            try:
                return self._transport.handle_request(_at(address, request))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue  # nothing of the request was written
        return self._transport.handle_request(_at(last, request))

    def _addresses(self, url: httpx.URL) -> Sequence[str]:
        try:
            return self._find_addresses(url.host, url.port or 443)
        except FixInput:
            raise NoPublicAddress("no public address") from None

    def close(self) -> None:
        self._transport.close()


def open_chosen_server(
    server: str,
    api_url: str = "",
    times: HttpTimes | None = None,
    *,
    largest_answer: int = LARGEST_ANSWER,
) -> HttpExchange:
    """The exchange with `server`, an `https://host`; or with a loopback address instead, in tests.

    times, largest_answer: as of `HttpExchange`.

    Raises:
        FixConfiguration: it is something else.
    """
    return HttpExchange(
        api_url or server, host=urlsplit(server).netloc, headers={}, times=times,
        wrap=lambda transport: PinnedTransport(transport, PublicHosts().addresses),
        largest_answer=largest_answer,
    )  # fmt: skip


def _at(address: str, request: httpx.Request) -> httpx.Request:
    return httpx.Request(
        request.method, request.url.copy_with(host=address), headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )  # fmt: skip
