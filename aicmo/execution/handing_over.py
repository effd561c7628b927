"""Hands an armed batch to a gateway, keeps its answers in the journal, and settles them together."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from aicmo.database import Database
from aicmo.execution.arming import Armed
from aicmo.execution.breaker import Breaker
from aicmo.execution.journal import Journal
from aicmo.execution.permission import Permission
from aicmo.execution.settling import settle
from aicmo.execution.states import Mover, State
from aicmo.execution.watchdog import Watchdog
from aicmo.gateways.contract import Gateway, Outcome, OutcomeKind, Outgoing, Scope

_SETTLE_EVERY_SECONDS = 1.0
_UNTOUCHED = Outcome(OutcomeKind.NOT_SENT, detail="the run was interrupted", scope=Scope.BATCH)
_IN_DOUBT = Outcome(OutcomeKind.UNKNOWN, detail="interrupted while it was being sent")

OnProgress = Callable[[State | None], None]
"""Called after every settled delivery with its new state."""


@dataclass
class _Batch:
    fence: int
    untouched: deque[Outgoing]
    in_hand: dict[int, Outgoing] = field(default_factory=dict[int, Outgoing])
    answers: dict[int, Outcome] = field(default_factory=dict[int, Outcome])
    settled_at: float = field(default_factory=time.monotonic)
    ending: Outcome | None = None


@dataclass(frozen=True)
class Wire:
    """A gateway with everything that watches over it."""

    database: Database
    mover: Callable[[], Mover]
    gateway: Gateway
    journal: Journal
    permission: Permission
    watchdog: Watchdog
    breaker: Breaker
    on_progress: OnProgress

    def send(self, armed: Armed) -> Outcome | None:
        """Transmits what is armed and settles it; returns the outcome that ended the run, if any.

        Raises:
            DBAPIError: the database doesn't answer; the journal keeps what was answered.
        """
        batch = _Batch(armed.fence, deque(armed.outgoing))
        try:
            one_by_one = self._one_by_one(batch)
            for outgoing, outcome in self.gateway.send_batch(one_by_one, self.permission):
                self._answered(batch, outgoing, outcome)
        finally:
            self.watchdog.stop()
            self._answer_the_rest(batch)
            self._settle(batch)
            self.journal.settled()
            self.permission.settled()
        return batch.ending

    def _one_by_one(self, batch: _Batch) -> Iterator[Outgoing]:
        while batch.untouched and not (self.permission.stopped_by or self.breaker.reason):
            # In two lists for a moment rather than in none: it may be interrupted in between.
            outgoing = batch.untouched[0]
            batch.in_hand[outgoing.delivery_id] = outgoing
            batch.untouched.popleft()
            self.watchdog.start()
            yield outgoing

    def _answered(self, batch: _Batch, outgoing: Outgoing, outcome: Outcome) -> None:
        if reason := self.permission.refused.get(outgoing.delivery_id):
            # Whatever a gateway makes of a refusal of ours: it was no try, and ends nothing.
            outcome = Outcome(OutcomeKind.NOT_SENT, detail=reason, scope=Scope.BATCH)
        self.journal.answer(outgoing.delivery_id, outcome)
        batch.answers[outgoing.delivery_id] = outcome
        del batch.in_hand[outgoing.delivery_id]
        self.watchdog.start() if batch.in_hand else self.watchdog.stop()
        batch.ending = batch.ending or (outcome if outcome.ends_run else None)
        self.breaker.note(outcome)
        if time.monotonic() - batch.settled_at > _SETTLE_EVERY_SECONDS:
            self._settle(batch)

    def _answer_the_rest(self, batch: _Batch) -> None:
        """What never got its last permission can't have gone out; what got it may have."""
        for outgoing in batch.untouched:
            batch.answers[outgoing.delivery_id] = _UNTOUCHED
        for delivery_id in batch.in_hand:
            begun = delivery_id in self.permission.begun
            if batch.answers.get(delivery_id) in (None, _UNTOUCHED):
                batch.answers[delivery_id] = _IN_DOUBT if begun else _UNTOUCHED
        batch.in_hand.clear()
        batch.untouched.clear()

    def _settle(self, batch: _Batch) -> None:
        moved = settle(self.database, self.mover(), batch.fence, batch.answers)
        for delivery_id in batch.answers:
            self.on_progress(moved.get(delivery_id))
        batch.answers.clear()
        batch.settled_at = time.monotonic()
