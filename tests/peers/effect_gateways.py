"""Gateways to the scripted provider of `http_peer`: one for each thing a provider may allow.

The first byte of the body is what commits: without a body the provider has nothing to act on. It is
written alone, after everything else is ready and the delivery is allowed once more.
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, ClassVar

from aicmo.gateways.contract import (
    Found,
    Gateway,
    LivePermit,
    OpenGateway,
    Outcome,
    OutcomeKind,
    Outgoing,
    Question,
    Reading,
    RepeatClass,
    Scope,
    StillAllowed,
    Timing,
)

Address = tuple[str, int]
Clock = Callable[[], datetime]
_LARGEST_ANSWER = 65536
_REFUSED_FOR_GOOD = frozenset({301, 302, 307, 308, 400, 403, 404, 405, 410, 413, 415, 422, 426})


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    ref: str


class EffectGateway(Gateway):
    """Speaks to the peer at `address`.

    answer_seconds: how long the whole answer may take.
    client: the User-Agent, by which a peer tells workers apart.
    clock: what a time to come back is counted from.
    """

    channel: ClassVar[str] = "email"
    timing = Timing(send_deadline=5, request_bound=5, quiet=60)

    def __init__(
        self,
        permit: LivePermit,
        address: Address,
        *,
        answer_seconds: float = 2.0,
        client: str = "test",
        clock: Clock = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(permit)
        self._address, self._answer_seconds = address, answer_seconds
        self._client, self._clock = client, clock

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Nothing stays open between two requests."""

    def send(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        """One request for one delivery; see `Gateway.send`."""
        try:
            connection = connect(self._address, outgoing.deadline - time.monotonic())
        except (OSError, ValueError) as error:
            return _not_sent(f"can't connect: {type(error).__name__}", Scope.RUN)
        with connection:
            refused = self._bring_to_the_body(connection, outgoing, still_allowed)
            return refused or self._commit(connection, outgoing)

    def _bring_to_the_body(
        self, connection: socket.socket, outgoing: Outgoing, still_allowed: StillAllowed
    ) -> Outcome | None:
        """Everything up to the committing byte; an outcome if it must not be written."""
        head = {
            "Idempotency-Key": outgoing.token,
            "Recipient": outgoing.recipient,
            "Content-Length": str(len(outgoing.payload)),
        }
        try:
            write_head(connection, self._head("POST /messages", head))
            is_allowed = bool(still_allowed([outgoing]))
        except Exception as error:  # noqa: BLE001  (no body was begun, so there is nothing to act on)
            return _not_sent(f"failed before its body: {type(error).__name__}")
        if outgoing.is_late():
            return _not_sent("past its deadline", Scope.BATCH)
        return None if is_allowed else _not_sent("no longer allowed", Scope.DELIVERY)

    def _commit(self, connection: socket.socket, outgoing: Outgoing) -> Outcome:
        try:
            write_first_byte(connection, outgoing.payload)
            write_rest(connection, outgoing.payload)
            answer = read_answer(connection, self._answer_seconds)
        except (OSError, ValueError) as error:
            return Outcome(OutcomeKind.UNKNOWN, detail=f"no whole answer: {type(error).__name__}")
        return _outcome(answer, self._clock())

    def _head(self, first: str, fields: dict[str, str]) -> bytes:
        every = {
            "Host": "provider.test",
            "User-Agent": self._client,
            "Connection": "close",
        } | fields
        lines = [f"{first} HTTP/1.1", *(f"{name}: {value}" for name, value in every.items())]
        return "\r\n".join([*lines, "", ""]).encode()


class TokenGateway(EffectGateway):
    """Class A: the provider knows a token again, for as long as it keeps it."""

    name: ClassVar[str] = "token"
    repeat_class: ClassVar[RepeatClass] = RepeatClass.REPEAT_SAFE
    token_lifetime = timedelta(hours=1)


class SearchableGateway(EffectGateway):
    """Class B: the provider can be asked for a token."""

    name: ClassVar[str] = "searchable"
    repeat_class: ClassVar[RepeatClass] = RepeatClass.READABLE

    def reconcile(self, question: Question) -> Reading:
        """Looks the token up."""
        try:
            with connect(self._address, self._answer_seconds) as connection:
                write_head(connection, self._head(f"GET /messages/{question.token}", {}))
                answer = read_answer(connection, self._answer_seconds)
        except (OSError, ValueError) as error:
            return Reading(Found.CANNOT_TELL, detail=type(error).__name__)
        if answer.status == 200 and answer.ref:
            return Reading(Found.PRESENT, answer.ref)
        if answer.status == 404:
            return Reading(Found.ABSENT)
        return Reading(Found.CANNOT_TELL, detail=str(answer.status))


class BlindGateway(EffectGateway):
    """Class C: after a lost answer, only a person can tell."""

    name: ClassVar[str] = "blind"
    repeat_class: ClassVar[RepeatClass] = RepeatClass.BLIND


GATEWAYS: dict[RepeatClass, type[EffectGateway]] = {
    each.repeat_class: each for each in (TokenGateway, SearchableGateway, BlindGateway)
}


def open_effect_gateway(repeat_class: RepeatClass, address: Address, **options: Any) -> OpenGateway:
    """What the engine calls with its permit to open the gateway of that class."""
    return lambda permit: GATEWAYS[repeat_class](permit, address, **options)


def connect(address: Address, seconds: float) -> socket.socket:
    """Raises ValueError when no time is left."""
    if seconds <= 0:
        raise ValueError
    return socket.create_connection(address, timeout=seconds)


def write_head(connection: socket.socket, head: bytes) -> None:
    connection.sendall(head)


def write_first_byte(connection: socket.socket, payload: bytes) -> None:
    connection.sendall(payload[:1])


def write_rest(connection: socket.socket, payload: bytes) -> None:
    connection.sendall(payload[1:])


def read_answer(connection: socket.socket, seconds: float) -> Answer:
    """One whole answer within `seconds`, however slowly its bytes come.

    Raises:
        OSError: it didn't come, or was cut.
        ValueError: it isn't HTTP, or is too large.
    """
    deadline, unread = time.monotonic() + seconds, b""
    while b"\r\n\r\n" not in unread:
        unread += _receive(connection, deadline, unread)
    head, _, body = unread.partition(b"\r\n\r\n")
    first, *lines = head.decode("ascii").split("\r\n")
    version, status, *_ = first.split(" ")
    if version != "HTTP/1.1":
        raise ValueError
    pairs = (line.partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    length = int(headers["content-length"]) if "content-length" in headers else 0
    while len(body) < length:
        body += _receive(connection, deadline, body)
    return Answer(int(status), headers, str(json.loads(body[:length]).get("id", "")))


def _receive(connection: socket.socket, deadline: float, so_far: bytes) -> bytes:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    if len(so_far) > _LARGEST_ANSWER:
        raise ValueError
    connection.settimeout(left)
    received = connection.recv(4096)
    if not received:
        raise ConnectionError
    return received


def _outcome(answer: Answer, now: datetime) -> Outcome:
    """What a whole answer says; a 5xx and a 408 come after an effect, too, so they prove nothing."""
    status, code = answer.status, str(answer.status)
    if status == 200 and answer.ref:
        return Outcome(OutcomeKind.SENT, code=code, ref=answer.ref)
    if status == 401:
        return Outcome(OutcomeKind.REFUSED_ACCOUNT, code=code)
    if status == 409:
        return Outcome(OutcomeKind.DUPLICATE, code=code, ref=answer.ref or None)
    if status == 429:
        until = _retry_after(answer.headers.get("retry-after", ""), now)
        return Outcome(OutcomeKind.REFUSED_FOR_NOW, code=code, not_before=until, scope=Scope.RUN)
    if status in _REFUSED_FOR_GOOD:
        return Outcome(OutcomeKind.REFUSED_FOR_GOOD, code=code)
    return Outcome(OutcomeKind.UNKNOWN, code=code)


def _retry_after(seconds: str, now: datetime) -> datetime | None:
    if not seconds.isdigit():
        return None
    return now + timedelta(seconds=min(int(seconds), 86400))


def _not_sent(detail: str, scope: Scope = Scope.DELIVERY) -> Outcome:
    return Outcome(OutcomeKind.NOT_SENT, detail=detail, scope=scope)
