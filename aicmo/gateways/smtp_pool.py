"""Hands a batch to several connections at once, in one thread that waits for all of them together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from math import inf
from selectors import DefaultSelector

from aicmo.gateways.contract import Outcome, OutcomeKind, Outgoing, Scope, StillAllowed
from aicmo.gateways.smtp_connection import LATE, SmtpConnection, Stage
from aicmo.gateways.smtp_letter import Envelopes, Letter, Sign
from aicmo.gateways.smtp_pace import Pace
from aicmo.gateways.smtp_queue import Queue
from aicmo.gateways.smtp_replies import StepRefused
from aicmo.gateways.smtp_session import SmtpSession, SmtpTimeouts
from aicmo.smtp_relay import SmtpRelay

OpenSession = Callable[[float], SmtpSession]
"""Opens a connection by a `time.monotonic()` value; raises `OSError` or `StepRefused`."""

_NOT_ALLOWED = Outcome(OutcomeKind.NOT_SENT, detail="no longer allowed")
_GOODBYE_SECONDS = 2.0


class SmtpPool:
    """The connections of one gateway; they outlive a batch."""

    def __init__(
        self, open_session: OpenSession, relay: SmtpRelay, timeouts: SmtpTimeouts,
        envelopes: Envelopes, sign: Sign | None,
    ) -> None:  # fmt: skip
        self._open_session, self._relay, self._timeouts = open_session, relay, timeouts
        self._envelopes, self._sign = envelopes, sign
        self._pace = Pace(relay)
        self._selector = DefaultSelector()
        self._connections: list[SmtpConnection] = []
        self._room = relay.connections
        self._has_grown = False
        self._queue = Queue(iter(()), self._pace, sign)

    def answer(self, letter: Letter, outcome: Outcome) -> None:
        self._queue.answer(letter, outcome)

    def put_back(self, letter: Letter) -> None:
        self._queue.put_back(letter)

    def send(
        self, batch: Iterable[Outgoing], still_allowed: StillAllowed
    ) -> Iterator[tuple[Outgoing, Outcome]]:
        """See `Gateway.send_batch`. Left early, it hangs up on what is under way."""
        queue = self._queue = Queue(iter(batch), self._pace, self._sign)
        try:
            while True:
                self._turn(still_allowed)
                if not queue.answers:
                    if self._is_finished():
                        break
                    self._wait()
                while queue.answers:
                    yield queue.answers.popleft()
            if ending := queue.ending:
                for outgoing in queue.rest():
                    yield outgoing, ending
        finally:
            for connection in self._connections:
                if connection.is_busy:
                    connection.close()

    def leave(self) -> None:
        """Says goodbye on every connection that is still open."""
        until = time.monotonic() + _GOODBYE_SECONDS
        for connection in self._open():
            connection.leave()
        while self._open() and time.monotonic() < until:
            self._attend(until)
        self.close()

    def close(self) -> None:
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        with suppress(OSError):
            self._selector.close()

    def _open(self) -> list[SmtpConnection]:
        self._connections = [each for each in self._connections if each.stage is not Stage.CLOSED]
        return self._connections

    def _is_finished(self) -> bool:
        is_busy = any(connection.is_busy for connection in self._connections)
        return not is_busy and (self._queue.ending is not None or self._queue.is_empty)

    def _turn(self, still_allowed: StillAllowed) -> None:
        """Gives out what may begin, and writes the dots of all that have come to theirs."""
        self._has_grown, self._queue.wakes_at = False, inf
        if self._queue.ending:
            self._end(self._queue.ending)
            return
        self._give_out()
        self._commit(still_allowed)

    def _end(self, ending: Outcome) -> None:
        """What isn't committed yet would fare as the others did."""
        self._queue.let_go(ending)
        for connection in self._open():
            connection.give_up(ending)

    def _give_out(self) -> None:
        for connection in self._open():
            if connection.stage is Stage.IDLE and not connection.is_busy:
                self._employ(connection)
        if len(self._open()) < self._room and not self._queue.answers:
            letter = self._queue.next_letter()
            if letter:
                self._grow_for(letter)

    def _employ(self, connection: SmtpConnection) -> None:
        if connection.taken >= self._relay.per_connection:
            connection.leave()
        elif not self._queue.answers and (letter := self._queue.next_letter()):
            self._begin(connection, letter)

    def _begin(self, connection: SmtpConnection, letter: Letter) -> None:
        if refused := letter.refused_by(connection.offered):
            self.answer(letter, refused)
        else:
            connection.begin(letter)

    def _grow_for(self, letter: Letter) -> None:
        """One more connection; where others work, it must not keep them waiting for long."""
        others = len(self._connections)
        patience = self._timeouts.connect if others else inf
        try:
            session = self._open_session(min(letter.deadline, time.monotonic() + patience))
            connection = SmtpConnection(
                session, self, self._envelopes, self._timeouts, self._selector
            )
        except (OSError, StepRefused) as error:
            if others:
                self._room = others
                self.put_back(letter)
            else:
                self.answer(letter, self._of_the_relay(error))
            return
        self._connections.append(connection)
        self._has_grown = True
        self._begin(connection, letter)

    def _of_the_relay(self, error: OSError | StepRefused) -> Outcome:
        """Before any delivery was named, a failure is about us or the relay, never about one."""
        if isinstance(error, StepRefused):
            return error.outcome
        relay = f"{self._relay.host}:{self._relay.port}"
        detail = f"{relay}: connection failed: {type(error).__name__}"
        return Outcome(OutcomeKind.NOT_SENT, detail=detail, scope=Scope.RUN)

    def _commit(self, still_allowed: StillAllowed) -> None:
        """Asks once for all that are at their dot, and looks at the clock again after the answer.

        What rides is pulled and signed before: between the answer and the dots nothing takes time.
        """
        asked = [each for each in self._connections if each.stage is Stage.DOT]
        asked = [each for each in asked if not self._gave_up_late(each)]
        if not asked:
            return
        riders = [self._rider(each) for each in asked]
        allowed = self._ask(still_allowed, asked)
        self._look_again()
        for connection, rider in zip(asked, riders, strict=True):
            if self._may_commit(connection, allowed):
                connection.commit(rider)
            elif rider:
                self.put_back(rider)

    def _may_commit(self, connection: SmtpConnection, allowed: set[int]) -> bool:
        letter = connection.opened
        if letter is None or self._gave_up_late(connection):
            return False
        if id(letter.outgoing) not in allowed:
            connection.give_up(_NOT_ALLOWED)
            # What stopped it may stop all: those that wait are asked about in another batch.
            self._queue.let_go()
            return False
        return True

    def _gave_up_late(self, connection: SmtpConnection) -> bool:
        is_late = connection.opened is not None and connection.opened.outgoing.is_late()
        if is_late:
            connection.give_up(LATE)
        return is_late

    def _ask(self, still_allowed: StillAllowed, asked: list[SmtpConnection]) -> set[int]:
        group = [each.opened.outgoing for each in asked if each.opened]
        try:
            return {id(outgoing) for outgoing in still_allowed(group)}
        except Exception:  # noqa: BLE001  (what can't be asked isn't allowed)
            return set()

    def _look_again(self) -> None:
        """A server that has spoken before the dot, or is gone, gets none."""
        for key, events in self._selector.select(0):
            if key.data.stage is Stage.DOT:
                key.data.attend(events)

    def _rider(self, connection: SmtpConnection) -> Letter | None:
        """The next letter, if its envelope may go in the write of this connection's dot."""
        can_carry = connection.offered.pipelining and not self._queue.is_doubtful
        if not can_carry or self._queue.answers or connection.taken >= self._relay.per_connection:
            return None
        letter = self._queue.next_letter()
        refused = letter.refused_by(connection.offered) if letter else None
        if letter and refused:
            self.answer(letter, refused)
            return None
        return letter

    def _wait(self) -> None:
        busy_until = min((each.due for each in self._connections), default=inf)
        self._attend(0.0 if self._has_grown else min(busy_until, self._queue.wakes_at))

    def _attend(self, until: float) -> None:
        """Reads and writes as soon as something can be, or at `until` lets go what is overdue."""
        timeout = None if until == inf else max(0.0, until - time.monotonic())
        for key, events in self._selector.select(timeout):
            key.data.attend(events)
        now = time.monotonic()
        for connection in self._connections:
            if connection.due <= now:
                connection.expire()
