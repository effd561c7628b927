"""A scripted provider on loopback with many kinds of requests, one of which has the effect that counts.

The requests that act are met by the faults of `http_peer`, by their number among those requests; every
other one (who is logged in, uploads, reads, deletions) by faults of its own. What isn't shaped as the
provider documents it is refused, and noted in `misshapen`.
"""

from __future__ import annotations

import dataclasses
import threading
from abc import abstractmethod
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, ClassVar

from aicmo.gateways.contract import RepeatClass
from tests.peers.http_exchange import WORKS, Exchange, Fault, Request, read_request
from tests.peers.http_peer import HttpPeer
from tests.peers.routes import Call, Misshapen, Reply, Route

KEY = "canary-token-5f1e"


class RoutedPeer(HttpPeer):
    """One account of a provider.

    faults: by the number of the acting request, from 1; one at `connect` meets the next connection.
    other_faults: for each handler the faults that its first requests meet, one after the other; None
        among them works.
    identity: of the account whose token is `token`.
    expires_at: the number of the request (from 1) from which on the token is refused.
    visible_after: how long what was acted on isn't shown.
    """

    repeats: ClassVar[RepeatClass]
    routes: ClassVar[Sequence[Route]]

    def __init__(
        self,
        faults: Mapping[int | str, Fault] | None = None,
        *,
        other_faults: Mapping[str, Sequence[Fault | None]] | None = None,
        identity: str = "1001",
        token: str = KEY,
        expires_at: int = 0,
        visible_after: timedelta = timedelta(),
        **options: Any,
    ) -> None:
        super().__init__(self.repeats, faults, visible_after=visible_after, **options)
        self.other_faults = {name: list(each) for name, each in (other_faults or {}).items()}
        self.identity, self.token, self.expires_at = identity, token, expires_at
        self.seen: list[Request] = []
        self.misshapen: list[str] = []
        self.lock = threading.RLock()
        self._acting, self._calm = 0, 0

    @property
    def base_url(self) -> str:
        return "http://{}:{}".format(*self.address)

    def paths(self, method: str = "") -> list[str]:
        """What was asked for so far, whole requests only."""
        return [each.path for each in self.seen if method in ("", each.method)]

    @contextmanager
    def in_order(self) -> Generator[None]:
        """No acting request is expected here, so no fault at `connect` is met."""
        self._calm += 1
        try:
            yield
        finally:
            self._calm -= 1

    # What a provider's own peer says

    @abstractmethod
    def unauthorized(self) -> Reply:
        """The answer to a token that isn't valid."""

    @abstractmethod
    def bad_request(self, why: str) -> Reply:
        """The answer to what isn't shaped as documented."""

    # What a connection asks

    def fault_at_connect(self) -> Fault | None:
        with self.lock:
            fault = self.faults.get(self._acting + 1)
            if self._calm or fault is None or fault.at != "connect":
                return None
            self._acting += 1
            return fault

    def fault_of(self, route: Route) -> Fault | None:
        with self.lock:
            if route.acts:
                self._acting += 1
                return self.faults.get(self._acting)
            waiting = self.other_faults.get(route.handler)
            return waiting.pop(0) if waiting else None

    def find_route(self, request: Request) -> tuple[Route, dict[str, str]] | None:
        for route in self.routes:
            names = route.match(request)
            if names is not None:
                return route, names
        return None

    def answer(self, route: Route, call: Call) -> Reply:
        """Acts on a whole request."""
        with self.lock:
            expired = self.expires_at and len(self.seen) >= self.expires_at
            if not route.is_open and (expired or not self.knows(call.request)):
                return self.unauthorized()
            try:
                return getattr(self, route.handler)(call)
            except (Misshapen, ValueError, KeyError) as wrong:
                self.misshapen.append(f"{route.handler}: {wrong}")
                return self.bad_request(str(wrong))

    def knows(self, request: Request) -> bool:
        """The request is logged in."""
        return request.headers.get("authorization") == f"Bearer {self.token}"


class RoutedExchange(Exchange):
    """One connection: its route says whether it acts."""

    peer: RoutedPeer

    def run(self) -> None:
        self.fault = self.peer.fault_at_connect()
        if self._fault_at("connect"):
            return
        head, _, self.unread = self._read_until(lambda read: b"\r\n\r\n" in read).partition(
            b"\r\n\r\n"
        )
        request = read_request(head)
        found = self.peer.find_route(request)
        if found is None:
            self._strange(request)
            return
        route, names = found
        self.fault = self.peer.fault_of(route)
        if self._fault_at("head"):
            return
        self._serve(route, request, names)

    def _serve(self, route: Route, request: Request, names: Mapping[str, str]) -> None:
        length = int(request.headers.get("content-length", "0"))
        if length:
            self.unread = self._read_until(lambda read: len(read) > 0)
        if route.acts:
            self.peer.begun.append(request)
            self.peer.watch("head", request)
        if self._fault_at("body"):
            return
        body = self._read_until(lambda read: len(read) >= length)[:length]
        whole = dataclasses.replace(request, body=body)
        with self.peer.lock:
            self.peer.seen.append(whole)
        self._reply(route, whole, names)

    def _reply(self, route: Route, request: Request, names: Mapping[str, str]) -> None:
        fault = self.fault or WORKS
        if route.acts:
            self.peer.watch("body", request)
        self.peer.stopping.wait(fault.delay)
        reply = self.peer.answer(route, Call(request, names)) if fault.applies else Reply()
        if not route.acts:
            self._answer(reply.status, reply.content, headers=reply.headers)
            return
        self.peer.watch("applied", request)
        said = lambda: self.peer.watch("answer", request)  # noqa: E731
        self._answer(reply.status, reply.content, said, reply.headers)

    def _strange(self, request: Request) -> None:
        self.peer.misshapen.append(
            f"{request.method} {request.path} is no request of this provider"
        )
        reply = self.peer.bad_request("no such path")
        self._answer(reply.status, reply.content)


RoutedPeer.exchange = RoutedExchange
