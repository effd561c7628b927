"""Shows that a server which a client named is reached in public only, at the address that was checked."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from aicmo.errors import FixConfiguration, FixInput
from aicmo.gateways.chosen_server import NoPublicAddress, PinnedTransport, open_chosen_server
from aicmo.gateways.contract import OutcomeKind, Outgoing, Scope
from aicmo.gateways.http_exchange import HttpExchange, NoAnswer
from tests.peers.certificates import Authority

HOST = "social.example"


class Names:
    """A resolver that answers `addresses`, one list for each question."""

    def __init__(self, *addresses: Sequence[str]) -> None:
        self.left, self.asked = list(addresses), list[tuple[str, int]]()

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        return self.left.pop(0)


@contextmanager
def server(context: ssl.SSLContext) -> Generator[tuple[int, list[bytes]]]:
    """A TLS server on loopback: its port, and the requests that it was sent."""
    heard: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                plain, _ = listener.accept()
                with suppress(OSError), context.wrap_socket(plain, server_side=True) as tls:
                    heard.append(tls.recv(65_536))
                    tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], heard
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def exchange(port: int, names: Names) -> HttpExchange:
    host = f"{HOST}:{port}"
    return HttpExchange(
        f"https://{host}", host=host, headers={}, wrap=lambda each: PinnedTransport(each, names)
    )


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    found = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(found.ca_file))
    return found


def test_the_address_that_was_checked_is_asked_by_the_servers_name(authority: Authority) -> None:
    names = Names(["127.0.0.1"])
    with server(authority.server_context(HOST)) as (port, heard):
        answer = exchange(port, names).get("/api/v2/instance")

    assert answer.status == 200
    assert names.asked == [(HOST, port)]
    assert heard[0].startswith(b"GET /api/v2/instance HTTP/1.1\r\n")
    assert f"\r\nHost: {HOST}:{port}\r\n".lower().encode() in heard[0].lower()


def test_a_name_that_leads_elsewhere_later_is_checked_again(authority: Authority) -> None:
    def refuse(_host: str, _port: int) -> Sequence[str]:
        raise FixInput("a private address")

    with server(authority.server_context(HOST)) as (port, heard):
        found = exchange(port, Names(["127.0.0.1"], ["127.0.0.1"]))
        found.get("/one")
        moved = HttpExchange(
            f"https://{HOST}:{port}", host=f"{HOST}:{port}", headers={},
            wrap=lambda each: PinnedTransport(each, refuse),
        )  # fmt: skip
        with pytest.raises(NoPublicAddress):
            moved.get("/two")

    assert len(heard) == 1


def test_the_certificate_must_be_the_names(authority: Authority) -> None:
    with server(authority.server_context("another.example")) as (port, heard):
        with pytest.raises(httpx.ConnectError):
            exchange(port, Names(["127.0.0.1"])).get("/")
        with pytest.raises(httpx.ConnectError):  # no address is a name
            exchange(port, Names(["127.0.0.1"])).get("/")
    assert heard == []


def test_another_address_is_tried_where_the_first_takes_no_connection(authority: Authority) -> None:
    with server(authority.server_context(HOST)) as (port, heard):
        answer = exchange(port, Names(["127.0.0.2", "127.0.0.1"])).get("/")
    assert (answer.status, len(heard)) == (200, 1)


def test_a_private_address_gets_nothing_and_the_run_ends() -> None:
    opened = open_chosen_server("https://10.1.2.3")
    outgoing = Outgoing(1, "t", "s", "", b"x", time.monotonic() + 30)
    with pytest.raises(NoAnswer) as none:
        opened.post("/", b"x", {}, outgoing, lambda group: group)

    outcome = none.value.outcome
    assert (outcome.kind, outcome.scope) == (OutcomeKind.NOT_SENT, Scope.RUN)
    assert outcome.detail == "connection failed: NoPublicAddress"


@pytest.mark.parametrize(
    "server",
    ["http://social.example", "https://user@social.example", "https://social.example/path",
     "ftp://social.example", "social.example", ""],
)  # fmt: skip
def test_only_a_host_by_https_is_a_server(server: str) -> None:
    with pytest.raises(FixConfiguration):
        open_chosen_server(server)
