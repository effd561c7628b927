"""What every gateway promises: one transmission per call, and exactly one outcome.

A gateway can only be constructed with a `LivePermit`, which only `aicmo.execution.gate` issues, so
a preview has no way to a transport.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar


class OutcomeKind(StrEnum):
    """The seven outcomes of one transmission, and what each lets the engine do."""

    SENT = "sent"
    """The provider confirmed it."""
    NOT_SENT = "not_sent"
    """The provider can't have acted: refused or cut before the byte that commits."""
    REFUSED_FOR_NOW = "refused_for_now"
    """A definite refusal that may pass later (429, 4yz)."""
    REFUSED_ACCOUNT = "refused_account"
    """A definite refusal because of the account (401, 535): the account pauses, not the items."""
    REFUSED_FOR_GOOD = "refused_for_good"
    """A definite refusal of this content or recipient."""
    DUPLICATE = "duplicate"
    """The provider says that it already has this."""
    UNKNOWN = "unknown"
    """Bytes may have been acted on; anything unforeseen is this."""


class RepeatClass(StrEnum):
    """What may be done after a lost answer."""

    REPEAT_SAFE = "A"
    """Repeating with the same token has one effect."""
    READABLE = "B"
    """The provider can be asked afterwards."""
    BLIND = "C"
    """Neither: only late evidence or a person can tell."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a transmission of one gateway may take, in seconds.

    send_deadline: from arming to the byte that commits; past it, nothing may be written.
    request_bound: from that byte to the end of the attempt.
    quiet: from the beginning of a doubt until the provider's answer about it can be trusted; at
        least the request bound and then the provider's own lag until it shows what it has.
    staging: how long everything that is put up before arming may take for one delivery.
    """

    send_deadline: float
    request_bound: float
    quiet: float
    staging: float = 0


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `count` transmissions of an account in any span of `per`."""

    count: int
    per: timedelta


class Scope(StrEnum):
    """How far an outcome reaches: beyond the delivery, it isn't counted as a try of it."""

    DELIVERY = "delivery"
    """It is about this delivery."""
    BATCH = "batch"
    """The rest of the armed batch is let go untried (its deadline has passed)."""
    RUN = "run"
    """Nothing more can go out on this channel now (a pause, a relay that can't be reached)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one transmission.

    code: the provider's own code (`250`, `550 5.1.1`), without personal data or secrets.
    ref: the provider's reference, when it gave one.
    not_before: the earliest time for another try, when the provider named one. Where the scope is
        wider than the delivery, the whole account waits until then.
    suppress: the provider said that the recipient doesn't exist; no one should write there again.
    permalink: of a post, where it can be seen.
    shared: one answer to several deliveries of one request, which the breaker counts once.
    """

    kind: OutcomeKind
    code: str = ""
    detail: str = ""
    ref: str | None = None
    not_before: datetime | None = None
    suppress: bool = False
    scope: Scope = Scope.DELIVERY
    permalink: str = ""
    shared: bool = False

    @property
    def ends_batch(self) -> bool:
        """The others of the batch would fare the same, so they aren't tried."""
        return self.scope is not Scope.DELIVERY or self.ends_run

    @property
    def ends_run(self) -> bool:
        """Nothing more can go out on this channel in this run."""
        return self.scope is Scope.RUN or self.kind is OutcomeKind.REFUSED_ACCOUNT


@dataclass(frozen=True, slots=True)
class Attachment:
    """A picture or film of a post: the approved bytes, which are the ones that go out."""

    sha256: str
    media_type: str
    width: int
    height: int
    alt_text: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One armed delivery, ready for the wire.

    payload: the exact bytes approved and previewed. For email, CRLF line ends, not dot-stuffed.
    token: the same for every attempt of one delivery (Message-ID, Idempotency-Key, record key).
    deadline: `time.monotonic()` value after which no committing byte may be written.
    attachments: of a post: its media in their order, then the picture of its link.
    staged: what `Gateway.stage` gave.
    thread: references of the posts that it follows in its thread: the first one, …, the last one.
    """

    delivery_id: int
    token: str
    sender: str
    recipient: str
    payload: bytes
    deadline: float
    attachments: tuple[Attachment, ...] = ()
    staged: Mapping[str, Any] = field(default_factory=dict[str, Any], hash=False)
    thread: tuple[str, ...] = ()

    def is_late(self) -> bool:
        return time.monotonic() > self.deadline


StillAllowed = Callable[[Sequence[Outgoing]], Sequence[Outgoing]]
"""Asked once per delivery, directly before its committing byte; returns those that may go.

Deliveries whose committing bytes are written together are asked about together. Of one that isn't
returned, write nothing: NOT_SENT. That is about this delivery; what stops the others, such as a
pause, the engine sees to. One that is returned has begun: from then on, only an answer ends the doubt.
"""


class Found(StrEnum):
    """What a provider, asked about a doubt, says now."""

    PRESENT = "present"
    ABSENT = "absent"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class Reading:
    """A provider's answer about a doubt; `ref` is its reference when it has the delivery."""

    found: Found
    ref: str = ""
    detail: str = ""
    permalink: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A delivery in doubt, as a provider is asked about it.

    armed_at: when the first transmission that may have gone out was armed.
    payload: of a post, the bytes of the last transmission; b'' of anything else.
    staged: what `Gateway.stage` gave.
    taken: the references of the account's other deliveries: what belongs to them isn't this one.
    """

    delivery_id: int
    token: str
    recipient: str
    armed_at: datetime
    payload: bytes = b""
    staged: Mapping[str, Any] = field(default_factory=dict[str, Any])
    taken: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Staged:
    """What a delivery needs at the provider before it may go out; nobody sees any of it.

    values: plain JSON, kept with the delivery and given back to `stage`, `send` and `reconcile`.
    objection: why it can't go out now: any outcome but SENT, UNKNOWN and DUPLICATE.
    """

    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    objection: Outcome | None = None


class LivePermit:
    """Proof that the gate decided LIVE for one run and channel; only the gate makes it.

    may_send: False lets a gateway ask its provider about doubts, and nothing else.
    only_to: the one address that a test message may go to; '' for a run's deliveries.
    """

    __slots__ = ("channel", "may_send", "only_to", "run_id")

    def __init__(
        self, run_id: int, channel: str, *, key: object, may_send: bool = True, only_to: str = ""
    ) -> None:
        if key is not PERMIT_KEY:
            msg = "only aicmo.execution.gate issues a LivePermit"
            raise PermissionError(msg)
        self.run_id, self.channel, self.may_send = run_id, channel, may_send
        self.only_to = only_to


PERMIT_KEY = object()

NOT_PUT_UP, NOT_CHANGED = "can't be put up", "isn't changed in the CRM"
"""Begin the reason of what staging objects to: of a post, of a change."""


class Gateway(AbstractContextManager["Gateway"], ABC):
    """A provider's account, open for sending. Used as a context manager by one thread.

    name: at most 32 characters. A doubt is repeated by, and asked of, the gateway of the same name
        only; so where a provider's accounts know nothing of each other, the name tells them apart.
    token_lifetime: how long the provider takes a token for the same delivery (class A).
    limits: kept across all workers, by counting in the database.
    largest_batch: deliveries that are claimed together at most.
    not_staged: what can't be done with a delivery that staging objects to, in words.
    identity: the provider's own id of the account that is logged in; '' where nothing is pinned.
    """

    name: str
    channel: ClassVar[str]
    repeat_class: RepeatClass
    timing: Timing
    token_lifetime: timedelta | None = None
    limits: tuple[RateLimit, ...] = ()
    largest_batch: int = 1_000
    not_staged: ClassVar[str] = NOT_PUT_UP
    identity: str = ""

    def __init__(self, permit: LivePermit) -> None:
        if not isinstance(permit, LivePermit):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise PermissionError("a gateway needs a LivePermit")
        if getattr(permit, "channel", None) != self.channel:
            raise PermissionError(f"this permit is not for {self.channel}")
        self.permit = permit

    def stage(self, draft: Outgoing) -> Staged:
        """Puts up what a delivery needs, before it is armed; may be repeated, and never raises.

        draft: as it will be sent; its `staged` is what an earlier call gave, if any did.
        """
        return Staged(draft.staged)

    def stage_batch(self, drafts: Sequence[Outgoing]) -> dict[int, Staged]:
        """`stage` of deliveries of one item, by their ids."""
        return {each.delivery_id: self.stage(each) for each in drafts}

    @abstractmethod
    def send(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        """Transmits once and says what came of it; never raises, never repeats."""

    def send_batch(
        self, batch: Iterable[Outgoing], still_allowed: StillAllowed
    ) -> Iterator[tuple[Outgoing, Outcome]]:
        """Transmits an armed batch, yielding each answer as it comes, in any order.

        After an outcome that ends the batch, the others are NOT_SENT without being tried.

        Raises:
            PermissionError: the permit is for asking only.
        """
        if not self.permit.may_send:
            raise PermissionError("this gateway was opened to ask, not to send")
        ended: Outcome | None = None
        for outgoing in batch:
            outcome = ended or self._send_or_doubt(outgoing, still_allowed)
            yield outgoing, outcome
            if ended is None and outcome.ends_batch:
                scope = Scope.BATCH if outcome.scope is Scope.BATCH else Scope.RUN
                ended = Outcome(OutcomeKind.NOT_SENT, detail=outcome.detail, scope=scope)

    def reconcile(self, question: Question) -> Reading:
        """Asks the provider whether it has a delivery; changes nothing there.

        A gateway that can't ask (class C) keeps this answer.
        """
        del question
        return Reading(Found.CANNOT_TELL, detail=f"{self.name} can't be asked")

    def _send_or_doubt(self, outgoing: Outgoing, still_allowed: StillAllowed) -> Outcome:
        try:
            return self.send(outgoing, still_allowed)
        except Exception as error:  # noqa: BLE001  (an unforeseen failure proves nothing)
            return Outcome(OutcomeKind.UNKNOWN, code=type(error).__name__)


OpenGateway = Callable[[LivePermit], Gateway]
"""Builds a gateway from configuration or a block; the permit comes from the gate."""
