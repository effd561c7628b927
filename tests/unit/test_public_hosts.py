"""What somebody else's text names is read from the public internet alone: no trick leads elsewhere."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from aicmo.errors import FixInput
from aicmo.public_hosts import PublicHosts, is_public
from tests.peers.certificates import Authority

HOST = "pictures.example.com"
LOOPBACK = ["127.0.0.1"]
MAX_BYTES = 100_000


class Peer:
    """A TLS server on loopback that reads one request and answers as `answer` does."""

    def __init__(self, context: ssl.SSLContext, answer: Callable[[socket.socket], None]) -> None:
        self._context, self._answer = context, answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.requests: list[str] = []
        self.connections = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                plain, _ = self._listener.accept()
                self.connections += 1
                with suppress(OSError), self._context.wrap_socket(plain, server_side=True) as tls:
                    self.requests.append(tls.recv(65_536).decode())
                    self._answer(tls)

    def close(self) -> None:
        self._listener.close()


@contextmanager
def peer(folder: Path, answer: bytes | Callable[[socket.socket], None]) -> Generator[Peer]:
    def say(tls: socket.socket) -> None:
        if isinstance(answer, bytes):
            tls.sendall(answer)
        else:
            answer(tls)

    open_peer = Peer(Authority(folder).server_context(HOST), say)
    try:
        yield open_peer
    finally:
        open_peer.close()


def hosts(folder: Path, addresses: Sequence[str] = LOOPBACK, seconds: float = 30.0) -> PublicHosts:
    return PublicHosts(
        resolve=lambda _host, _port: addresses,
        allow=lambda address: address == "127.0.0.1" or is_public(address),
        trust=ssl.create_default_context(cafile=str(folder / "ca.pem")),
        seconds=seconds,
    )


def answered(body: bytes, head: str = "") -> bytes:
    return f"HTTP/1.1 200 OK\r\n{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
     "0.0.0.0", "224.0.0.1", "198.18.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fd00:ec2::254",
     "ff02::1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::a9fe:a9fe", "::127.0.0.1", "fec0::1",
     "64:ff9b:1::1", "2001:db8::1"],
)  # fmt: skip
def test_an_address_beside_the_public_internet_is_none_of_it(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:4700::1111", "64:ff9b::5db8:d70e"])
def test_a_public_address_is_one(address: str) -> None:
    assert is_public(address)


def test_a_file_is_fetched_as_it_is_there(tmp_path: Path) -> None:
    body = bytes(range(256)) * 300
    with peer(tmp_path, answered(body)) as open_peer:
        url = f"https://{HOST}:{open_peer.port}/a b/é.png?v=1&w=%20"
        assert hosts(tmp_path).fetch(url, MAX_BYTES) == body
    head = open_peer.requests[0]
    assert head.startswith("GET /a%20b/%C3%A9.png?v=1&w=%20 HTTP/1.1\r\n")
    assert f"Host: {HOST}:{open_peer.port}\r\n" in head
    assert "Cookie" not in head
    assert "Authorization" not in head


def test_a_file_in_chunks_is_fetched_whole(tmp_path: Path) -> None:
    chunks = b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with peer(tmp_path, head + chunks) as open_peer:
        assert hosts(tmp_path).fetch(f"https://{HOST}:{open_peer.port}/", 10) == b"abcdefg"


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["93.184.215.14", "10.0.0.1"], ["::1"]])
def test_a_name_with_an_inner_address_is_refused_unconnected(
    tmp_path: Path, addresses: list[str]
) -> None:
    with peer(tmp_path, answered(b"secret")) as open_peer:
        reading = PublicHosts(resolve=lambda _host, _port: addresses)
        with pytest.raises(FixInput, match="no address of the public internet"):
            reading.fetch(f"https://{HOST}:{open_peer.port}/", MAX_BYTES)
        assert open_peer.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f000001", "[::1]", "localhost"])
def test_no_way_of_writing_this_machine_reaches_it(tmp_path: Path, host: str) -> None:
    with peer(tmp_path, answered(b"secret")) as open_peer:
        with pytest.raises(FixInput):
            PublicHosts().fetch(f"https://{host}:{open_peer.port}/", MAX_BYTES)
        assert open_peer.connections == 0


def test_a_name_that_answers_otherwise_the_second_time_gains_nothing(tmp_path: Path) -> None:
    """DNS rebinding: the address that was checked is the one that is connected to."""
    answers = iter([["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"]])
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    with peer(tmp_path, answered(b"public")) as open_peer:
        reading = PublicHosts(
            resolve=resolve,
            allow=lambda address: address == "127.0.0.1",
            trust=ssl.create_default_context(cafile=str(tmp_path / "ca.pem")),
        )
        assert reading.fetch(f"https://{HOST}:{open_peer.port}/", MAX_BYTES) == b"public"
    assert asked == [HOST]


def test_a_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    with peer(tmp_path, answered(b"x")) as open_peer:
        with pytest.raises(FixInput, match=r"certificate of other\.example\.com is not valid"):
            hosts(tmp_path).fetch(f"https://other.example.com:{open_peer.port}/", MAX_BYTES)
        assert not open_peer.requests


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"
    with peer(tmp_path, moved) as open_peer:
        with pytest.raises(FixInput, match="redirect, which isn't followed"):
            hosts(tmp_path).fetch(f"https://{HOST}:{open_peer.port}/", MAX_BYTES)
        assert open_peer.connections == 1


def test_an_error_page_is_no_file(tmp_path: Path) -> None:
    gone = b"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone"
    with (
        peer(tmp_path, gone) as open_peer,
        pytest.raises(FixInput, match=r"pictures\.example\.com answers 404"),
    ):
        hosts(tmp_path).fetch(f"https://{HOST}:{open_peer.port}/", MAX_BYTES)


def endless(tls: socket.socket) -> None:
    tls.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        tls.sendall(bytes(10_000))


@pytest.mark.parametrize(
    "answer", [answered(bytes(MAX_BYTES + 1)), endless], ids=["told", "endless"]
)
def test_a_file_that_is_too_large_is_refused(
    tmp_path: Path, answer: bytes | Callable[[socket.socket], None]
) -> None:
    with peer(tmp_path, answer) as open_peer, pytest.raises(FixInput, match="is larger than"):
        hosts(tmp_path).fetch(f"https://{HOST}:{open_peer.port}/", MAX_BYTES)


def test_a_file_of_the_largest_size_is_taken(tmp_path: Path) -> None:
    with peer(tmp_path, answered(bytes(MAX_BYTES))) as open_peer:
        found = hosts(tmp_path).fetch(f"https://{HOST}:{open_peer.port}/", MAX_BYTES)
    assert len(found) == MAX_BYTES


def test_a_file_that_breaks_off_is_refused(tmp_path: Path) -> None:
    cut = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
    with peer(tmp_path, cut) as open_peer, pytest.raises(FixInput, match="broke off"):
        hosts(tmp_path).fetch(f"https://{HOST}:{open_peer.port}/", MAX_BYTES)


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 200 OK\r\n\r\n"], ids=["in the head", "in the body"]
)
def test_a_peer_that_drips_is_left_in_time(tmp_path: Path, head: bytes) -> None:
    stop = threading.Event()

    def drip(tls: socket.socket) -> None:
        tls.sendall(head)
        while not stop.wait(0.05):
            tls.sendall(b"H")

    try:
        with peer(tmp_path, drip) as open_peer, pytest.raises(FixInput, match="takes longer than"):
            hosts(tmp_path, seconds=0.5).fetch(f"https://{HOST}:{open_peer.port}/", MAX_BYTES)
    finally:
        stop.set()


@pytest.mark.parametrize(
    "url",
    ["http://pictures.example.com/", "https://", "https://ann:pw@pictures.example.com/",
     "https://pictures.example.com:99999/", "file:///etc/passwd", "https://[::1/"],
)  # fmt: skip
def test_another_kind_of_address_is_refused(tmp_path: Path, url: str) -> None:
    with peer(tmp_path, b""), pytest.raises(FixInput, match="not an https:// address"):
        hosts(tmp_path).fetch(url, MAX_BYTES)


def test_a_name_without_an_address_is_refused() -> None:
    def nothing(_host: str, _port: int) -> list[str]:
        raise socket.gaierror

    with pytest.raises(FixInput, match="has no address"):
        PublicHosts(resolve=nothing).fetch("https://nowhere.example.com/", MAX_BYTES)
