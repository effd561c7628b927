"""One HTTP request to a provider: written once, bounded as a whole, its answer read as far as it comes.

The first byte of the body is what commits: without a body the provider has nothing to act on. The
body is a generator that asks for the last permission and only then yields, so no library below can
write it unasked, or write it twice.
"""

from __future__ import annotations

import hashlib
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from aicmo.errors import FixConfiguration
from aicmo.gateways.contract import Outcome, OutcomeKind, Outgoing, Scope, StillAllowed, Timing
from aicmo.gateways.http_answers import Answer
from aicmo.smtp_relay import is_loopback

LARGEST_ANSWER = 1024 * 1024
_CONNECTED = ("connection.connect_tcp.complete", "connection.start_tls.complete")
_CAN_NOT_CONNECT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

HTTP_TIMING = Timing(send_deadline=30, request_bound=120, quiet=240)
"""For providers that aren't asked afterwards; those that are need their own quiet period."""


@dataclass(frozen=True, slots=True)
class HttpTimes:
    """Seconds to wait at most: for one step, and for everything from connecting to the last byte."""

    connect: float = 10
    write: float = 30
    read: float = 60
    pool: float = 5
    whole: float = 110


class NoAnswer(Exception):
    """It wasn't sent, or nobody can tell what became of it.

    A turn in the dialogue: it never leaves the gateway.
    """

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.detail)
        self.outcome = outcome


class HttpExchange:
    """A provider's API for one account; opens a connection for each request.

    A connection that was kept could be closed by the provider just as it is used again, which looks
    like a lost answer.

    base_url: of the API, without a path; https:// and exactly `host`, or a loopback address.
    headers: of every request; the only place for secrets, as URLs get into logs.
    wrap: what every connection to the provider goes through, though none on loopback.
    largest_answer: bytes of an answer that are read; of a larger one there is only its status.

    Raises:
        FixConfiguration: the base URL is another one.
    """

    def __init__(
        self,
        base_url: str,
        *,
        host: str,
        headers: Mapping[str, str],
        times: HttpTimes | None = None,
        wrap: Callable[[httpx.BaseTransport], httpx.BaseTransport] | None = None,
        largest_answer: int = LARGEST_ANSWER,
    ) -> None:
        is_local = _check_base_url(base_url, host)
        self._base_url = base_url.rstrip("/")
        self._times = times or HttpTimes()
        self._largest_answer = largest_answer
        for name in ("httpx", "httpcore"):  # at INFO they log every URL
            logging.getLogger(name).setLevel(logging.WARNING)
        limits = httpx.Limits(max_keepalive_connections=0)
        transport = httpx.HTTPTransport(
            verify=ssl.create_default_context(), trust_env=False, limits=limits, retries=0
        )
        self._client = httpx.Client(
            transport=wrap(transport) if wrap and not is_local else transport,
            headers={"Accept-Encoding": "identity", **headers},
            follow_redirects=False,
            trust_env=False,  # a proxy of the environment would see the messages
        )

    def close(self) -> None:
        self._client.close()

    def post(
        self,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        outgoing: Outgoing,
        still_allowed: StillAllowed,
    ) -> Answer:
        """Writes the one request that has an effect, for one delivery.

        Raises:
            NoAnswer: certainly not sent, or in doubt.
        """
        group = (outgoing,)
        answer, _ = self.write("POST", path, lambda _: body, headers, group, still_allowed)
        return answer

    def write(
        self,
        method: str,
        path: str,
        body_of: Callable[[Sequence[Outgoing]], bytes],
        headers: Mapping[str, str],
        group: Sequence[Outgoing],
        still_allowed: StillAllowed,
    ) -> tuple[Answer, Sequence[Outgoing]]:
        """Writes the one request that has an effect, for a group of deliveries.

        Args:
            method: of the request.
            path: of the request.
            body_of: the body for those that may go. Where the last question lets fewer go than the
                connection was opened for, it is dropped without a body, and opened anew for them.
            headers: of the request.
            group: at least one delivery.
            still_allowed: the last question.

        Returns:
            The answer, and the deliveries that were in the body.

        Raises:
            NoAnswer: certainly not sent, or in doubt: all of the group.
        """
        sized = {name: value for name, value in headers.items() if name.lower() != "content-length"}
        while group:
            question = _LastQuestion(group, still_allowed)
            try:
                return self._written(method, path, body_of(group), sized, question), group
            except _Fewer as fewer:
                group = fewer.allowed
        raise NoAnswer(_not_sent("no longer allowed", Scope.DELIVERY))

    def _written(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str],
        question: _LastQuestion,
    ) -> Answer:  # fmt: skip
        if question.is_late():
            raise NoAnswer(_not_sent("past its deadline", Scope.BATCH))
        sized = {**headers, "Content-Length": str(len(body))}  # without it: chunks
        connect = question.deadline - time.monotonic()
        try:
            answer = self._exchange(method, path, sized, question.then(body), connect=connect)
        except (NoAnswer, _Fewer):
            raise
        except Exception as error:  # noqa: BLE001  (what counts is whether the body was begun)
            failure = _judge(error, has_begun=question.has_begun)
            raise NoAnswer(failure) from None
        if not question.has_begun:
            raise NoAnswer(_not_sent("closed before its body", Scope.DELIVERY))
        return answer

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Reads; changes nothing at the provider.

        Raises:
            httpx.HTTPError: there is no answer.
        """
        return self._exchange("GET", path, headers or {}, None, connect=self._times.connect)

    def prepare(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request of which nobody sees an effect, such as an upload; it may be repeated.

        Raises:
            httpx.HTTPError: there is no answer.
        """
        sized = {**(headers or {}), "Content-Length": str(len(body))}
        return self._exchange(method, path, sized, iter([body]), connect=self._times.connect)

    def _exchange(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        content: Iterator[bytes] | None,
        *,
        connect: float,
    ) -> Answer:
        times = self._times
        timeout = httpx.Timeout(
            connect=max(0.001, min(times.connect, connect)),
            write=times.write, read=times.read, pool=times.pool,
        )  # fmt: skip
        deadline = time.monotonic() + times.whole
        with (
            _End(times.whole) as end,
            self._client.stream(
                method, self._base_url + path, headers=headers, content=content,
                timeout=timeout, extensions={"trace": end.trace},
            ) as response,
        ):  # fmt: skip
            body, is_whole = _read(response, deadline, self._largest_answer)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status_code, headers, body, is_whole)


class _Fewer(Exception):
    """Only some of a group may still go; nothing of the body was written.

    A turn in the dialogue: it never leaves the exchange.
    """

    def __init__(self, allowed: Sequence[Outgoing]) -> None:
        super().__init__()
        self.allowed = allowed


class _LastQuestion:
    """Asked when connection and head are through, directly before the body.

    has_begun: it was answered with yes, so the body may be on its way.
    """

    def __init__(self, group: Sequence[Outgoing], still_allowed: StillAllowed) -> None:
        self._group, self._still_allowed = group, still_allowed
        self.deadline = min(each.deadline for each in group)
        self.has_begun = False

    def is_late(self) -> bool:
        return time.monotonic() > self.deadline

    def then(self, body: bytes) -> Iterator[bytes]:
        allowed = self._still_allowed(self._group)
        if len(allowed) < len(self._group):
            raise _Fewer(allowed)
        if self.is_late():
            raise NoAnswer(_not_sent("past its deadline", Scope.BATCH))
        self.has_begun = True
        yield body


class _End:
    """Ends a connection at a fixed time: httpx bounds each read, which a byte a minute never trips."""

    def __init__(self, seconds: float) -> None:
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(seconds, self._hang_up)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        if event in _CONNECTED:
            self._socket = info["return_value"].get_extra_info("socket")

    def _hang_up(self) -> None:
        if self._socket is not None:
            with suppress(OSError):  # the plain one: TLS would drop its state under the reader
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


def account_name(name: str, *secrets: str) -> str:
    """A gateway's name that tells accounts apart: `resend 1a2b3c4d`.

    Under another key or in another stream a provider may not know what it was sent before, and would
    send it again or say that it isn't there. 32 bits of a hash say nothing about a random key.
    """
    digest = hashlib.sha256("\0".join(secrets).encode()).hexdigest()
    return f"{name} {digest[:8]}"


def _read(response: httpx.Response, deadline: float, largest: int) -> tuple[bytes, bool]:
    """The body as far as it came; the status has come whatever becomes of it."""
    body = b""
    try:
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > largest or time.monotonic() > deadline:
                return b"", False
    except Exception:  # noqa: BLE001
        return body, False
    return body, True


def _judge(error: Exception, *, has_begun: bool) -> Outcome:
    """Names the kind of failure only: an error's text can hold an address or a key."""
    detail = f"connection failed: {type(error).__name__}"
    if has_begun:
        return Outcome(OutcomeKind.UNKNOWN, detail=detail)
    is_wider = isinstance(error, _CAN_NOT_CONNECT)
    return _not_sent(detail, Scope.RUN if is_wider else Scope.DELIVERY)


def _not_sent(detail: str, scope: Scope) -> Outcome:
    return Outcome(OutcomeKind.NOT_SENT, detail=detail, scope=scope)


def _check_base_url(url: str, host: str) -> bool:
    """Whether it is a loopback address, as in tests."""
    parts = urlsplit(url)
    is_plain = not (parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc)
    is_the_provider = url.rstrip("/") == f"https://{host}"
    is_local = parts.scheme in ("http", "https") and is_loopback(parts.hostname or "")
    if not is_plain or not (is_the_provider or is_local):
        raise FixConfiguration(
            f"The address of the API isn't https://{host}",
            next_step="Leave it out: another host would get the messages and the key.",
        )
    return is_local
