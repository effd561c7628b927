"""A provider in memory that counts its effects, and gateways of each class to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar

from aicmo.gateways.contract import (
    Found,
    Gateway,
    LivePermit,
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
from tests.model.hand_clock import HandClock
from tests.model.stepped_worker import WAITS

DEADLINE, BOUND, LAG, MEMORY = 60, 600, 600, 3600
"""Seconds: to the committing byte, from there to the end, until it shows, and how long it is known."""


class Reply(StrEnum):
    """What the provider does with a request, and what its sender hears of it."""

    ACCEPTS = "accepts"
    ANSWER_IS_LOST = "accepts, but the answer is lost"
    REQUEST_IS_LOST = "the connection breaks; the request may still be on its way"
    ALREADY_THERE = "says that it has it already"
    REFUSES_FOR_NOW = "refuses for now"
    REFUSES_FOR_GOOD = "refuses for good"
    REFUSES_ADDRESS = "says that the address doesn't exist"
    REFUSES_ACCOUNT = "refuses the account"
    TOO_MANY = "says that it is too much"


@dataclass(eq=False)
class Request:
    """A request whose committing byte has gone; until `BOUND` it may take effect."""

    token: str
    sent_at: float
    is_awaited: bool = True


class Provider:
    """effects: how many there are, by token."""

    def __init__(self, clock: HandClock, *, knows_tokens: bool) -> None:
        self.clock, self.effects = clock, Counter[str]()
        self._knows_tokens = knows_tokens
        self._index_is_down_until = 0.0
        self._on_their_way: list[Request] = []
        self._first_effect: dict[str, float] = {}

    def receive(self, token: str) -> Request:
        request = Request(token, self.clock.monotonic())
        self._on_their_way.append(request)
        return request

    def on_their_way(self, token: str | None = None) -> list[Request]:
        """What may still take effect; nobody waits longer for it than `BOUND`."""
        self._on_their_way = [each for each in self._on_their_way if not self.is_over(each)]
        return [each for each in self._on_their_way if token in (None, each.token)]

    def stray(self) -> list[Request]:
        """What may still take effect, although nobody waits for an answer any more."""
        return [each for each in self.on_their_way() if not each.is_awaited]

    def is_over(self, request: Request) -> bool:
        return self.clock.monotonic() > request.sent_at + BOUND

    def drop(self, request: Request) -> None:
        if request in self._on_their_way:
            self._on_their_way.remove(request)

    def act(self, request: Request) -> None:
        """Takes effect, but once only for a token that it still knows."""
        self.drop(request)
        now = self.clock.monotonic()
        if self._knows_tokens and now - self._first_effect.get(request.token, -MEMORY) < MEMORY:
            return
        self._first_effect[request.token] = now
        self.effects[request.token] += 1

    def hide_all(self, seconds: float) -> None:
        """Its index is down: whoever asks is told that nothing is there."""
        self._index_is_down_until = self.clock.monotonic() + seconds

    def look_up(self, token: str) -> Reading:
        now = self.clock.monotonic()
        shows = now - self._first_effect.get(token, now) >= LAG and now >= self._index_is_down_until
        return Reading(Found.PRESENT, f"ref-{token}") if shows else Reading(Found.ABSENT)


class ScriptedGateway(Gateway):
    """stop: where it waits for what the test decides; checked: told when it may send."""

    channel: ClassVar[str] = "email"
    timing = Timing(send_deadline=DEADLINE, request_bound=BOUND, quiet=BOUND + LAG + 40)

    def __init__(
        self,
        permit: LivePermit,
        provider: Provider,
        stop: Callable[[str], Any],
        checked: Callable[[Outgoing], None],
    ) -> None:
        super().__init__(permit)
        self.provider, self._stop, self._checked = provider, stop, checked

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def send(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        self._stop("connects")
        if not still_allowed([outgoing]):
            return Outcome(OutcomeKind.NOT_SENT, detail="no longer allowed")
        self._checked(outgoing)
        self._stop("is allowed")
        if outgoing.is_late():
            return Outcome(OutcomeKind.NOT_SENT, detail="past its deadline", scope=Scope.BATCH)
        request = self.provider.receive(outgoing.token)
        try:
            reply = self._stop(WAITS)
        finally:
            request.is_awaited = False
        return self._outcome(request, reply or Reply.ACCEPTS)

    def _outcome(self, request: Request, reply: Reply) -> Outcome:
        if self.provider.is_over(request) or reply is Reply.REQUEST_IS_LOST:
            return Outcome(OutcomeKind.UNKNOWN, detail="no answer")
        if reply in (Reply.ACCEPTS, Reply.ANSWER_IS_LOST):
            self.provider.act(request)
            if reply is Reply.ANSWER_IS_LOST:
                return Outcome(OutcomeKind.UNKNOWN, detail="no answer")
            return Outcome(OutcomeKind.SENT, "250", ref=f"ref-{request.token}")
        self.provider.drop(request)
        if reply is Reply.ALREADY_THERE and self.provider.effects[request.token]:
            return Outcome(OutcomeKind.DUPLICATE, "409", ref=f"ref-{request.token}")
        return self._refused(reply)

    def _refused(self, reply: Reply) -> Outcome:
        match reply:
            case Reply.REFUSES_FOR_GOOD:
                return Outcome(OutcomeKind.REFUSED_FOR_GOOD, "422")
            case Reply.REFUSES_ADDRESS:
                return Outcome(OutcomeKind.REFUSED_FOR_GOOD, "550", suppress=True)
            case Reply.REFUSES_ACCOUNT:
                return Outcome(OutcomeKind.REFUSED_ACCOUNT, "401")
            case Reply.TOO_MANY:
                again = self.provider.clock.wall + timedelta(minutes=10)
                return Outcome(
                    OutcomeKind.REFUSED_FOR_NOW, "429", not_before=again, scope=Scope.RUN
                )
            case _:
                return Outcome(OutcomeKind.REFUSED_FOR_NOW, "503")


class TokenGateway(ScriptedGateway):
    """Class A: the provider knows a token again, for as long as it keeps it."""

    name: ClassVar[str] = "token"
    repeat_class: ClassVar[RepeatClass] = RepeatClass.REPEAT_SAFE
    token_lifetime = timedelta(seconds=MEMORY)


class SearchableGateway(ScriptedGateway):
    """Class B: the provider can be asked, and shows what it has after a while."""

    name: ClassVar[str] = "searchable"
    repeat_class: ClassVar[RepeatClass] = RepeatClass.READABLE

    def reconcile(self, question: Question) -> Reading:
        self._stop("asks")
        reading = self.provider.look_up(question.token)
        self._stop("was told")
        return reading


class BlindGateway(ScriptedGateway):
    """Class C: neither."""

    name: ClassVar[str] = "blind"
    repeat_class: ClassVar[RepeatClass] = RepeatClass.BLIND


GATEWAYS = {each.repeat_class: each for each in (TokenGateway, SearchableGateway, BlindGateway)}
